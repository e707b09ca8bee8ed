"""One call of a phase: restore its value, or run its function and keep what it gives."""

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from milepost import attempts, clock, report, values, words
from milepost.checkpoint import PhaseCheckpoint
from milepost.errors import MilepostError, RunClosedError, StoreError, UnkeptError
from milepost.events import PhaseEvent
from milepost.manager import describe_error
from milepost.phases import draining
from milepost.phases.active import ActivePhase
from milepost.phases.draining import count_purchases
from milepost.phases.options import Call, PhaseOptions
from milepost.phases.outcomes import outcome_of
from milepost.phases.pointers import note_of, temporary_paths
from milepost.phases.restoring import Restoring
from milepost.phases.run import Done, Run
from milepost.phases.timeouts import within
from milepost.retry import call as call_with_retry
from milepost.retry import call_async
from milepost.retry.transient import what_stops
from milepost.stores.signals import deferred_signals


class Execution:
    """One call of a phase.

    Args:
        run: The run it belongs to.
        call: The name, the function and its arguments.
        options: The phase's settings.
    """

    def __init__(self, run: Run, call: Call, options: PhaseOptions) -> None:
        self.run = run
        self.call = call
        self.name = call.name
        self.options = options
        self.config = options.retry or run.plan.retry
        self.restoring = Restoring(run, call, options)
        self.awaitable = False
        self.recorded: BaseException | None = None
        self._active = ActivePhase()
        self._began = 0.0

    def start(self) -> Any:
        """Give the phase's value; for a coroutine function a coroutine.

        Raises:
            MilepostError: The phase may not run, or cannot be kept.
            BaseException: What the phase's function raised.
        """
        __tracebackhide__ = True
        if self.run.is_inside():
            return self._function()
        if inspect.iscoroutinefunction(_plain(self.call.fn)):
            self.awaitable = True
            return self._give_async()
        self._enter()
        try:
            if self.restoring.find():
                return self._restored()
            value = call_with_retry(
                self.name,
                self._attempt,
                self.config,
                listener=self,
                time_left=self._time_left,
            )
            if inspect.isawaitable(value):
                self.awaitable = True
                return self._finish_async(value)
            return self._finish(value)
        finally:
            if not self.awaitable:
                self._leave()

    async def _give_async(self) -> Any:
        __tracebackhide__ = True
        self._enter()
        try:
            with self._active.cancellable():
                return await self._restore_or_run()
            raise RunClosedError(self.run.test_id)
        finally:
            self._leave()

    async def _restore_or_run(self) -> Any:
        __tracebackhide__ = True
        if self.restoring.find():
            return self.restoring.value
        value = await call_async(
            self.name,
            self._attempt_async,
            self.config,
            listener=self,
            time_left=self._time_left,
        )
        return self._finish(value)

    async def _finish_async(self, begun: Any) -> Any:
        __tracebackhide__ = True
        try:
            with self._active.cancellable():
                return self._finish(await self._await_inside(begun))
            raise RunClosedError(self.run.test_id)
        finally:
            self._leave()

    def _restored(self) -> Any:
        value = self.restoring.value
        if not self.restoring.awaitable:
            return value

        async def give() -> Any:
            return value

        return give()

    def _enter(self) -> None:
        __tracebackhide__ = True
        self.run.check_usable()
        with self.run.lock:
            self.restoring.check_name()
            self._active = self.run.active[self.name] = ActivePhase()

    def _leave(self) -> None:
        self._active.ended.set()
        if self.run.active.get(self.name) is self._active:
            del self.run.active[self.name]

    def _time_left(self) -> float | None:
        return self.run.plan.time_left()

    def _function(self) -> Any:
        __tracebackhide__ = True
        return self.call.fn(*self.call.args, **self.call.kwargs)

    def _attempt(self) -> Any:
        __tracebackhide__ = True
        with self.run.inside(self.name):  # threads go on in it while they are awaited
            try:
                value = self._function()
            except BaseException as error:
                draining.drain(self, error)
                raise
        bound = self.options.timeout
        return within(bound, value) if bound and inspect.isawaitable(value) else value

    async def _attempt_async(self) -> Any:
        __tracebackhide__ = True
        return await self._await_inside(within(self.options.timeout, self._begun()))

    async def _begun(self) -> Any:
        __tracebackhide__ = True
        return await self._function()

    async def _await_inside(self, begun: Awaitable[Any]) -> Any:
        __tracebackhide__ = True
        with self.run.inside(self.name):
            try:
                return await begun
            except BaseException as error:
                await draining.drain_async(self, error)
                raise

    @property
    def _event(self) -> PhaseEvent:
        return self.run.record.event(self.name)

    def attempt_starts(self, attempt: int) -> None:  # noqa: ARG002 - the listener's form
        """Record that an attempt begins; before the first, that the phase may run."""
        __tracebackhide__ = True
        self._began = clock.monotonic()
        if self.options.always:
            self._event.attempts += 1
            return
        with self.run.lock, deferred_signals():
            self.run.flush()
            phase = self.run.phase(self.name)
            attempts.begin(self.run.document(), phase, self.run.record.run)
            try:
                self.run.save()
            except MilepostError:
                attempts.withdraw(phase)
                raise
        self._event.attempts += 1
        report.phase_starts(self.name, phase.retry_count)

    def attempt_failed(
        self, attempt: int, error: BaseException, wait: float | None
    ) -> None:
        """Record how an attempt ended that gave no value."""
        outcome = outcome_of(error)
        event = self._event
        scope = self.run.memory.end_attempt(self.name)
        if self.recorded is error:  # before what was in flight was awaited
            return
        event.seconds += clock.monotonic() - self._began
        event.waited_seconds += wait or 0.0
        event.word, event.error = outcome, describe_error(what_stops(error) or error)
        of = self.config.max_retries + 1
        report.attempt_failed(self.name, attempt, of, event.error, wait, outcome)
        if self.options.always or not self.run.is_own_process:
            return
        self.recorded = error
        with self.run.lock, deferred_signals():
            if not self.run.closed:
                count_purchases(self.run.phase(self.name), scope)
                self._record_failure(outcome, event.error)

    def _record_failure(self, outcome: str, error: str) -> None:
        phase, document = self.run.phase(self.name), self.run.document()
        if outcome == words.FAILED:
            attempts.fail(document, phase, error)
        else:
            attempts.set_back(phase, outcome, error)
        self.run.save()

    def _finish(self, value: Any) -> Any:
        """Keep the value that the function gave, and hand it on as it will be restored."""
        __tracebackhide__ = True
        event = self._event
        event.seconds += clock.monotonic() - self._began
        if not self.run.is_own_process:  # a forked child's copy of the lock may be taken
            return value
        with self.run.lock:
            if self.run.closed:
                return value
            event.word = words.RAN
            self._note_late(clock.monotonic() - self._began)
            if not self.options.always:
                value = self._keep_whole(value)
            self.run.memory.end_attempt(self.name)
        if event.kept:
            report.phase_completed(self.name)
        return value

    def _keep_whole(self, value: Any) -> Any:
        __tracebackhide__ = True
        phase = self.run.phase(self.name)
        count_purchases(phase, self.run.memory.find_attempt(self.name))
        return self._keep(value, phase)

    def _note_late(self, seconds: float) -> None:
        bound = self.options.timeout
        if bound is not None and seconds > bound and not self.awaitable:
            self._event.notes.append(report.late(self.name, seconds, bound))

    def _keep(self, value: Any, phase: PhaseCheckpoint) -> Any:
        __tracebackhide__ = True
        reason = self.restoring.reason_not_to_keep()
        if reason:
            return self._not_kept(value, phase, reason)
        try:
            encoded, given = values.encode(
                value, self.restoring.schema, secret_ok=self._secret_ok()
            )
        except values.NotKeptError as error:
            return self._not_kept(value, phase, str(error).removeprefix("milepost: "))
        self._write(phase, encoded)
        stored = encoded.data if encoded.content is None else encoded.content
        kept = values.record(encoded)
        again = partial(values.decode, stored, kept, self.restoring.schema)
        self._remember_done(again, encoded.sha256)
        return given

    def _secret_ok(self) -> tuple[str, ...]:
        return (*self.run.manager.settings.secret_ok, *self.options.secret_ok)

    def _write(self, phase: PhaseCheckpoint, encoded: values.Encoded) -> None:
        more = self.restoring.record(awaitable=self.awaitable)
        temporary = temporary_paths(self.run, encoded.data)
        if temporary:
            more["temporary"] = temporary
            self._event.notes.append(note_of(self.name, temporary))
        write = partial(_keep_once, self.run, phase, encoded, more)
        try:
            write()
            self._event.kept = True
        except MilepostError as error:
            self._event.word = words.NOT_KEPT
            self._event.notes.append(str(error).removeprefix("milepost: "))
            report.phase_not_kept(self.name, str(error))
            if isinstance(error, StoreError):
                self.run.unwritten.append(partial(self._write_late, write))

    def _write_late(self, write: Callable[[], None]) -> None:
        write()
        self._event.word, self._event.kept = words.RAN, True
        self._event.notes.append("written later: the store had refused it at first")

    def _not_kept(self, value: Any, phase: PhaseCheckpoint, reason: str) -> Any:
        __tracebackhide__ = True
        self._event.word = words.NOT_KEPT
        self._event.notes.append(reason)
        report.phase_not_kept(self.name, reason)
        try:
            with deferred_signals():
                attempts.set_back(phase, attempts.NOT_KEPT, reason.splitlines()[0])
                phase.milepost_unkept = value
                self.run.save()
        except MilepostError as error:
            self._event.notes.append(str(error))
        self._remember_done(lambda: value, "")
        if self.run.manager.settings.unkept == "fail":
            raise UnkeptError(self.name, reason)
        return value

    def _remember_done(self, again: Callable[[], Any], value_hash: str) -> None:
        inputs = self.restoring.inputs.hashes
        self.run.done[self.name] = Done(inputs=inputs, value=again, hash=value_hash)


def _keep_once(run: Run, phase: Any, encoded: Any, more: Any) -> None:
    """Keep a value; when that was refused before, only write what it left undone."""
    manager, document = run.manager, run.document()
    manager.store.sync_directory(run.test_id, run.durable)
    if phase.milepost_outcome == attempts.COMPLETED:
        manager.save_checkpoint(document)
    else:
        manager.keep(document, phase, encoded, more)


def _plain(fn: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(fn, partial):
        fn = fn.func
    return fn
