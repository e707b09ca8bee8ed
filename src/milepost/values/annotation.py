"""A walk over an annotation: what it says, and whether a value can come back from it.

The description is plain JSON made of names, types, defaults and constraints. It holds
nothing that pydantic computes, so that another version of it gives the same hash.
"""

import collections
import collections.abc
import enum
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Final

from milepost.canonical import Plain
from milepost.values import arrays, models
from milepost.values.errors import PATTERN, UnrestorableAnnotationError

_ATOMS: Final = (bool, int, float, str, types.NoneType)
_ANYTHING: Final = (Any, object, collections.abc.Hashable, typing.Hashable)
_KEYED: Final = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_PLAIN: Final = (
    *_KEYED,
    list,
    collections.abc.Sequence,
    collections.abc.MutableSequence,
    collections.abc.Collection,
    collections.abc.Iterable,
)
_SETS: Final = (set, frozenset, collections.abc.Set)
_TYPED: Final = (
    *_SETS,
    collections.abc.MutableSet,
    tuple,
    collections.deque,
    collections.defaultdict,
    collections.OrderedDict,
    collections.Counter,
)
# pydantic takes these, and gives back something else or nothing.
_STREAMS: Final = (collections.abc.Iterator, collections.abc.AsyncIterable)
_LIVE: Final = (
    *_STREAMS,
    type,
    types.ModuleType,
    collections.abc.Callable,
    collections.abc.Awaitable,
    collections.abc.Coroutine,
)
_NAMED: Final = (typing.LiteralString, typing.NoReturn, typing.Never)
_WRAPPERS: Final = ("ClassVar", "Final", "Required", "NotRequired", "ReadOnly")
_LIST_CURE: Final = "Return a list: def fn(...) -> list[str], made with list(...)."
_SPLIT_CURE: Final = "Return the array or the bytes alone, and the rest from another phase."
_MODULE_CURE: Final = (
    "Define or import the name at the top level of the function's module, outside\n"
    "`if TYPE_CHECKING:`; or say the type: phase.with_options(returns=TYPE)(name, fn)"
)


def readable(annotation: object) -> str:
    """Give an annotation as people write it."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__qualname__.replace("NoneType", "None")
    return repr(annotation).replace("typing.", "").replace("collections.abc.", "")


def unresolvable(text: str, reason: str) -> UnrestorableAnnotationError:
    """Give the refusal of an annotation that holds a name nobody can look up."""
    return UnrestorableAnnotationError(text, reason, _MODULE_CURE)


def is_among(one: object, many: tuple[object, ...]) -> bool:
    """Tell whether an object is one of several, whatever its ``==`` does."""
    return any(one is each for each in many)


class Walk:
    """One walk over one annotation.

    Attributes:
        typed: Whether pydantic is needed to restore such a value.
        unordered: Whether it can hold a set, whose order differs between processes.
        binary: Whether it names an array or bytes as the whole value.
    """

    def __init__(self) -> None:
        self.typed = self.unordered = self.binary = False
        self.once = False
        self.known: dict[int, tuple[object, str]] = {}
        self.inside = 0
        self.top: object = None

    def describe(self, annotation: object) -> Plain:
        """Describe an annotation.

        Raises:
            UnrestorableAnnotationError: A value cannot come back from it.
        """
        self.top = annotation
        described = self._any(annotation, whole=True)
        if self.typed and self.binary:
            raise self._refuse("it holds an array or bytes beside others", _SPLIT_CURE)
        if self.typed and self.once:
            raise self._refuse("an Iterable can be read only once", _LIST_CURE)
        return described

    def _any(self, annotation: Any, *, whole: bool = False) -> Plain:
        """Describe an annotation; only for the whole value can it be an array."""
        origin = typing.get_origin(annotation)
        if annotation is None or is_among(annotation, _ATOMS):
            return readable(annotation)
        if is_among(annotation, _ANYTHING):
            return "Any"
        if arrays.is_array_type(origin or annotation) or (whole and annotation is bytes):
            return self._binary(annotation, whole=whole)
        if origin is not None:
            return self._generic(annotation, origin, whole=whole)
        if isinstance(annotation, type):
            return self._class(annotation)
        return self._form(annotation)

    def _binary(self, annotation: Any, *, whole: bool) -> Plain:
        if not whole:
            reason = f"{readable(annotation)} stands inside another type"
            raise self._refuse(reason, _SPLIT_CURE)
        self.binary = True
        arrays.check_annotation(annotation, readable(annotation))
        return arrays.describe(annotation)

    def _generic(self, annotation: Any, origin: Any, *, whole: bool) -> Plain:
        arguments = typing.get_args(annotation)
        if origin in (typing.Union, types.UnionType):
            return ["union", *(self._any(each, whole=whole) for each in arguments)]
        if origin is typing.Annotated:
            inner = self._any(annotation.__origin__, whole=whole)
            return ["annotated", inner, *models.constraints(annotation.__metadata__)]
        if origin is typing.Literal:
            self.typed |= any(isinstance(each, enum.Enum | bytes) for each in arguments)
            return ["literal", *(models.default(each) for each in arguments)]
        if getattr(origin, "_name", None) in _WRAPPERS:
            return self._any(arguments[0])
        return self._container(origin, arguments)

    def _container(self, origin: Any, arguments: tuple[Any, ...]) -> Plain:
        if is_among(origin, _KEYED) and arguments and not _is_text(arguments[0]):
            self.typed = True
        described = self._any(origin)
        if not arguments:
            return described
        marks = (Ellipsis, ())
        inner = [self._any(each) for each in arguments if not is_among(each, marks)]
        return ["of", described, len(arguments), *inner]

    def _form(self, annotation: Any) -> Plain:
        """Describe what is neither a class nor has arguments."""
        if isinstance(annotation, typing.NewType):
            return ["new", annotation.__name__, self._any(annotation.__supertype__)]
        if isinstance(annotation, typing.TypeVar):
            bound = annotation.__constraints__ or (annotation.__bound__ or Any,)
            return ["variable", *(self._any(each) for each in bound)]
        if type(annotation).__name__ == "TypeAliasType":
            return self._named(annotation, lambda: self._any(annotation.__value__))
        if isinstance(annotation, str | typing.ForwardRef):
            name = getattr(annotation, "__forward_arg__", annotation)
            raise unresolvable(readable(self.top), f"the name {name!r} cannot be resolved")
        if annotation is typing.Self and self.inside:
            return "Self"
        if is_among(annotation, _NAMED):
            return readable(annotation)
        raise self._refuse(f"{readable(annotation)} does not say what the value is")

    def _class(self, kind: type) -> Plain:
        if is_among(kind, _PLAIN) or typing.is_typeddict(kind):
            self.once |= kind is collections.abc.Iterable
        elif is_among(kind, _LIVE) or issubclass(kind, _STREAMS):
            cure = _LIST_CURE if issubclass(kind, _STREAMS) else PATTERN
            raise self._refuse(f"{readable(kind)} is live: it lives in one process", cure)
        else:
            self.typed = True
            self.unordered |= issubclass(kind, _SETS)
            if not is_among(kind, _TYPED):
                models.check_known(kind, readable(self.top))
        return self._named(kind, lambda: self._members(kind))

    def _named(self, kind: Any, make: Callable[[], Plain]) -> Plain:
        """Describe a class or an alias at its first mention and name it at the others."""
        name = f"{kind.__module__}.{getattr(kind, '__qualname__', kind.__name__)}"
        if id(kind) in self.known:
            return ["again", name]
        self.known[id(kind)] = (kind, name)
        self.inside += 1
        described = make()
        self.inside -= 1
        return [name, described] if described else name

    def _members(self, kind: type) -> Plain:
        if issubclass(kind, enum.Enum):
            named = kind.__members__.items()
            return [[name, models.default(member.value)] for name, member in named]
        found = [
            [each.name, self._any(each.annotation), each.rest]
            for each in self._fields(kind)
        ]
        return [*found, *models.config(kind)]

    def _fields(self, kind: type) -> Iterator[models.Field]:
        try:
            yield from models.fields(kind)
        except (NameError, TypeError, AttributeError, SyntaxError) as error:
            reason = f"a field of {readable(kind)} cannot be resolved: {error}"
            raise unresolvable(readable(self.top), reason) from None

    def _refuse(self, reason: str, cure: str = PATTERN) -> UnrestorableAnnotationError:
        return UnrestorableAnnotationError(readable(self.top), reason, cure)


def _is_text(key: Any) -> bool:
    """Tell whether the keys of a dictionary are text, as in JSON."""
    if typing.get_origin(key) is typing.Literal:
        return all(type(each) is str for each in typing.get_args(key))
    if typing.get_origin(key) is typing.Annotated:
        return _is_text(key.__origin__)
    if isinstance(key, typing.NewType):
        return _is_text(key.__supertype__)
    return key is str or is_among(key, _ANYTHING) or isinstance(key, typing.TypeVar)
