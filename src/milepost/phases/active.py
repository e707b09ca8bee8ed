"""A phase that is running now: where, and how to have it end."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from milepost import clock


@dataclass(eq=False, kw_only=True)
class ActivePhase:
    """One running phase.

    Attributes:
        thread: Where it was called.
        ended: Set when it has ended.
        cancel: Asks the coroutine's own loop to cancel it; None for a plain function,
            which cannot be cancelled.
    """

    thread: threading.Thread = field(default_factory=threading.current_thread)
    ended: threading.Event = field(default_factory=threading.Event)
    cancel: Callable[[], Any] | None = None

    def await_end(self, seconds: float) -> None:
        """Wait for the end of a phase that runs in another thread."""
        if self.thread is not threading.current_thread():
            self.ended.wait(max(0.0, seconds))

    def stop(self) -> None:
        """Have the coroutine cancelled when its loop next runs, if it ever does."""
        if self.cancel is not None:
            with suppress(RuntimeError):  # its loop is closed already
                self.cancel()

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Let the calling coroutine be cancelled from outside, in any thread.

        Under trio the block is left without an exception when that happened.
        """
        if not clock.runs_trio():
            self.cancel = self._asyncio_cancel()
            yield
            return
        trio = sys.modules["trio"]
        token = trio.lowlevel.current_trio_token()
        with trio.CancelScope() as scope:
            self.cancel = lambda: token.run_sync_soon(scope.cancel)
            yield

    def _asyncio_cancel(self) -> Callable[[], Any] | None:
        asyncio = sys.modules.get("asyncio")
        with suppress(RuntimeError):  # no loop: somebody drives the coroutine by hand
            task = asyncio and asyncio.current_task()
            if task:
                return lambda: task.get_loop().call_soon_threadsafe(self._cancel_task, task)
        return None

    def _cancel_task(self, task: Any) -> None:
        if not self.ended.is_set():
            task.cancel()
