"""Calls in flight: what has begun and not ended, whoever began it."""

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from milepost import clock

if TYPE_CHECKING:
    from milepost.journal import Record
    from milepost.steps.scope import Scope


class Flight:
    """One step or call that has begun.

    Args:
        kind: ``step`` or ``call``.
        key: Its key.
        scope: Where it was asked for.

    Attributes:
        is_task: A task of an event loop runs it.
        turn: Tells equal steps of an attempt apart.
        running: What runs it, to be held as long as it does.
    """

    def __init__(self, kind: str, key: str, scope: "Scope") -> None:
        self.kind = kind
        self.key = key
        self.scope = scope
        self.thread = threading.get_ident()
        self.is_task = False
        self.turn = 0
        self.running: object = None
        self._asker_left = False
        self._record: Record | None = None
        self._ended = threading.Event()
        self._waiting: list[Callable[[], Any]] = []
        self._lock = threading.Lock()

    def leave(self) -> None:
        """Say that nobody waits for its answer any more."""
        with self._lock:
            self._asker_left = True
            record = self._record
        if record is not None:
            self.scope.give_back(record)

    def kept(self, record: "Record") -> None:
        """Say what was kept of it; whoever asks next has it where its asker has left."""
        with self._lock:
            self._record = record
            has_left = self._asker_left
        if has_left:
            self.scope.give_back(record)

    @property
    def is_abandoned(self) -> bool:
        """Tell whether nobody waits for its answer, so that somebody else may."""
        return self._asker_left or any(scope.is_over for scope in self.scope.around())

    @property
    def is_of_this_thread(self) -> bool:
        """Tell whether it was begun in the calling thread."""
        return self.thread == threading.get_ident()

    @property
    def has_ended(self) -> bool:
        """Tell whether it has ended, well or not."""
        return self._ended.is_set()

    def end(self) -> None:
        """Say that it has ended; those who wait go on."""
        with self._lock:
            self._ended.set()
            waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()
        self.scope.flights.forget(self)

    def wait(self, seconds: float | None) -> bool:
        """Wait in this thread.

        Args:
            seconds: How long at most; None as long as it takes.

        Returns:
            True if it has ended.
        """
        return self._ended.wait(seconds)

    async def wait_async(self, seconds: float | None) -> bool:
        """Wait in this task, under asyncio or trio, as for ``wait``."""
        if clock.runs_trio():
            return await self._wait_trio(seconds)
        import asyncio  # noqa: PLC0415 - who has no loop running need not load it

        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        if self._when_ended(lambda: _call_soon(loop, ended.set)):
            return True
        try:
            async with asyncio.timeout(seconds):
                await ended.wait()
        except TimeoutError:
            return self.has_ended
        return True

    async def _wait_trio(self, seconds: float | None) -> bool:
        trio: Any = sys.modules["trio"]
        token, ended = trio.lowlevel.current_trio_token(), trio.Event()
        if self._when_ended(lambda: token.run_sync_soon(ended.set)):
            return True
        with trio.move_on_after(float("inf") if seconds is None else seconds):
            await ended.wait()
        return self.has_ended

    def _when_ended(self, wake: Callable[[], Any]) -> bool:
        """Have somebody woken at the end; True if that has been already."""
        with self._lock:
            if self._ended.is_set():
                return True
            self._waiting.append(wake)
        return False


def _call_soon(loop: Any, wake: Callable[[], Any]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(wake)


class Flights:
    """The calls in flight of one run."""

    def __init__(self) -> None:
        self._flights: list[Flight] = []
        self._lock = threading.Lock()

    def begin(self, kind: str, key: str, scope: "Scope") -> Flight:
        """Note that a step or call begins; whoever begins it ends it.

        Args:
            kind: ``step`` or ``call``.
            key: Its key.
            scope: Where it is asked for.
        """
        flight = Flight(kind, key, scope)
        scope.root.asked += kind == "call"
        with self._lock:
            self._flights.append(flight)
        return flight

    def forget(self, flight: Flight) -> None:
        """Take a flight out that has ended."""
        with self._lock:
            if flight in self._flights:
                self._flights.remove(flight)

    def abandoned(self, kind: str, key: str, scope: "Scope") -> Flight | None:
        """Find the same call in flight, where nobody waits for its answer any more.

        Args:
            kind: ``step`` or ``call``.
            key: Its key.
            scope: Where it is asked for now.
        """
        own = scope.flights_around()
        with self._lock:
            return next(
                (
                    each
                    for each in self._flights
                    if each.key == key
                    and each.kind == kind
                    and each.is_abandoned
                    and each not in own
                ),
                None,
            )

    def turns(self, key: str, scope: "Scope") -> set[int]:
        """Give the turns of the equal steps in flight in a phase."""
        with self._lock:
            return {
                each.turn
                for each in self._flights
                if each.key == key and each.scope.phase == scope.phase
            }

    def of(self, scope: "Scope | None") -> list[Flight]:
        """List what is in flight of one attempt at a phase, or of all."""
        with self._lock:
            here = [e for e in self._flights if scope is None or e.scope.root is scope.root]
        return [each for each in here if each.is_task or not each.is_of_this_thread]

    def drain(self, scope: "Scope | None", seconds: float) -> int:
        """Wait in this thread until what is in flight has ended.

        Tasks of an event loop that runs in this thread cannot go on meanwhile, and are
        not waited for.

        Args:
            scope: Of which attempt; None for all.
            seconds: How long at most.

        Returns:
            How many are in flight still.
        """
        deadline = clock.monotonic() + seconds
        for flight in self.of(scope):
            if not flight.is_of_this_thread:
                flight.wait(max(0.0, deadline - clock.monotonic()))
        return len(self.of(scope))

    async def drain_async(self, scope: "Scope | None", seconds: float) -> int:
        """Wait in this task until what is in flight has ended, as for ``drain``."""
        if clock.runs_trio():
            trio: Any = sys.modules["trio"]
            with trio.CancelScope(shield=True):
                return await self._drain_async(scope, seconds)
        return await self._drain_asyncio(scope, seconds)

    async def _drain_asyncio(self, scope: "Scope | None", seconds: float) -> int:
        """Wait, though somebody cancels again and again, as the scopes of anyio do."""
        import asyncio  # noqa: PLC0415 - who has no loop running need not load it

        waiting = asyncio.ensure_future(self._drain_async(scope, seconds))
        cancelled: BaseException | None = None
        while not waiting.done():
            try:
                await asyncio.wait((waiting,))
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        return waiting.result()

    async def _drain_async(self, scope: "Scope | None", seconds: float) -> int:
        deadline = clock.monotonic() + seconds
        for flight in self.of(scope):
            await flight.wait_async(max(0.0, deadline - clock.monotonic()))
        return len(self.of(scope))
