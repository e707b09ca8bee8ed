"""Signals wait for the end of a save.

A handler that raises in the middle of a save would leave the file and the copy in
memory disagreeing about what was written.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2")
_NUMBERS: Final = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
_depth = 0


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Hold back the Python handlers of signals until the block has ended.

    Handlers run in the main thread only, so elsewhere there is nothing to hold back.
    """
    global _depth  # noqa: PLW0603 - handlers are the process's, and so is this count
    if _depth or threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[tuple[Any, int, FrameType | None]] = []
    before = {number: signal.getsignal(number) for number in _NUMBERS}
    ours = {number: handler for number, handler in before.items() if callable(handler)}

    def hold(number: int, frame: FrameType | None) -> None:
        arrived.append((ours[signal.Signals(number)], number, frame))

    _depth += 1
    for number in ours:
        signal.signal(number, hold)
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
        _depth -= 1
        for handler, arrived_number, frame in arrived:
            handler(arrived_number, frame)
