"""Where a step or a call belongs: the phase, the enclosing steps, the item."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any

from milepost.steps.flights import Flight, Flights

if TYPE_CHECKING:
    from milepost.journal import Record
    from milepost.steps.code import StepCodes
    from milepost.steps.memory import Memory

current: ContextVar["Scope | None"] = ContextVar("milepost_scope", default=None)


class Scope:
    """A place in a test: an attempt at a phase, at a step in it, at an item.

    Every attempt has a scope of its own, and starts at the head of what is kept.

    Args:
        memory: What the run remembers.
        path: The phase, then the enclosing steps; empty for the test as a whole.
        attempt: The number of the phase's attempt.
        parent: The scope around it.

    Attributes:
        used: Ids of the records that were given out or made here and in scopes inside.
        codes: Hashes of the code parts of the steps among them.
        bought: Steps and calls made here and in scopes inside.
        replayed: Steps and calls restored.
        is_over: The attempt has ended.
        is_first: It is the first attempt at its phase in this run.
        items: By the name of a ``step_map`` how many items have finished, and of how many.
        asked: Calls sent, and steps that raised without a call that was replayed.
        flight: The step that runs in this scope.
        name_step: Gives its idempotency key.
    """

    def __init__(
        self,
        memory: "Memory",
        path: tuple[str, ...],
        attempt: int = 0,
        parent: "Scope | None" = None,
    ) -> None:
        self.memory = memory
        self.path = path
        self.attempt = attempt
        self.parent = parent
        self.root: Scope = parent.root if parent else self
        self.used: dict[str, None] = {}
        self.codes: dict[str, None] = {}
        self.bought = self.replayed = 0
        self.is_over = False
        self.is_first = True
        self.asked = 0
        self.items: dict[str, tuple[int, int]] = {}
        self.misses_answer = False
        self.flight: Flight | None = None
        self.name_step: Callable[[], str] | None = None

    @cached_property
    def step_codes(self) -> "StepCodes":
        """Give the code of step functions, as it is during this attempt."""
        from milepost.steps.code import StepCodes  # noqa: PLC0415 - only inside phases

        return StepCodes()

    @property
    def phase(self) -> str:
        """Give the phase's name; empty for the test as a whole."""
        return self.path[0] if self.path else ""

    @property
    def flights(self) -> Flights:
        """Give what is in flight in the run."""
        return self.memory.flights

    def around(self) -> Iterator["Scope"]:
        """Give this scope and those around it, the innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def miss_answer(self) -> None:
        """Note that a call was not made here: what is made without it is not kept."""
        for scope in self.around():
            scope.misses_answer = True

    def flights_around(self) -> list[Flight]:
        """Give the steps that this scope is a part of."""
        return [scope.flight for scope in self.around() if scope.flight]

    def expect_items(self, name: str, number: int) -> None:
        """Note how many more items there are in this attempt, by the map's name."""
        with self.memory.lock:
            done, of = self.items.get(name, (0, 0))
            self.items[name] = done, of + number

    def finish_item(self, name: str) -> tuple[int, int]:
        """Note that an item has finished; give how many have, and of how many."""
        with self.memory.lock:
            done, of = self.items[name]
            self.items[name] = done + 1, of
            return self.items[name]

    def child(self, element: str) -> "Scope":
        """Give a scope inside this one, for one attempt at a step.

        Args:
            element: The step's element of the path.
        """
        return Scope(self.memory, (*self.path, element), self.attempt, self)

    def take(self, kind: str, key: str) -> "Record | None":
        """Give the next finished record of a key that this attempt has not used yet.

        That of its own scope comes first, then any of the phase, then, for calls, any
        of the test.

        Args:
            kind: ``step`` or ``call``.
            key: The key.
        """
        with self.memory.lock:
            found = next(iter(self.candidates(kind, key)), None)
            if found is not None:
                self.consume(found)
        return found

    def candidates(self, kind: str, key: str, other: str = "") -> list["Record"]:
        """List the records that ``take`` may give, the first one first.

        Args:
            kind: ``step`` or ``call``.
            key: The key.
            other: A kind of records that stand for it as well.
        """
        used, memory = self.root.used, self.memory
        found = memory.journal.find(key, kind) if memory.has(kind, key) else []
        if other and memory.has(other, key):
            found = sorted([*found, *memory.journal.find(key, other)], key=_order)
        if not found:
            return []
        free = [r for r in found if r.id not in used and memory.is_out(r)]
        near = [(self._distance(record, kind), record) for record in free]
        ranked = sorted((pair for pair in near if pair[0] < 3), key=lambda pair: pair[0])
        return [record for _, record in ranked]

    def _distance(self, record: "Record", kind: str) -> int:
        if record.path == self.path:
            return 0
        if record.path[:1] == self.path[:1]:
            return 1
        return 2 if kind == "call" and self._may_borrow(record) else 3

    def _may_borrow(self, record: "Record") -> bool:
        """Tell whether a call of another phase may be replayed here.

        Two phases that ask the same are answered twice, as without milepost; one that
        begins again at the other's work, in another attempt or run, is not.
        """
        return not self.root.is_first or record.id not in self.memory.made

    def consume(self, record: "Record", *, made: bool = False) -> None:
        """Note that a record was given out here, or made here.

        Args:
            record: The record.
            made: It was made: somebody paid for it now.
        """
        inside = record.body.get("used", ()) if record.kind == "step" else ()
        codes = [record.body["code"]] if record.body.get("code") else []
        codes += record.body.get("codes", ())
        with self.memory.lock:
            if made:
                self.memory.made.add(record.id)
            for scope in self.around():
                scope.used |= dict.fromkeys((record.id, *inside))
                scope.codes |= dict.fromkeys(codes)
                scope.bought += made
                scope.replayed += not made
                if scope.is_over:  # what comes late is free for the attempt after it
                    break

    def give_back(self, record: "Record") -> None:
        """Let somebody else have a record that was made here for one who has left."""
        inside = record.body.get("used", ()) if record.kind == "step" else ()
        with self.memory.lock:
            for scope in self.around():
                for each in (record.id, *inside):
                    scope.used.pop(each, None)

    def release(self) -> None:
        """Give back what a failed attempt in this scope has used: the next starts anew."""
        with self.memory.lock:
            self.is_over = True
            for scope in self.around():
                if scope is not self:
                    for each in self.used:
                        scope.used.pop(each, None)
            self.used = {}

    def keep(
        self, kind: str, key: str, body: Mapping[str, Any], *, sync: bool = True
    ) -> "Record":
        """Write a record; it is durable when this returns.

        Args:
            kind: What it is, see the file format.
            key: Its key; empty for none.
            body: Its fields.
            sync: Whether it has to survive the loss of power.

        Raises:
            MilepostError: The store refuses, or the run is over.
        """
        __tracebackhide__ = True
        self.memory.check_usable()
        record = self.memory.journal.append(
            kind, key, path=self.path, attempt=self.attempt, body=body, sync=sync
        )
        if kind in ("step", "call"):
            self.consume(record, made=True)
        return record

    async def keep_async(
        self, kind: str, key: str, body: Mapping[str, Any], *, sync: bool = True
    ) -> "Record":
        """Write a record without holding up the event loop, as for ``keep``."""
        __tracebackhide__ = True
        self.memory.check_usable()
        record = await self.memory.journal.append_async(
            kind, key, path=self.path, attempt=self.attempt, body=body, sync=sync
        )
        if kind in ("step", "call"):
            self.consume(record, made=True)
        return record

    def write_blob(self, content: bytes) -> str:
        """Keep a large value; gives its name."""
        return self.memory.host.write_blob(content)

    def read_blob(self, name: str) -> bytes:
        """Read a large value.

        Raises:
            DamagedValueError: It is gone, or is not what was written.
        """
        return self.memory.host.read_blob(name)

    def note(self, text: str) -> None:
        """Say something to people in the report of the phase; once."""
        self.memory.host.note(self.phase, text)

    def count(self, what: str, number: int = 1) -> None:
        """Count something that the report of the phase tells.

        Args:
            what: A field of the phase's event, as in ``steps_ran``.
            number: How many.
        """
        self.memory.host.count(self.phase, what, number)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Let what is called in this context belong here."""
        token = current.set(self)
        try:
            yield
        finally:
            # A coroutine that nobody ended is closed wherever it is collected.
            with suppress(ValueError):
                current.reset(token)


def _order(record: "Record") -> tuple[int, int]:
    fence, _, number = record.id.partition("-")
    return int(fence), int(number)
