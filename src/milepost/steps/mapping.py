"""The same step for every item of a list."""

import inspect
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from milepost import clock
from milepost.canonical import digest_plain
from milepost.steps.errors import EqualKeysError, UnlikelyOptionError
from milepost.steps.execution import StepCall, StepExecution
from milepost.steps.options import StepOptions, step_key
from milepost.steps.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(kw_only=True)
class StepMapCall:
    """One call of ``step_map``.

    Attributes:
        name: Its name.
        fn: Called with each item.
        items: The items.
        keys: A key for each; None for those that are told apart by content.
        options: The settings of each item's step.
        concurrency: How many run at once.
        scope: Where it was called; None outside of phases.
    """

    name: str
    fn: Callable[[Any], Any]
    items: "Sequence[Any]"
    keys: "Sequence[str | None]"
    options: StepOptions
    concurrency: int | None
    scope: Scope | None
    results: list[Any] = field(default_factory=list)
    errors: dict[int, BaseException] = field(default_factory=dict)
    finished: int = 0

    def __post_init__(self) -> None:
        self.results = [None] * len(self.items)
        self._lock = threading.Lock()
        self._left = iter(range(len(self.items)))
        self._executions: dict[int, StepExecution] = {}

    def _next(self) -> int | None:
        """Give the next item; none after a failure."""
        with self._lock:
            return None if self.errors else next(self._left, None)

    def _item(self, number: int) -> Any:
        __tracebackhide__ = True
        if self.scope is None:
            return self.fn(self.items[number])
        options = replace(self.options, key=self.keys[number])
        call = StepCall(name=self.name, fn=self.fn, args=(self.items[number],), kwargs={})
        execution = self._executions[number] = StepExecution(self.scope, call, options)
        return execution.start()

    def record_items(self) -> None:
        """Write the list down before the first item starts."""
        __tracebackhide__ = True
        if self.scope is None or not self.items:
            return
        labels = [_label(k, i) for k, i in zip(self.keys, self.items, strict=True)]
        self.scope.root.expect_items(self.name, len(self.items))
        key = digest_plain(["items", self.scope.phase, self.name, labels])
        with self.scope.memory.lock:
            known = self.scope.memory.has("items", key)
            if not known and not self.scope.memory.host.is_offline:
                body = {"name": self.name, "labels": labels}
                self.scope.keep("items", key, body)

    def run(self) -> list[Any]:
        """Run all items, in threads where several at once are asked for.

        Raises:
            ExceptionGroup: Items failed; what has finished is kept.
        """
        __tracebackhide__ = True
        if (self.concurrency or 1) == 1 or len(self.items) < 2:
            self._work()
        else:
            self._work_in_threads(min(self.concurrency or 1, len(self.items)))
        return self._result()

    def _work(self) -> None:
        while (number := self._next()) is not None:
            try:
                self.results[number] = self._item(number)
                self._done(number)
            except BaseException as error:  # noqa: BLE001 - it comes out of _result
                self.errors[number] = error

    def _work_in_threads(self, count: int) -> None:
        threads = [
            threading.Thread(
                target=copy_context().run,
                args=(self._work,),
                name=f"{self.name}-{n}",
                daemon=True,  # one that hangs does not hold up the end of the process
            )
            for n in range(count)
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException as error:  # noqa: BLE001 - a signal: nothing new starts
            self.errors[len(self.items)] = error

    async def run_async(self) -> list[Any]:
        """Run all items, as tasks.

        Raises:
            ExceptionGroup: Items failed; what has finished is kept.
        """
        __tracebackhide__ = True
        count = min(self.concurrency or len(self.items), len(self.items))
        if clock.runs_trio():
            await self._tasks_trio(count)
        elif count == 1:
            await self._work_async()
        elif count:
            await self._tasks_asyncio(count)
        return self._result()

    async def _tasks_trio(self, count: int) -> None:
        import trio  # noqa: PLC0415 - it is running, so it is there

        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(self._work_async)

    async def _tasks_asyncio(self, count: int) -> None:
        import asyncio  # noqa: PLC0415 - who has no loop running need not load it

        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(self._work_async())

    async def _work_async(self) -> None:
        while (number := self._next()) is not None:
            try:
                begun = self._item(number)
                self.results[number] = await begun if inspect.isawaitable(begun) else begun
                self._done(number)
            except Exception as error:  # noqa: BLE001 - it comes out of _result
                self.errors[number] = error
            except BaseException as error:
                self.errors[number] = error
                if _ends_tasks(error):
                    raise

    def _done(self, number: int) -> None:
        with self._lock:
            self.finished += 1
        execution = self._executions.pop(number, None)
        if self.scope is None or execution is None:
            return
        done, of = self.scope.root.finish_item(self.name)
        label = _label(self.keys[number], self.items[number]) if execution.has_run else ""
        self.scope.memory.host.progress(self.scope.phase, self.name, done, of, label)

    def _result(self) -> list[Any]:
        __tracebackhide__ = True
        if not self.errors:
            return self.results
        errors, self.errors = list(self.errors.values()), {}
        others = [each for each in errors if not isinstance(each, Exception)]
        if others:  # an interruption, or the outcome of a test
            raise others[0]
        of, kept = len(self.items), self.finished
        what = f"{len(errors)} of {of} items of {self.name!r} failed"
        what += f"; {kept} kept for the next attempt" if self.scope else ""
        failed = [error for error in errors if isinstance(error, Exception)]
        raise ExceptionGroup(what, failed)


def keys_of(
    name: str, items: Iterable[Any], key: Callable[[Any], object] | None
) -> list[str | None]:
    """Give the key of each item.

    Args:
        name: The name of the ``step_map``.
        items: The items.
        key: Gives the key of an item; None: they are told apart by content.

    Raises:
        EqualKeysError: Two items have one key.
    """
    __tracebackhide__ = True
    if key is None:
        return [None for _ in items]
    keys = [step_key(key(item)) for item in items]
    seen: dict[str | None, int] = {}
    for number, each in enumerate(keys):
        if each is not None and seen.setdefault(each, number) != number:
            raise EqualKeysError(name, each, seen[each], number)
    return keys


def check_concurrency(concurrency: int | None) -> int | None:
    """Make sure that a number of items at once is one.

    Raises:
        UnlikelyOptionError: It is not.
    """
    __tracebackhide__ = True
    if concurrency is None or (type(concurrency) is int and concurrency > 0):
        return concurrency
    raise UnlikelyOptionError(
        f"concurrency={concurrency!r} is not possible.",
        "It says how many items run at once.",
        "Give a whole number from 1, or leave it out.",
    )


def _ends_tasks(error: BaseException) -> bool:
    """Tell an interruption or a cancellation from the outcome of a test."""
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
        return True
    return type(error).__name__ in ("Cancelled", "CancelledError")


def _label(key: str | None, item: Any) -> str:
    """Name an item for people: by its key, else by the beginning of its text."""
    if key is not None:
        return key
    text = ""
    with suppress(Exception):
        text = item if isinstance(item, str) else repr(item)
    from milepost.secret import redact  # noqa: PLC0415 - only where an item has no key

    return redact(text)[:60]
