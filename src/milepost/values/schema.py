"""The schema of a phase's value: what its function says that it returns.

Where nothing is said, plain JSON values are kept, arrays and tables by their own codecs.
Annotations made of ``None``, ``bool``, ``int``, ``float``, ``str``, lists, dictionaries
with text keys, ``TypedDict``, ``Literal`` of plain values, ``Any`` and unions of them
need no pydantic: the plain rule restores such a value exactly, so nothing is validated
and the annotation counts only as a schema that can change. ``bytes`` and arrays stand
alone or in a union with those. All others are restored by pydantic 2.
"""

import functools
import inspect
import sys
import types
import typing
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from milepost.canonical import digest_plain
from milepost.values import annotation as annotations
from milepost.values.errors import UnrestorableAnnotationError

if TYPE_CHECKING:
    from milepost.values.typed import Adapter

UNSET: Final = ...
_GENERATOR_CURE: Final = (
    "Return a list, made inside: return [line for line in source]; or wrap it:\n"
    '    phase("lines", lambda: list(read_lines(path)))'
)
_NO_ANNOTATION: Final = object()


@dataclass(frozen=True)
class Schema:
    """What the values of a phase look like.

    Attributes:
        annotation: The annotation, resolved.
        hash: The hash of what it says, equal in every process; 64 hex digits.
        text: The annotation as people write it.
        unordered: Whether such a value can hold a set.
        binary: Whether such a value can be bytes or an array.
        adapter: Writes and reads such values; None where the plain rule holds.
    """

    annotation: Any
    hash: str
    text: str
    unordered: bool = False
    binary: bool = False
    adapter: "Adapter | None" = field(default=None, compare=False, repr=False)


def schema_of(fn: Callable[..., object], returns: object = UNSET) -> Schema | None:
    """Find the schema of what a function returns, before it is called.

    Args:
        fn: A function, method, ``partial``, callable object, or a class whose
            instances are the value.
        returns: The type of the value, which comes before the annotation; ``...``
            where it is left out.

    Returns:
        The schema, or None where nothing is said: plain JSON values are kept then.

    Raises:
        UnrestorableAnnotationError: No value of that type can be restored, or pydantic
            2 is needed for it and not installed.
    """
    inner = _innermost(fn)
    if inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner):
        name = getattr(inner, "__qualname__", repr(inner))
        reason = f"{name} yields: what it gives can be read only once"
        raise UnrestorableAnnotationError("generator", reason, _GENERATOR_CURE)
    said = returns if returns is not UNSET else _said(inner)
    if said is _NO_ANNOTATION:
        return None
    resolved = _resolve(said, inner)
    if returns is UNSET and not inspect.iscoroutinefunction(inner):
        resolved = _awaited(resolved)
    return make_schema(_own_class(resolved, fn))


def make_schema(annotation: Any) -> Schema | None:
    """Make the schema of an annotation whose names are resolved.

    Raises:
        UnrestorableAnnotationError: As for ``schema_of``.
    """
    if annotations.is_among(annotation, (Any, object, Awaitable, Coroutine)):
        return None
    walk = annotations.Walk()
    described = walk.describe(annotation)
    text = annotations.readable(annotation)
    return Schema(
        annotation=annotation,
        hash=digest_plain(["schema", described]),
        text=text,
        unordered=walk.unordered,
        binary=walk.binary,
        adapter=_adapter(annotation, text) if walk.typed else None,
    )


def _adapter(annotation: Any, text: str) -> "Adapter":
    from milepost.values.typed import Adapter  # noqa: PLC0415 - only where types are said

    return Adapter(annotation, text)


def _innermost(fn: Any) -> Any:
    """Give what holds the annotation: through ``partial`` and callable objects."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    if isinstance(fn, type | types.GenericAlias) or _is_function(fn):
        return fn
    # functools.wraps and lru_cache copy the annotations onto the object itself.
    if "__wrapped__" in getattr(fn, "__dict__", ()):
        return fn
    called = inspect.getattr_static(type(fn), "__call__", None)
    return called if _is_function(called) else fn


def _is_function(fn: object) -> bool:
    return isinstance(fn, types.FunctionType | types.MethodType | types.BuiltinFunctionType)


def _said(fn: Any) -> Any:
    if isinstance(fn, type | types.GenericAlias):
        return fn
    found: Any = _annotations(fn)
    if not isinstance(found, dict):
        return _NO_ANNOTATION
    return found.get("return", _NO_ANNOTATION)


def _annotations(fn: Any) -> Any:
    if sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415 - Python 3.14 brings it

        with suppress(TypeError):
            return annotationlib.get_annotations(fn, format=annotationlib.Format.FORWARDREF)
    return getattr(fn, "__annotations__", None)


def _resolve(said: Any, fn: Any) -> Any:
    """Look up the names in an annotation as the function itself would."""
    innermost = inspect.unwrap(fn) if callable(fn) else fn
    holder = types.SimpleNamespace(__annotations__={"return": said})
    names = dict(_names_around(innermost))
    scope = getattr(innermost, "__globals__", {})
    try:
        return typing.get_type_hints(holder, scope, names, include_extras=True)["return"]
    except (NameError, AttributeError, TypeError, ValueError, SyntaxError) as error:
        text = said if isinstance(said, str) else annotations.readable(said)
        raise annotations.unresolvable(text, f"it cannot be resolved: {error}") from None


def _names_around(fn: Any) -> Iterator[tuple[str, Any]]:
    code = getattr(fn, "__code__", None)
    for name, cell in zip(
        getattr(code, "co_freevars", ()),
        getattr(fn, "__closure__", None) or (),
        strict=False,
    ):
        with suppress(ValueError):  # a name that is not bound yet
            yield name, cell.cell_contents
    for parameter in getattr(fn, "__type_params__", ()):
        yield parameter.__name__, parameter


def _awaited(annotation: Any) -> Any:
    """Give the type of the result of what a plain function returns to be awaited."""
    origin = typing.get_origin(annotation) or annotation
    arguments = typing.get_args(annotation)
    if isinstance(origin, type) and arguments and issubclass(origin, Awaitable):
        return arguments[-1]
    return annotation


def _own_class(annotation: Any, fn: Any) -> Any:
    """Give the class for ``Self``, where it is the whole annotation of a method."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    owner = getattr(fn, "__self__", None)
    if annotation is not typing.Self or owner is None:
        return annotation
    return owner if isinstance(owner, type) else type(owner)
