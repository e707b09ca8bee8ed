"""SIGTERM, while a test that asks runs: it is raised at once, as Ctrl-C is."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def raising_termination() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM, unless somebody else handles it."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    pid = os.getpid()

    def terminate(_number: int, _frame: object) -> None:
        if os.getpid() != pid:  # a forked child dies as it would have without us
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
        raise KeyboardInterrupt("SIGTERM")

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is terminate:  # the test may have its own
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
