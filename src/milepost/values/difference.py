"""Where two values differ, as somebody who uses them would see it."""

import dataclasses
import functools
import math
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Final

# Which fields were given and which have their default: no part of the value.
_BESIDES: Final = frozenset({"__pydantic_fields_set__", "__dict__", "__weakref__"})
_FACTORY: Final = "default_factory"
_MISSING: Final = object()

Place = tuple[str, str]


def find_difference(before: object, after: object) -> Place | None:
    """Find the first place where two values differ.

    Types must be the same, with one exception: a whole number where a ``float`` was
    declared comes back as that ``float``, which is equal to it.

    Args:
        before: The value.
        after: What came back of it.

    Returns:
        A path as in ``$.items[3]`` and what differs there, or None.
    """
    return next(_Comparison().differences(before, after, "$"), None)


class _Comparison:
    """Compares; pairs under comparison are remembered, as a value may hold itself."""

    def __init__(self) -> None:
        self.open: set[tuple[int, int]] = set()

    def differences(self, before: Any, after: Any, path: str) -> Iterator[Place]:
        if type(before) is not type(after):
            if not (type(before) is int and type(after) is float and before == after):
                yield path, f"a {_name(before)} comes back as a {_name(after)}"
        elif (id(before), id(after)) not in self.open:
            self.open.add((id(before), id(after)))
            yield from self._same_type(before, after, path)

    def _same_type(self, before: Any, after: Any, path: str) -> Iterator[Place]:
        if isinstance(before, Mapping):
            yield from self._mappings(before, after, path)
        elif isinstance(before, list | tuple | deque):
            yield from self._sequences(before, after, path)
        elif isinstance(before, set | frozenset):
            if before != after or _types(before) != _types(after):
                yield path, "it comes back with other members"
        elif not isinstance(before, Enum) and _is_record(type(before)):
            yield from self._records(before, after, path)
        elif not _equal(before, after):
            yield path, "it does not come back equal"

    def _sequences(self, before: Any, after: Any, path: str) -> Iterator[Place]:
        if len(before) != len(after):
            yield path, f"{len(before)} items come back as {len(after)}"
        if getattr(before, "maxlen", None) != getattr(after, "maxlen", None):
            yield path, "its maxlen does not come back"
        for number, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from self.differences(old, new, f"{path}[{number}]")

    def _mappings(self, before: Any, after: Any, path: str) -> Iterator[Place]:
        ordered = isinstance(before, OrderedDict)
        keys, others = list(before), list(after)
        if set(keys) != set(others) or _types(keys) != _types(others):
            yield path, _names(set(keys) ^ set(others), "its keys do not come back")
        elif ordered and keys != others:
            yield path, "its keys come back in another order"
        if getattr(before, _FACTORY, None) is not getattr(after, _FACTORY, None):
            yield path, "its default_factory does not come back"
        for key in keys:
            if key in after:
                yield from self.differences(before[key], after[key], f"{path}.{key}")

    def _records(self, before: Any, after: Any, path: str) -> Iterator[Place]:
        old, new = _state(before), _state(after)
        for name in {**old, **new}:
            if name in old and name in new:
                here = f"{path}.{name.strip('_')}"
                yield from self.differences(old[name], new[name], here)
            elif not _is_cached(before, name):
                verb = "was not there before" if name in new else "does not come back"
                yield path, f"its attribute {name!r} {verb}"


def _is_record(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) or hasattr(kind, "model_fields")


def _state(value: object) -> dict[str, Any]:
    """Give all attributes of a record, also those that are no fields."""
    slots = {name for base in type(value).__mro__ for name in _slots(base)}
    found = {name: getattr(value, name, _MISSING) for name in sorted(slots - _BESIDES)}
    kept = {name: each for name, each in found.items() if each is not _MISSING}
    return {**getattr(value, "__dict__", {}), **kept}


def _slots(base: type) -> tuple[str, ...]:
    slots = base.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _is_cached(owner: object, name: str) -> bool:
    return isinstance(getattr(type(owner), name, None), functools.cached_property)


def _equal(before: Any, after: Any) -> bool:
    if isinstance(before, Enum):
        return before is after
    if isinstance(before, float) and math.isnan(before):
        return isinstance(after, float) and math.isnan(after)
    if isinstance(before, Decimal):
        return str(before) == str(after)
    if isinstance(before, datetime | time):
        return bool(before.isoformat() == after.isoformat())
    try:
        return bool(before == after)
    except Exception:  # noqa: BLE001 - two that cannot be compared are not equal
        return False


def _types(members: Any) -> list[str]:
    return sorted(_name(member) for member in members)


def _name(value: object) -> str:
    return type(value).__qualname__


def _names(keys: set[Any], what: str) -> str:
    shown = ", ".join(sorted(str(key)[:40] for key in keys)[:3])
    return f"{what}: {shown}" if shown else what
