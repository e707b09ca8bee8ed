"""Signals wait for the end of a save.

A handler that raises in the middle of a save would leave the file and the copy in
memory disagreeing about what was written.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

# In the order in which they are handed on: the last one's exception is what comes out.
_NAMES: Final = ("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGHUP", "SIGINT", "SIGTERM")
_NUMBERS: Final = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
_is_holding = False


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Hold back the Python handlers of signals until the block has ended.

    Handlers run in the main thread only, so elsewhere there is nothing to hold back.
    """
    global _is_holding  # noqa: PLW0603 - handlers are the process's, and so is this
    if _is_holding or threading.current_thread() is not threading.main_thread():
        yield
        return
    held = _Held()
    try:
        _is_holding = True
        held.install()
        yield
    finally:
        _is_holding = False
        held.end()


class _Held:
    """Stands in for the process's handlers, and hands on what arrived meanwhile."""

    def __init__(self) -> None:
        found = {number: signal.getsignal(number) for number in _NUMBERS}
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {
            number: handler for number, handler in found.items() if callable(handler)
        }
        self._arrived: dict[int, FrameType | None] = {}
        self._has_ended = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        # A handler put back below may raise before all are back: the rest passes on.
        if self._has_ended:
            self._handlers[number](number, frame)
        else:
            self._arrived[number] = frame

    def install(self) -> None:
        for number in self._handlers:
            signal.signal(number, self)

    def end(self) -> None:
        self._has_ended = True
        try:
            self._put_back(list(self._handlers))
        finally:
            self._hand_on([number for number in _NUMBERS if number in self._arrived])

    def _put_back(self, numbers: list[int]) -> None:
        if numbers:
            try:
                signal.signal(numbers[0], self._handlers[numbers[0]])
            finally:
                self._put_back(numbers[1:])

    def _hand_on(self, numbers: list[int]) -> None:
        if numbers:
            try:
                self._handlers[numbers[0]](numbers[0], self._arrived[numbers[0]])
            finally:
                self._hand_on(numbers[1:])
