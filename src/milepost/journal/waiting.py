"""Tasks that wait for their records to be durable, under asyncio and under trio."""

import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from milepost import clock

if TYPE_CHECKING:
    import asyncio


class Waiter(Protocol):
    """One task that waits.

    Attributes:
        home: What runs it; the same for all tasks of one loop.
    """

    home: Any

    def post(self, call: Callable[..., object], *arguments: object) -> None:
        """Have its loop call a function soon; from any thread."""

    def soon(self, call: Callable[[], object]) -> None:
        """Have its loop call a function soon; in its loop."""

    def finish(self) -> None:
        """Wake it; in its loop."""

    def wait(self) -> Awaitable[object]:
        """Give what waits until it is woken."""


class AsyncioWaiter:
    """A task under asyncio."""

    __slots__ = ("_future", "home")

    def __init__(self) -> None:
        # Loaded, as a task is running; who has none need not load it.
        self.home = sys.modules["asyncio"].get_running_loop()
        self._future: asyncio.Future[None] = self.home.create_future()

    def post(self, call: Callable[..., object], *arguments: object) -> None:
        """Have its loop call a function soon; from any thread."""
        with suppress(RuntimeError):  # the loop has ended, and its tasks with it
            self.home.call_soon_threadsafe(call, *arguments)

    def soon(self, call: Callable[[], object]) -> None:
        """Have its loop call a function soon; in its loop."""
        self.home.call_soon(call)

    def finish(self) -> None:
        """Wake it, unless it was cancelled meanwhile."""
        if not self._future.done():
            self._future.set_result(None)

    def wait(self) -> Awaitable[object]:
        """Give what waits until it is woken."""
        return self._future


class TrioWaiter:
    """A task under trio."""

    def __init__(self) -> None:
        trio = sys.modules["trio"]
        self._ended: type[Exception] = trio.RunFinishedError
        self.home = trio.lowlevel.current_trio_token()
        self._event: Any = trio.Event()

    def post(self, call: Callable[..., object], *arguments: object) -> None:
        """Have its loop call a function soon; from any thread."""
        with suppress(self._ended):
            self.home.run_sync_soon(call, *arguments)

    def soon(self, call: Callable[[], object]) -> None:
        """Have its loop call a function soon; in its loop."""
        self.home.run_sync_soon(call)

    def finish(self) -> None:
        """Wake it."""
        self._event.set()

    def wait(self) -> Awaitable[object]:
        """Give what waits until it is woken."""
        waiting: Awaitable[object] = self._event.wait()
        return waiting


def new_waiter() -> Waiter:
    """Make what the calling task can wait with."""
    return TrioWaiter() if clock.runs_trio() else AsyncioWaiter()


def finish_all(waiters: Iterable[Waiter]) -> None:
    """Wake tasks from any thread, those of one loop all at once."""
    homes: defaultdict[Any, list[Waiter]] = defaultdict(list)
    for waiter in waiters:
        homes[waiter.home].append(waiter)
    for group in homes.values():
        group[0].post(_finish, group)


def _finish(group: list[Waiter]) -> None:
    for waiter in group:
        waiter.finish()
