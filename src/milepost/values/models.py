"""The classes that an annotation names: their fields, defaults and constraints."""

import dataclasses
import sys
import types
import typing
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, Final

from milepost.canonical import Plain, digest
from milepost.values.errors import TYPED_EXTRA, UnrestorableAnnotationError

# What pydantic's field holds besides its type, default and constraints; no texts.
_FIELD_PARTS: Final = (
    "alias",
    "validation_alias",
    "serialization_alias",
    "discriminator",
    "exclude",
)
_CONFIG_TEXTS: Final = frozenset({"title", "json_schema_extra", "use_attribute_docstrings"})
_WITHOUT_PYDANTIC: Final = "pydantic 2 restores such values, and it is not installed"
_RECORD_CURE: Final = (
    "Make it a dataclass or a pydantic model of plain values and return that;\n"
    "or return the name, open it on the next line:\n"
    '    name = phase("cluster", create, config)   # create returns a str\n'
    "    cluster = Cluster(name)                   # in every run"
)


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a class.

    Attributes:
        name: Its name.
        annotation: Its type, resolved.
        rest: Its default and constraints, described.
    """

    name: str
    annotation: Any
    rest: Plain = None


def pydantic_2() -> Any:
    """Give the module pydantic where version 2 or later is installed, else None."""
    try:
        import pydantic  # noqa: PLC0415 - a user may have none, and it takes 0.1 s
    except ImportError:
        return None
    return pydantic if not str(pydantic.VERSION).startswith(("0.", "1.")) else None


def check_known(kind: type, text: str) -> None:
    """Make sure that pydantic can restore the instances of a class.

    Args:
        kind: The class.
        text: The whole annotation, readable.

    Raises:
        UnrestorableAnnotationError: It cannot, or is not installed.
    """
    pydantic, old = pydantic_2(), is_version_1(kind)
    if pydantic is None and (old or is_record(kind) or _is_standard(kind)):
        raise without_pydantic(text)
    if old:
        reason = f"{kind.__qualname__} is a model of pydantic 1"
        cure = "Derive it from pydantic's own BaseModel: `from pydantic import BaseModel`."
        raise UnrestorableAnnotationError(text, reason, cure)
    if pydantic is None or not (is_record(kind) or _is_possible(pydantic, kind)):
        reason = f"{kind.__qualname__} is live: no codec can write what it holds"
        raise UnrestorableAnnotationError(text, reason, _RECORD_CURE)


def without_pydantic(text: str) -> UnrestorableAnnotationError:
    """Give the refusal of a type that needs pydantic where there is none."""
    cure = (
        f"Install it: {TYPED_EXTRA}\nOr annotate and return plain values: -> dict[str, Any]"
    )
    return UnrestorableAnnotationError(text, _WITHOUT_PYDANTIC, cure)


def is_record(kind: type) -> bool:
    """Tell whether a class is one of fields or of members."""
    return (
        dataclasses.is_dataclass(kind)
        or issubclass(kind, Enum)
        or typing.is_typeddict(kind)
        or hasattr(kind, "model_fields")
        or hasattr(kind, "__get_pydantic_core_schema__")
        or _is_named_tuple(kind)
    )


def is_version_1(kind: type) -> bool:
    """Tell a model of pydantic 1, also of the name space in which 2 brings it along."""
    if hasattr(kind, "model_fields"):
        return False
    bases = [base for base in kind.__mro__ if base.__module__.startswith("pydantic.")]
    return any("__fields__" in vars(base) for base in bases)


def _is_standard(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in sys.stdlib_module_names


def _is_named_tuple(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def _is_possible(pydantic: Any, kind: type) -> bool:
    try:
        pydantic.TypeAdapter(kind)
    except Exception:  # noqa: BLE001 - whatever a foreign class raises, it cannot
        return False
    return True


def fields(kind: type) -> Iterator[Field]:
    """Give the fields of a class; none for a class that has no named fields.

    Raises:
        NameError: The type of a field cannot be resolved.
    """
    if hasattr(kind, "model_fields"):
        yield from _model_fields(kind)
    elif "__pydantic_fields__" in vars(kind):
        yield from _info_fields(vars(kind)["__pydantic_fields__"])
    elif dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        for field in dataclasses.fields(kind):
            yield Field(field.name, hints[field.name], _given(field, dataclasses.MISSING))
    elif typing.is_typeddict(kind):
        required: Any = getattr(kind, "__required_keys__", ())
        for name, hint in _hints(kind).items():
            yield Field(name, hint, name in required)
    elif _is_named_tuple(kind):
        yield from _tuple_fields(kind)


def _hints(kind: type) -> dict[str, Any]:
    names = {kind.__name__: kind, **vars(kind)}
    return typing.get_type_hints(kind, localns=names, include_extras=True)


def _tuple_fields(kind: Any) -> Iterator[Field]:
    hints, defaults = _hints(kind), kind._field_defaults
    for name in kind._fields:
        rest = default(defaults[name]) if name in defaults else "required"
        yield Field(name, hints.get(name, Any), rest)


def _model_fields(kind: Any) -> Iterator[Field]:
    # As pydantic does at the first use: a class named in it may stand further down.
    if not getattr(kind, "__pydantic_complete__", True):
        kind.model_rebuild(raise_errors=False)
    yield from _info_fields(kind.model_fields)


def _info_fields(found: Any) -> Iterator[Field]:
    for name, info in found.items():
        yield Field(name, info.annotation, _info(info))


def _info(info: Any) -> Plain:
    return [_given(info, _undefined()), *constraints([info])]


def _undefined() -> type:
    return type(getattr(sys.modules.get("pydantic_core"), "PydanticUndefined", None))


def _given(field: Any, missing: Any) -> Plain:
    """Describe a field's default."""
    if field.default_factory not in (None, missing):
        return ["made by", default(field.default_factory)]
    absent = field.default is missing or type(field.default) is missing
    return "required" if absent else default(field.default)


def config(kind: Any) -> list[Plain]:
    """Describe the configuration that pydantic is given for a class, but no texts."""
    given = getattr(kind, "model_config", None) or getattr(kind, "__pydantic_config__", {})
    kept = sorted(set(given) - _CONFIG_TEXTS) if isinstance(given, dict) else []
    return [["config", key, default(given[key])] for key in kept]


def constraints(items: Iterable[Any]) -> list[Plain]:
    """Describe what stands beside a type, in ``Annotated`` or in a field; no texts.

    pydantic and annotated_types have several classes that say the same, and other
    versions take others: what is said counts, not the class that says it.
    """
    found = {tuple(each) for item in items for each in _constraint(item)}
    return [list(each) for each in sorted(found)]


def _constraint(item: Any) -> Iterator[tuple[str, str, str]]:
    state = {} if isinstance(item, type | types.FunctionType) else _state(item)
    if hasattr(item, "metadata") and hasattr(item, "default_factory"):
        parts = ((name, getattr(item, name, None)) for name in _FIELD_PARTS)
        yield from (("", name, default(part)) for name, part in parts if part is not None)
        for inner in item.metadata:
            yield from _constraint(inner)
    elif not type(item).__module__.startswith(("pydantic.", "annotated_types")):
        if type(item).__name__ != "Doc":
            yield "", "", default(item)
    else:
        name = type(item).__name__ if "func" in state else ""
        yield from ((name, key, default(value)) for key, value in state.items())


def _state(item: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(item):
        names = [field.name for field in dataclasses.fields(item)]
    else:
        names = list(getattr(item, "__dict__", ()))
    found = {name: getattr(item, name, None) for name in names}
    # A length from 0 on is what nothing said means, too.
    return {
        name: value
        for name, value in found.items()
        if value is not None and not (name == "min_length" and value == 0)
    }


def default(value: object) -> str:
    """Describe a default by its content; by its name where it has none."""
    try:
        return digest(value, _name)
    except Exception:  # noqa: BLE001 - a default may be any object
        return _name(value, "")


def _name(value: Any, _path: str) -> str:
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(named, '__module__', None)}.{named.__qualname__}"
