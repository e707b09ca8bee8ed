"""One call through two clients is one call: the outer one has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_INSIDE: Final[ContextVar[bool]] = ContextVar("milepost_recorder_inside", default=False)


def is_inside() -> bool:
    """Tell whether a call of an outer client is going on in this context."""
    return _INSIDE.get()


@contextmanager
def inside() -> Iterator[None]:
    """Let clients below pass everything on."""
    token = _INSIDE.set(True)
    try:
        yield
    finally:
        _INSIDE.reset(token)
