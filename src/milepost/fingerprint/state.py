"""What an object holds in its attributes, read without running any of its code."""

from collections.abc import Iterator
from functools import cached_property
from types import MemberDescriptorType
from typing import Any, Final

from milepost.fingerprint.objects import attributes_of

# CPython's mark of a class made by a class statement; one of C may hide its state.
_MADE_IN_PYTHON: Final = 1 << 9


def state_of(value: object) -> dict[str, object] | None:
    """Give an object's attributes, computed ones left out.

    Args:
        value: The object.

    Returns:
        Values by attribute; None where a part of the state cannot be seen.
    """
    kinds = [kind for kind in type(value).__mro__ if kind is not object]
    if not all(kind.__flags__ & _MADE_IN_PYTHON for kind in kinds):
        return None
    state = dict(_slots(value, kinds)) | attributes_of(value)
    for kind in kinds:
        for name, attribute in vars(kind).items():
            if isinstance(attribute, cached_property):
                state.pop(name, None)
    return state


def _slots(value: object, kinds: list[type]) -> Iterator[tuple[str, Any]]:
    for kind in kinds:
        for name, attribute in vars(kind).items():
            if type(attribute) is MemberDescriptorType:
                try:
                    yield name, attribute.__get__(value)
                except AttributeError:
                    continue
