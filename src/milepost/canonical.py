"""One canonical encoding, for every hash and key that milepost computes.

Equal content gives equal bytes in every process. The bytes begin with a version,
so that a later change of the rules can never make two unequal things look equal.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID

PREFIX = b"milepost-1\n"
MAX_DEPTH = 200
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]
Describe = Callable[[object, str], object]


class NotCanonicalError(TypeError):
    """An object has no content that can be encoded.

    Args:
        found: The object met.
        path: Where it was met, as in ``$.client[0]``.
    """

    def __init__(self, found: object, path: str) -> None:
        self.found = found
        self.path = path
        kind = type(found)
        super().__init__(f"{kind.__module__}.{kind.__qualname__} at {path}")


def encode(value: object, describe: Describe | None = None) -> bytes:
    """Encode a value so that equal content gives equal bytes.

    Args:
        value: Plain data, standard library values, dataclasses, named tuples,
            pydantic and attrs models, numpy arrays, and containers of them.
        describe: Called with an object of no known kind and its path; what it
            returns is encoded in the object's place. Without it such an object
            raises.

    Returns:
        ASCII bytes that begin with the version of these rules.

    Raises:
        NotCanonicalError: An object has no content and ``describe`` is missing; or it
            is nested too deeply.
    """
    try:
        return encode_plain(Walk(describe).plain(value, "$"))
    except RecursionError:
        raise NotCanonicalError(value, "$") from None


def encode_plain(value: object) -> bytes:
    """Encode plain JSON data, by the same rules as ``encode`` but without a walk."""
    return PREFIX + plain_text(value).encode("ascii")


def plain_text(value: object) -> str:
    """Give the canonical text of plain JSON data, as it stands behind the version."""
    return _ENCODER.encode(value)


def digest(value: object, describe: Describe | None = None) -> str:
    """Hash a value's canonical encoding.

    Returns:
        64 hex digits (SHA-256).

    Raises:
        NotCanonicalError: As for ``encode``.
    """
    return hashlib.sha256(encode(value, describe)).hexdigest()


def digest_plain(value: object) -> str:
    """Hash plain JSON data, faster; what ``digest`` gives where no key begins with $."""
    return hashlib.sha256(encode_plain(value)).hexdigest()


class Walk:
    """Turn a value into plain JSON; what JSON cannot say becomes ``{"$kind": ...}``."""

    def __init__(self, describe: Describe | None) -> None:
        self.describe = describe
        self.open: set[int] = set()

    def plain(self, value: object, path: str) -> Plain:
        """Give the plain form of one value."""
        if value is None or type(value) in (bool, int, str):
            return value  # type: ignore[return-value]
        if type(value) is float:
            return value if math.isfinite(value) else _tag("float", repr(value))
        atom = _atom(value)
        return atom if atom is not None else self._nested(value, path)

    def _nested(self, value: object, path: str) -> Plain:
        if id(value) in self.open or len(self.open) > MAX_DEPTH:
            return self._unknown(value, path)
        self.open.add(id(value))
        try:
            return self._container(value, path)
        finally:
            self.open.discard(id(value))

    def _container(self, value: object, path: str) -> Plain:
        if type(value) is list:
            return self._items(value, path)
        if type(value) is tuple:
            return _tag("tuple", self._items(value, path))
        if type(value) in (set, frozenset):
            members = [self.plain(item, path) for item in value]  # type: ignore[attr-defined]
            return _tag("set", sorted(members, key=encode_plain))
        if isinstance(value, Mapping) and type(value) is dict:
            return self._mapping(value, path)
        return self._object(value, path)

    def _items(self, items: Any, path: str) -> list[Plain]:
        return [self.plain(item, f"{path}[{n}]") for n, item in enumerate(items)]

    def _mapping(self, value: Mapping[Any, Any], path: str) -> Plain:
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: self.plain(item, f"{path}.{key}") for key, item in value.items()}
        pairs = [
            [self.plain(key, path), self.plain(item, f"{path}[{key!r}]")]
            for key, item in value.items()
        ]
        return _tag("dict", sorted(pairs, key=encode_plain))

    def _object(self, value: object, path: str) -> Plain:
        fields = _fields(value)
        if fields is None:
            return self._unknown(value, path)
        kind = type(value)
        content = self._mapping(fields, path)
        return _tag("object", [f"{kind.__module__}.{kind.__qualname__}", content])

    def _unknown(self, value: object, path: str) -> Plain:
        if self.describe is None:
            raise NotCanonicalError(value, path)
        return _tag("described", Walk(None).plain(self.describe(value, path), path))


def _tag(kind: str, content: object) -> dict[str, Any]:
    return {f"${kind}": content}


def _atom(value: object) -> Plain:
    """Give the plain form of a standard library value, or None."""
    if isinstance(value, Enum):
        return _tag("enum", [type(value).__qualname__, value.name])
    if type(value) in (bytes, bytearray):
        return _tag("bytes", bytes(value).hex())  # type: ignore[call-overload]
    if type(value) in (datetime, date, time):
        return _tag(type(value).__name__, value.isoformat())  # type: ignore[attr-defined]
    if type(value) is timedelta:
        return _tag("timedelta", [value.days, value.seconds, value.microseconds])
    if type(value) in (Decimal, Fraction, UUID, complex, range):
        return _tag(type(value).__name__.lower(), str(value))
    if isinstance(value, PurePath):
        return _tag("path", value.as_posix())
    return _array(value)


def _array(value: object) -> Plain:
    """Give the plain form of a numpy array or scalar, by content."""
    if type(value).__module__ != "numpy" or not hasattr(value, "tobytes"):
        return None
    kind: Any = value
    if kind.dtype.hasobject:
        return None
    content = hashlib.sha256(kind.tobytes()).hexdigest()
    return _tag("array", [kind.dtype.str, list(kind.shape), content])


def _fields(value: object) -> dict[str, Any] | None:
    """Give the fields of an object that is a record of values, or None."""
    if isinstance(value, type):
        return None
    kind: Any = type(value)
    names: Any = getattr(kind, "__dataclass_fields__", None)
    if names is None and hasattr(kind, "__attrs_attrs__"):
        names = [field.name for field in kind.__attrs_attrs__]
    if names is None and hasattr(kind, "model_fields"):
        names = [*kind.model_fields, *(getattr(value, "model_extra", None) or ())]
    if names is None and isinstance(value, tuple):
        names = getattr(kind, "_fields", None)
    if names is None:
        return None
    return {name: getattr(value, name, None) for name in names}
