"""Find out whether what is saved of a phase is still valid, and give its value."""

from collections.abc import Iterator, Mapping
from typing import Any

from milepost import attempts, clock, report, values
from milepost.checkpoint import PhaseCheckpoint, PhaseStatus
from milepost.errors import (
    CouldNotLookError,
    CrashLoopError,
    DamagedValueError,
    DeadlineError,
    MilepostError,
    OfflineError,
    RepeatedPhaseError,
)
from milepost.events import PhaseEvent
from milepost.fingerprint import (
    RULE,
    CouldNotRecordError,
    Inputs,
    changed_inputs,
    fingerprint_of,
    inputs_of,
)
from milepost.fingerprint.modules import changed_modules, modules_of
from milepost.phases.directory import is_below_directory
from milepost.phases.forerunners import KEY, doubts, failed_before
from milepost.phases.kept import is_kept
from milepost.phases.options import Call, PhaseOptions
from milepost.phases.pointers import why_lost
from milepost.phases.run import Done, Run
from milepost.phases.validity import Basis, why_stale
from milepost.stores.history import read_history
from milepost.values.schema import Schema, schema_of
from milepost.words import NOT_KEPT, RAN, RESTORED

_AFTER = "phase "
_MEASURED = (attempts.COMPLETED, attempts.FAILED, attempts.NOT_KEPT)


class Restoring:
    """What one call of a phase depends on, and what is saved of it.

    Args:
        run: The run it belongs to.
        call: The name, the function and its arguments.
        options: The phase's settings.
    """

    def __init__(self, run: Run, call: Call, options: PhaseOptions) -> None:
        self.run = run
        self.call = call
        self.options = options
        self.inputs = Inputs(hashes={}, live={}, parts={}, volatile={})
        self.schema: Schema | None = None
        self.parts: Mapping[str, str] = {}
        self.unrecorded: MilepostError | None = None
        self.value: Any = None
        self.awaitable = False

    @property
    def _name(self) -> str:
        return self.call.name

    @property
    def _event(self) -> PhaseEvent:
        return self.run.record.event(self._name)

    def check_name(self) -> None:
        """Make sure that no phase of this name is running.

        Raises:
            RepeatedPhaseError: One is.
        """
        __tracebackhide__ = True
        if self._name in self.run.active:
            raise RepeatedPhaseError(self._name, [])

    def find(self) -> bool:
        """Look for a valid value.

        Returns:
            True if there is one, in ``value``; otherwise the phase may run.

        Raises:
            MilepostError: It may not run, or nobody could look.
        """
        __tracebackhide__ = True
        if self.options.always:
            self._event.always = True
            self._check_limits()
            return False
        self._look()
        if self._name in self.run.done:
            self._give_again(self.run.done[self._name])
            return True
        stale = self._stale_reasons()
        if not stale and self.value is not _NOTHING:
            return True
        self._check_may_run(stale)
        self._note_run(stale)
        return False

    def _look(self) -> None:
        """Read what the value depends on, as of now."""
        __tracebackhide__ = True
        call, options = self.call, self.options
        returns = {} if options.returns is ... else {"returns": options.returns}
        try:
            self.schema = schema_of(call.fn, **returns)
            self.parts = fingerprint_of(call.fn, root=self._root).parts
            self.inputs = self._read_inputs()
        except CouldNotRecordError as error:
            self.unrecorded = error
        except MilepostError as error:
            # It says where in the test to look; frames of ours would only hide that.
            raise error.with_traceback(None) from error.__cause__

    @property
    def _root(self) -> Any:
        return self.run.manager.settings.root

    def _read_inputs(self) -> Inputs:
        call, options = self.call, self.options
        if options.after:
            hashes = {_AFTER + n: h for n, h in self.run.value_hashes().items()}
            return Inputs(hashes=hashes, live={}, parts={}, volatile={})
        return inputs_of(
            call.fn,
            call.args,
            call.kwargs,
            root=self._root,
            ignore=options.ignore,
            extra=options.inputs,
            is_kept=self._is_kept,
            directory=self.run.manager.store.directory_path(self.run.test_id),
        )

    def _is_kept(self, atom: object) -> bool:
        run = self.run
        return is_below_directory(run, atom) or is_kept(atom, run.checkpoint)

    def _basis(self, *, recorded: bool = False) -> Basis:
        inputs = self.inputs.hashes
        if recorded and self.options.after:
            in_document = self.run.value_hashes(of_document=True)
            inputs = {_AFTER + name: found for name, found in in_document.items()}
        return Basis(
            inputs=inputs,
            rule=RULE,
            parts={**self.parts, **self.inputs.parts},
            schema=self.schema.hash if self.schema else None,
            live=self.inputs.live,
            partial=self.options.after,
        )

    def _give_again(self, done: Done) -> None:
        __tracebackhide__ = True
        now = self.inputs.hashes
        changed = [n for n in {**done.inputs, **now} if done.inputs.get(n) != now.get(n)]
        if changed and not self.options.after:
            raise RepeatedPhaseError(self._name, changed)
        self.value = done.value()
        phase = self.run.find_phase(self._name)
        self.awaitable = bool(phase and phase.milepost.get("awaitable"))

    def _stale_reasons(self) -> list[str]:
        """Restore the newest valid value, or tell why there is none."""
        __tracebackhide__ = True
        self.value = _NOTHING
        phase = self.run.find_phase(self._name)
        reasons: list[str] = []
        for number, kept in _candidates(phase):
            why = self._why_not(kept)
            if not why:
                self._restore(phase, number)  # type: ignore[arg-type]
                return []
            reasons = reasons or (why if number is None else [])
        return reasons

    def _why_not(self, kept: Mapping[str, Any]) -> list[str]:
        """Tell why a kept value is not to be given; sets ``value`` where it is."""
        __tracebackhide__ = True
        if self.unrecorded:
            raise CouldNotLookError(self._name, self.unrecorded.why) from self.unrecorded
        reasons = why_stale(kept, self._basis(recorded=True))
        if self.inputs.live and self.run.manager.settings.live == "stale":
            reasons.append(f"live: {', '.join(self.inputs.live)} (milepost_live = stale)")
        reasons += changed_modules(kept.get("steps", {}), self._root)
        return reasons or self._why_no_value(kept)

    def _why_no_value(self, kept: Mapping[str, Any]) -> list[str]:
        __tracebackhide__ = True
        manager, record = self.run.manager, kept["value"]
        try:
            stored = manager.read_value(self.run.test_id, record, kept["place"])
            value = values.decode(stored, record, self.schema)
        except DamagedValueError as error:
            if "blob" in record:
                manager.store.set_blob_aside(self.run.test_id, str(record["blob"]))
            return [f"its stored value is damaged: {error.reason}"]
        except values.SchemaChangedError:
            return ["the type of its value changed"]
        lost = why_lost(self.run, kept, None if isinstance(stored, bytes) else stored)
        if lost:
            return lost
        if self.options.verify and not self._verify(value):
            return ["verify said no"]
        self.value = value
        return []

    def _verify(self, value: Any) -> bool:
        __tracebackhide__ = True
        try:
            return bool(self.options.verify(value))  # type: ignore[misc]
        except Exception as error:
            reason = f"verify raised {type(error).__name__}: {error}"
            raise CouldNotLookError(self._name, reason) from error

    def _restore(self, phase: PhaseCheckpoint, number: int | None) -> None:
        if number is not None:
            attempts.take_back(phase, number)
            self.run.is_changed = True
        self.awaitable = bool(phase.milepost.get("awaitable"))
        record = phase.milepost["value"]
        place = _place_of(phase)
        event = self._event
        event.word, event.kept = RESTORED, True
        event.saved_seconds = phase.duration_seconds or 0.0
        event.cost_usd = cost_of(phase)
        event.age_seconds = (
            clock.age_seconds(phase.completed_at) if phase.completed_at else 0.0
        )
        self.note_live()
        event.notes += doubts(self.run, self._name, phase.milepost)
        self.run.done[self._name] = Done(
            inputs=self.inputs.hashes,
            value=lambda: self._value_again(record, place),
            hash=str(record.get("sha256")),
        )
        report.phase_restored(self._name)

    def _value_again(self, record: Mapping[str, Any], place: Any) -> Any:
        stored = self.run.manager.read_value(self.run.test_id, record, place)
        return values.decode(stored, record, self.schema)

    def _check_may_run(self, stale: list[str]) -> None:
        __tracebackhide__ = True
        if self.run.plan.mode == "offline":
            missing = "Nothing is saved of it"
            raise OfflineError(self._name, f"It is stale: {stale[0]}" if stale else missing)
        self._check_limits()
        phase = self.run.find_phase(self._name)
        limit = self.run.manager.settings.max_crashes
        crashes = attempts.crashes_in_a_row(phase) if phase else []
        if limit and len(crashes) >= limit and not self._has_gained(crashes[:limit]):
            raise CrashLoopError(self._name, len(crashes))

    def _has_gained(self, numbers: list[int]) -> bool:
        """Tell whether any of some attempts has finished a step or a call."""
        memory = self.run.memory
        return memory.host.find_journal() and any(
            record.attempt in numbers and record.path[:1] == (self._name,)
            for record in memory.journal.records("step", "call")
        )

    def _check_limits(self) -> None:
        """Make sure that time and money are left for a phase to begin."""
        __tracebackhide__ = True
        if self.run.memory.budget is not None:
            self.run.memory.budget.check(f"phase {self._name!r}")
        left = self.run.plan.time_left()
        if left is None:
            return
        longest = longest_seconds(self.run, self._name)
        reason = "the deadline has passed" if left <= 0 else ""
        if longest > left > 0:
            reason = f"it has taken up to {longest:.1f} s, and {left:.1f} s are left"
        if reason:
            error = DeadlineError(self._name, reason)
            self.run.stopped = f"{error.what} The next run goes on from there"
            raise error

    def _note_run(self, stale: list[str]) -> None:
        if stale:
            more = f" (+{len(stale) - 1} more)" if len(stale) > 1 else ""
            self._event.notes.append(f"{self._name} is stale: {stale[0]}{more}")
            report.phase_stale(self._name, stale)
        self.note_inputs()

    def note_live(self) -> None:
        """Say which inputs count by their type only."""
        for name, kind in self.inputs.live.items():
            self._event.notes.append(report.live_input(self._name, name, kind))

    def note_inputs(self) -> None:
        """Say which inputs count by their type only, and which are never the same."""
        self.note_live()
        for name, reason in self.inputs.volatile.items():
            self._event.notes.append(f"{self._name}: input {name} {reason}")

    def reason_not_to_keep(self) -> str:
        """Tell why the value cannot be kept, whatever it is; empty if it can."""
        if self.unrecorded:
            return f"{self.unrecorded.what} {self.unrecorded.why}\n{self.unrecorded.cure}"
        attempt = self.run.memory.find_attempt(self._name)
        if attempt is not None and attempt.misses_answer:
            return report.ANSWER_MISSING
        if self.options.after:
            return ""
        changed = changed_inputs(self.inputs, self._read_inputs())
        if not changed:
            return ""
        return (
            f"it changed its input {', '.join(changed)}\n"
            "A restored phase would not change it again.\n"
            "Return the changed value, and use what was returned."
        )

    def record(self, *, awaitable: bool) -> dict[str, Any]:
        """Give what stands beside the value in the document."""
        known = {found: name for name, found in self.run.value_hashes().items()}
        hashes = self.inputs.hashes.values()
        consumed = list(dict.fromkeys(known[found] for found in hashes if found in known))
        failed = failed_before(self.run, self._name)
        more: dict[str, Any] = {KEY: failed} if failed else {}
        steps = self._code_of_steps()
        more |= {"steps": steps} if steps else {}
        basis = self._basis().to_record()
        return basis | more | {"awaitable": awaitable, "consumed": consumed}

    def _code_of_steps(self) -> dict[str, str]:
        """Hash the code of the steps whose values were used, where only they led to it."""
        memory = self.run.memory
        scope = memory.find_attempt(self._name)
        parts = memory.code_parts(scope.codes) if scope and scope.codes else {}
        return modules_of([name for name in parts if name not in self.parts], self._root)


class _Nothing:
    """Marks that no value was found; None is a value."""


_NOTHING = _Nothing()


def _candidates(
    phase: PhaseCheckpoint | None,
) -> Iterator[tuple[int | None, Mapping[str, Any]]]:
    """Give what may be restored: the phase's own value, then earlier ones, newest first."""
    if phase is None:
        return
    if phase.status == PhaseStatus.COMPLETED:
        yield None, phase.milepost | {"place": _place_of(phase)}
    found = list(enumerate(phase.milepost.get("earlier", [])))
    for number, kept in reversed(found):
        if kept.get("reason") == "stale" and "value" in kept:
            yield number, kept | {"place": kept.get("data")}


def _place_of(phase: PhaseCheckpoint) -> Any:
    flat = phase.milepost.get("value", {}).get("form", "flat") == "flat"
    return phase.milepost_data if flat else phase.milepost_extra.get("result")


def cost_of(phase: PhaseCheckpoint) -> float:
    """Tell what the attempts at a phase cost in USD, as far as it was said."""
    recorded = sum(
        a.get("cost", {}).get("usd", 0.0) for a in phase.milepost.get("attempts", [])
    )
    told = phase.milepost_data.get("total_cost_usd")
    said = told if isinstance(told, int | float) and not isinstance(told, bool) else 0.0
    return float(recorded or said)


def longest_seconds(run: Run, name: str) -> float:
    """Tell the longest that a phase is known to have taken, in seconds.

    How long one would have taken that was interrupted is not known.
    """
    phase = run.find_phase(name)
    found = phase.milepost_attempts if phase else []
    known = [a.get("seconds") for a in found if a.get("outcome") in _MEASURED]
    for record in read_history(run.manager.checkpoint_dir, run.test_id):
        events = [e for e in record.get("phases", []) if e.get("phase") == name]
        known += [e.get("seconds") for e in events if e.get("word") in (RAN, NOT_KEPT)]
    return max([float(seconds) for seconds in known if seconds], default=0.0)
