"""Run an exchange to its end, though its asker may be gone: under asyncio and trio.

Under asyncio the exchange is in a task that nobody but us cancels: ``asyncio.run`` ends
by cancelling all tasks that it knows, so it knows the guard alone, which lets the
exchange finish. Under trio it is in a system task, shielded.
"""

import contextvars
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from typing import Any, Final, Protocol

from milepost import clock

# Seconds in which the tasks that end together with a loop say that they were cancelled.
_GRACE: Final = 0.05
_LAST: Final = 1.0


class Running(Protocol):
    """An exchange that runs."""

    def cancel(self) -> None:
        """Stop it."""

    def soon(self, call: Callable[[], object]) -> None:
        """Call something in the loop, from whatever thread."""

    async def finished(self, seconds: float) -> None:
        """Wait until it has ended, though the caller be cancelled."""


class Ending(Protocol):
    """What is asked when a loop ends under an exchange."""

    @property
    def is_wanted(self) -> bool:
        """Tell whether it is to be read to its end."""


def new_event() -> Any:
    """Make an event of the library that runs this task."""
    if clock.runs_trio():
        return sys.modules["trio"].Event()
    import asyncio  # noqa: PLC0415 - who has no loop running need not load it

    return asyncio.Event()


def current_task() -> Any:
    """Give the calling task."""
    if clock.runs_trio():
        return sys.modules["trio"].lowlevel.current_task()
    import asyncio  # noqa: PLC0415 - who has no loop running need not load it

    return asyncio.current_task()


def is_cancelled(task: Any) -> bool:
    """Tell whether a task is on its way out, or gone, because somebody cancelled it.

    Args:
        task: From ``current_task``. Of a task of trio that is known only while it runs.
    """
    if not clock.runs_trio():
        return bool(task.cancelling() > 0 or (task.done() and task.cancelled()))
    trio = sys.modules["trio"]
    deadline: float = trio.current_effective_deadline()
    return bool(task is trio.lowlevel.current_task() and deadline == -float("inf"))


def run_aside(
    run: Callable[[], Awaitable[None]], ending: Ending, patience: float
) -> Running:
    """Start an exchange beside its asker.

    Args:
        run: The exchange; raises nothing.
        ending: Asked when the loop ends.
        patience: Seconds for which the loop's end waits for it.
    """
    if clock.runs_trio():
        return _InTrio(run, ending, patience)
    return _InAsyncio(run, ending, patience)


class _InAsyncio:
    def __init__(
        self, run: Callable[[], Awaitable[None]], ending: Ending, patience: float
    ) -> None:
        import asyncio  # noqa: PLC0415 - who has no loop running need not load it

        self.asyncio = asyncio
        self.ending = ending
        self.patience = patience
        self.loop = loop = asyncio.get_running_loop()

        async def body() -> None:
            await run()

        # Not the loop's own maker of tasks: what that gives may start at once.
        self.task: asyncio.Task[None] = asyncio.Task(body(), loop=loop)
        asyncio.tasks._unregister_task(self.task)
        self.guard = asyncio.Task(self._guard(), loop=loop, name="milepost-exchange")

    def cancel(self) -> None:
        self.task.cancel()

    def soon(self, call: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(call)

    async def finished(self, seconds: float) -> None:
        anyio = sys.modules.get("anyio")
        shield = anyio.CancelScope(shield=True) if anyio else nullcontext()
        with shield:
            if not self.task.done():
                await self.asyncio.wait([self.task], timeout=seconds)

    async def _guard(self) -> None:
        deadline: float | None = None
        while not self.task.done():
            try:
                await self.asyncio.wait([self.task], timeout=self._left(deadline))
            except self.asyncio.CancelledError:
                deadline = deadline or clock.monotonic() + self.patience
                await self._grant_grace()
            if deadline is not None and (
                clock.monotonic() > deadline or not self.ending.is_wanted
            ):
                self.task.cancel()
                await self.asyncio.wait([self.task], timeout=_LAST)
                return

    def _left(self, deadline: float | None) -> float | None:
        return None if deadline is None else max(0.0, deadline - clock.monotonic())

    async def _grant_grace(self) -> None:
        try:
            await self.asyncio.wait([self.task], timeout=_GRACE)
        except self.asyncio.CancelledError:
            return


class _InTrio:
    def __init__(
        self, run: Callable[[], Awaitable[None]], ending: Ending, patience: float
    ) -> None:
        self.trio: Any = sys.modules["trio"]
        self.ending = ending
        self.patience = patience
        self.run = run
        self.shield = self.trio.CancelScope(shield=True)
        self.done = self.trio.Event()
        self.token = self.trio.lowlevel.current_trio_token()
        self.trio.lowlevel.spawn_system_task(
            self._guard, context=contextvars.copy_context()
        )

    def cancel(self) -> None:
        self.shield.cancel()

    def soon(self, call: Callable[[], object]) -> None:
        with suppress(self.trio.RunFinishedError):
            self.token.run_sync_soon(call)

    async def finished(self, seconds: float) -> None:
        shield = self.trio.CancelScope(shield=True)
        with shield, self.trio.move_on_after(seconds):
            await self.done.wait()

    async def _body(self) -> None:
        try:
            with self.shield:
                await self.run()
        finally:
            self.done.set()

    async def _guard(self) -> None:
        async with self.trio.open_nursery() as nursery:
            nursery.start_soon(self._body)
            try:
                await self.done.wait()
            finally:
                self._end()

    def _end(self) -> None:
        """Let the end of trio wait for what is wanted, and for nothing else."""
        if not self.ending.is_wanted:
            self.shield.cancel()
        self.shield.deadline = self.trio.current_time() + self.patience
