"""One call of a step: restore its value, or run its function and keep what it gives."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from milepost import clock, report, values
from milepost.errors import MilepostError, OfflineError, StoreError
from milepost.retry import call as call_with_retry
from milepost.retry import call_async
from milepost.retry.config import RetryConfig
from milepost.steps.errors import RefusedAnswerError
from milepost.steps.finding import Finding
from milepost.steps.intention import Intention
from milepost.steps.keeping import body_of, encode_value
from milepost.steps.options import StepOptions
from milepost.steps.shielding import shielded

if TYPE_CHECKING:
    from milepost.journal import Record
    from milepost.steps.flights import Flight
    from milepost.steps.scope import Scope


@dataclass(frozen=True, kw_only=True)
class StepCall:
    """A step as it was called.

    Attributes:
        name: Its name.
        fn: Its function.
        args: The positional arguments.
        kwargs: The keyword arguments.
    """

    name: str
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class StepExecution:
    """One call of a step in a phase.

    Args:
        scope: Where it was called.
        call: The name, the function and its arguments.
        options: The step's settings.
    """

    def __init__(self, scope: "Scope", call: StepCall, options: StepOptions) -> None:
        self.scope = scope
        self.call = call
        self.options = options
        self.finding = Finding(scope, call.name, call.fn, options)
        self.intention = Intention(scope, call.name, options)
        self._began = 0.0
        self._inside: Scope | None = None
        self._name: Callable[[], str] | None = None
        self._turn = 0
        self.awaitable = self.has_run = False

    def start(self) -> Any:
        """Give the step's value; for a coroutine function a coroutine.

        Raises:
            MilepostError: The step may not run.
            BaseException: What its function raised.
        """
        __tracebackhide__ = True
        if inspect.iscoroutinefunction(_plain(self.call.fn)):
            self.awaitable = True
            return self._give_async()
        self._look()
        while not self._find():
            abandoned = self._abandoned()
            if abandoned is None:
                return self._run()
            if abandoned.is_of_this_thread:
                # A task of this thread's own loop could never end while it is held up.
                self.awaitable = True
                return self._give_async()
            if not abandoned.wait(self._patience):
                return self._run()
        return self._restored()

    async def _give_async(self) -> Any:
        __tracebackhide__ = True
        self._look()
        while not self._find():
            abandoned = self._abandoned()
            if abandoned is None:
                return await self._run_async(self._attempts_async)
            if not await abandoned.wait_async(self._patience):
                return await self._run_async(self._attempts_async)
        return self.finding.value

    def _look(self) -> None:
        __tracebackhide__ = True
        self.scope.memory.check_usable()
        self.finding.look(self.call.args, self.call.kwargs)

    def _find(self) -> bool:
        __tracebackhide__ = True
        if self.finding.find():
            self.scope.count("steps_restored")
            return True
        return False

    @property
    def _patience(self) -> float:
        """Tell how long to wait for an equal step that may hang for ever."""
        return max(self.scope.memory.settings.drain, 1.0)

    def _abandoned(self) -> "Flight | None":
        return self.scope.flights.abandoned("step", self.finding.key, self.scope)

    def _restored(self) -> Any:
        value = self.finding.value
        if not self.finding.awaitable:
            return value

        async def give() -> Any:
            return value

        return give()

    def _begin(self) -> "Flight":
        """Make sure that the step may run, and say that it does."""
        __tracebackhide__ = True
        memory, scope = self.scope.memory, self.scope
        if memory.host.is_offline:
            raise OfflineError(self.call.name, "Nothing is saved of this step")
        if self.options.at_most_once and self.finding.unrecorded:
            raise self.finding.unrecorded  # the next run could not know it again
        memory.flush()
        self.finding.say_stale()
        self.intention.begin(self.finding.key, self.finding.label)
        self._began = clock.monotonic()
        self.has_run = True
        with memory.lock:
            turn = self.finding.free_turn()
            flight = scope.flights.begin("step", self.finding.key, scope)
            flight.turn = self._turn = turn
        self._name = partial(self.finding.idempotency_key, turn)
        return flight

    def _run(self) -> Any:
        __tracebackhide__ = True
        flight = self._begin()
        try:
            value = self._attempts(flight)
            if inspect.isawaitable(value):
                self.awaitable = True
                return self._finish_async(value, flight)
            return self._finish(value)
        finally:
            if not self.awaitable:
                flight.end()

    async def _finish_async(self, begun: Any, flight: "Flight") -> Any:
        __tracebackhide__ = True
        scope = self._enter(flight)

        async def finish() -> Any:
            with scope.entered():
                value = await begun
            return await self._keep_async(self._checked(value))

        return await shielded(finish, flight)

    async def _run_async(self, run: Callable[["Flight"], Any]) -> Any:
        __tracebackhide__ = True
        flight = self._begin()
        return await shielded(lambda: run(flight), flight)

    async def _attempts_async(self, flight: "Flight") -> Any:
        __tracebackhide__ = True
        config, attempt = self._config(), partial(self._attempt_async, flight)
        left = self.scope.memory.host.time_left
        begun = (
            call_async(self._title, attempt, config, time_left=left)
            if config
            else attempt()
        )
        value = await begun
        return await self._keep_async(value)

    def _attempts(self, flight: "Flight") -> Any:
        __tracebackhide__ = True
        config, attempt = self._config(), partial(self._attempt, flight)
        if config is None:
            return attempt()
        left = self.scope.memory.host.time_left
        return call_with_retry(self._title, attempt, config, time_left=left)

    @property
    def _title(self) -> str:
        return " / ".join((*self.scope.path, self.call.name))

    def _config(self) -> RetryConfig | None:
        config = self.options.retry
        if config is None or self.options.check is None:
            return config
        told = config.retry_on

        def retry_on(error: Exception) -> bool:
            if isinstance(error, RefusedAnswerError):
                return True
            if isinstance(told, type | tuple):
                return isinstance(error, told)
            return bool(told and told(error))

        return replace(config, retry_on=retry_on)

    def _enter(self, flight: "Flight") -> "Scope":
        """Give the scope of a new attempt; what a failed one had used is free again."""
        if self._inside is not None:
            self._inside.release()
        scope = self._inside = self.scope.child(self.finding.element)
        scope.flight, scope.name_step = flight, self._name
        return scope

    def _attempt(self, flight: "Flight") -> Any:
        __tracebackhide__ = True
        with self._counted(self._enter(flight)):
            value = self.call.fn(*self.call.args, **self.call.kwargs)
        return value if inspect.isawaitable(value) else self._checked(value)

    async def _attempt_async(self, flight: "Flight") -> Any:
        __tracebackhide__ = True
        with self._counted(self._enter(flight)):
            value = await self.call.fn(*self.call.args, **self.call.kwargs)
        return self._checked(value)

    @contextmanager
    def _counted(self, inside: "Scope") -> Iterator[None]:
        """Enter an attempt; one that raises without anything replayed was a new try."""
        try:
            with inside.entered():
                yield
        except BaseException:
            inside.root.asked += not inside.used
            raise

    def _checked(self, value: Any) -> Any:
        """Refuse an answer that is bad: neither it nor its calls are used again."""
        __tracebackhide__ = True
        reason = _refusal(self.options.check, value)
        if reason:
            self._drop(reason)
            raise RefusedAnswerError(self.call.name, reason)
        return value

    def _drop(self, reason: str) -> None:
        used = [*self._inside.used] if self._inside else []
        if used:
            self.scope.keep("dropped", "", {"ids": used, "reason": f"refused: {reason}"})

    def _finish(self, value: Any) -> Any:
        __tracebackhide__ = True
        body, given = self._body(value)
        if body is not None:
            self._write(lambda: self.scope.keep("step", self.finding.key, body))
        return given

    async def _keep_async(self, value: Any) -> Any:
        __tracebackhide__ = True
        body, given = self._body(value)
        if body is None:
            return given
        scope, key = self.scope, self.finding.key
        try:
            self._note_kept(await scope.keep_async("step", key, body))
        except StoreError as error:
            self._refused(error, lambda: scope.keep("step", key, body))
        return given

    def _body(self, value: Any) -> tuple[dict[str, Any] | None, Any]:
        """Give the body of the step's record, and the value as it reads back."""
        __tracebackhide__ = True
        reason = self.finding.reason_not_to_keep()
        if self._inside is not None and self._inside.misses_answer:
            reason = report.ANSWER_MISSING
        if reason:
            self._not_kept(reason)
            return None, value
        try:
            encoded, given = encode_value(self.finding, value, self.options)
        except values.NotKeptError as error:
            self._not_kept(str(error).removeprefix("milepost: "))
            return None, value
        seconds = round(clock.monotonic() - self._began, 6)
        whole = partial(self._whole, encoded, seconds, self._inside)
        try:
            return whole(), given
        except StoreError as error:
            scope, key = self.scope, self.finding.key
            self._refused(error, lambda: scope.keep("step", key, whole()))
            return None, given

    def _whole(
        self, encoded: values.Encoded, seconds: float, inside: "Scope | None"
    ) -> dict[str, Any]:
        __tracebackhide__ = True
        body = body_of(self.finding, encoded, inside, self.options)
        body |= {"awaitable": self.awaitable, "seconds": seconds}
        body |= {"turn": self._turn} if self._turn else {}
        return body | self.intention.to_body()

    def _not_kept(self, reason: str) -> None:
        self.scope.note(f"step {self.call.name} ran, not kept: {reason}")
        self.scope.count("steps_ran")

    def _write(self, write: Callable[[], "Record"]) -> None:
        try:
            self._note_kept(write())
        except StoreError as error:
            self._refused(error, write)

    def _note_kept(self, record: "Record") -> None:
        self.scope.count("steps_ran")
        if self._inside is not None and self._inside.flight is not None:
            self._inside.flight.kept(record)

    def _refused(self, error: MilepostError, write: Callable[[], object]) -> None:
        """Hand a value on that the store refuses; no step starts before it is kept."""
        self._not_kept(str(error).removeprefix("milepost: "))
        self.scope.memory.unwritten.append(write)


def _refusal(check: Callable[[Any], object] | None, value: Any) -> str:
    """Tell why ``check`` refuses a value; empty if it does not."""
    if check is None:
        return ""
    try:
        verdict = check(value)
    except Exception as error:  # noqa: BLE001 - whatever it raises is its reason
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return "" if verdict or verdict is None else "check said no"


def _plain(fn: Any) -> Any:
    while isinstance(fn, partial):
        fn = fn.func
    return fn
