"""One run: the execution of one test by one process, and its checkpoint."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milepost import clock, report
from milepost.canonical import digest_plain
from milepost.checkpoint import PhaseCheckpoint, PhaseStatus, TestCheckpoint
from milepost.errors import ForkedError, HeldError, MilepostError, RunClosedError
from milepost.events import RunRecord
from milepost.manager import CheckpointManager
from milepost.phases.active import ActivePhase
from milepost.phases.cleaning import Cleaning, finish_cleanups, has_cleanups
from milepost.phases.hosting import begin_memory, end_memory, finish_calls, memory_of
from milepost.phases.interruption import blame_timeout, interrupt_active
from milepost.phases.opening import adopt, find, note_earlier_lives
from milepost.phases.plan import Plan
from milepost.phases.spending import charge_run, open_budget
from milepost.steps.context import active, context_scope
from milepost.stores.history import write_history
from milepost.stores.signals import deferred_signals
from milepost.words import INTERRUPTED

_open_runs: set[tuple[str, str]] = set()


@dataclass(kw_only=True)
class Done:
    """A phase that has completed in this run.

    Attributes:
        inputs: Hash by input, by which a second call of the name is judged.
        value: Gives the value again.
        hashes: By what the value is known as an input of others.
    """

    inputs: Mapping[str, str]
    value: Callable[[], Any]
    hash: str


class Run:
    """One execution of one test; the only one that writes its checkpoint.

    Args:
        manager: The checkpoints' folder.
        test_id: The checkpoint.
        plan: How the run treats what it finds.
        checkpoint: The document, where the test made or loaded it itself.
    """

    def __init__(
        self,
        manager: CheckpointManager,
        test_id: str,
        plan: Plan,
        checkpoint: TestCheckpoint | None = None,
    ) -> None:
        self.manager = manager
        self.test_id = test_id
        self.plan = plan
        self.checkpoint = checkpoint
        self.record = RunRecord(
            test_id=test_id,
            run=manager.run,
            directory=str(manager.checkpoint_dir),
            started_at=clock.now_at(),
        )
        self.done: dict[str, Done] = {}
        self.active: dict[str, ActivePhase] = {}
        self.unwritten: list[Callable[[], None]] = []
        self.cleaning = Cleaning()
        self.durable: dict[Path, tuple[int, int]] = {}
        self.lock = threading.RLock()
        self.memory = memory_of(self)
        self.closed = False
        self.settled = False
        self.stopped = ""
        self.stops_session = True
        self.fixtures_gone = False
        self.is_changed = False
        self._pid = os.getpid()
        self._started = clock.monotonic()
        self._adopted = checkpoint is not None

    def open(self) -> None:
        """Take the lease and find out where the test stands.

        Raises:
            HeldError: Another run works on this test.
            BadCheckpointError: The file is not what milepost wrote.
            OtherIdentityError: The file belongs to another test.
        """
        __tracebackhide__ = True
        self._enter()
        try:
            if self._adopted and self.checkpoint:
                adopt(self, self.checkpoint)
            else:
                self.checkpoint = find(self)
            note_earlier_lives(self)
            self.memory.budget = open_budget(self)
            begin_memory(self)
        except BaseException:
            self._leave()
            self.manager.writer.release(self.test_id)
            raise

    def _enter(self) -> None:
        place = (str(self.manager.checkpoint_dir), self.test_id)
        if place in _open_runs:
            raise HeldError(self.test_id, f"this process {os.getpid()}", 0.0)
        _open_runs.add(place)

    def _leave(self) -> None:
        self.memory.close()
        _open_runs.discard((str(self.manager.checkpoint_dir), self.test_id))

    @property
    def is_own_process(self) -> bool:
        """Tell whether this is the process of the run, not a forked child's copy."""
        return os.getpid() == self._pid

    def check_usable(self) -> None:
        """Make sure that a phase may be called now.

        Raises:
            RunClosedError: The test has ended.
            ForkedError: This is a forked child.
        """
        __tracebackhide__ = True
        if not self.is_own_process:
            raise ForkedError(self.test_id)
        if self.closed:
            raise RunClosedError(self.test_id)

    def document(self) -> TestCheckpoint:
        """Give the checkpoint; it is created when the first phase needs it."""
        __tracebackhide__ = True
        if self.checkpoint is None:
            plan = self.plan
            self.checkpoint = self.manager.create_checkpoint(
                plan.test_name, self.test_id, plan.user_request, (), identity=plan.identity
            )
            if plan.tests:  # written with the first phase
                self.checkpoint.milepost["tests"] = dict(plan.tests)
            report.checkpoint_created(self.test_id)
        return self.checkpoint

    def find_phase(self, name: str) -> PhaseCheckpoint | None:
        """Give what is saved of a phase, or None."""
        return self.checkpoint.phases.get(name) if self.checkpoint else None

    def phase(self, name: str) -> PhaseCheckpoint:
        """Give a phase of the document; it is added at its first mention."""
        phases = self.document().phases
        return phases.setdefault(name, PhaseCheckpoint(name))

    def save(self) -> None:
        """Write the document; what is refused now is written when the run ends.

        Raises:
            MilepostError: The store refuses, or the document is no longer this run's.
        """
        __tracebackhide__ = True
        self.is_changed = True
        self.manager.save_checkpoint(self.document())
        self.is_changed = False

    def flush(self) -> None:
        """Write what the store refused before.

        Raises:
            StoreError: It still does.
        """
        __tracebackhide__ = True
        self.memory.flush()
        while self.unwritten:
            self.unwritten[0]()
            del self.unwritten[0]

    def value_hashes(self, *, of_document: bool = False) -> dict[str, str]:
        """Give the hashes of completed phases' values, by phase.

        Args:
            of_document: All that the document holds; otherwise those of this run.
        """
        if not of_document:
            return {name: done.hash for name, done in self.done.items()}
        phases = self.checkpoint.phases if self.checkpoint else {}
        completed = PhaseStatus.COMPLETED
        return {n: value_hash(p) for n, p in phases.items() if p.status == completed}

    def shut(self, timeout: str = "", *, drain: bool = True) -> None:
        """End the phases that are still active: nothing of this run is kept from now on.

        A thread is awaited; a coroutine is cancelled in its own loop.

        Args:
            timeout: What the test's report says, where it failed of a timeout: what
                that cut off has failed.
            drain: Whether to await threads.
        """
        if self.closed or not self.is_own_process:
            return
        self._await_threads(self.manager.settings.drain if drain else 0.0)
        finish_calls(self)
        self.closed = True
        end_memory(self)
        for name, phase in list(self.active.items()):
            phase.stop()
            self.record.notes.append(
                f"{name} still ran when the test was over: what it gives is not kept"
            )
        with self.lock, deferred_signals():
            self._write_refused()
            interrupt_active(self)
            if timeout:
                blame_timeout(self, timeout)
        charge_run(self)

    def _await_threads(self, seconds: float) -> None:
        deadline = clock.monotonic() + seconds
        for phase in list(self.active.values()):
            phase.await_end(deadline - clock.monotonic())
        self.memory.flights.drain(None, max(0.0, deadline - clock.monotonic()))

    def _write_refused(self) -> None:
        """Try for the last time to write what the store refused."""
        self.is_changed = self.is_changed or bool(self.unwritten)
        with suppress(MilepostError):
            self.flush()
        self.unwritten.clear()

    def blame_timeout(self, error: str) -> None:
        """Count as failed what a timeout cut off, where the run goes on.

        Args:
            error: What the test's report says.
        """
        with self.lock, deferred_signals():
            if not self.closed:
                blame_timeout(self, error)

    def close(self, outcome: str) -> None:
        """End the run: remove the checkpoint of a test that passed, keep all others.

        Args:
            outcome: ``passed``, ``failed`` or ``interrupted``.
        """
        if not self.is_own_process or self.settled:
            return
        self.shut(drain=outcome != INTERRUPTED)
        self.settled = True
        self.record.outcome = outcome
        self.record.seconds = clock.monotonic() - self._started
        try:
            with self.lock, deferred_signals():
                goes = self._settle(outcome)
                if goes and not has_cleanups(self):
                    self._delete()
                    return
            # They may take minutes: signals are not held up.
            if goes and finish_cleanups(self):
                self._delete()
        except MilepostError as error:
            self.record.notes.append(str(error))
        finally:
            self._leave()
            self.manager.writer.release(self.test_id)

    def _settle(self, outcome: str) -> bool:
        """Write how the run ended; tell whether the checkpoint goes."""
        self._write_history()
        if outcome != "passed":
            self.record.notes += self.cleaning.lost
            if self.checkpoint and self.is_changed:
                self.manager.save_checkpoint(self.checkpoint)
            return False
        if self.checkpoint is None:
            # A fresh life without a phase: what it was to replace goes with it.
            return bool(
                self.manager.store.shelved(self.test_id) or self.cleaning.unrecorded
            )
        if self._adopted and not self.manager.checkpoint_exists(self.test_id):
            return False
        self.manager.end(self.checkpoint, passed=True)
        return True

    def _delete(self) -> None:
        if self.plan.keep == "all" and self.checkpoint is not None:
            return
        passed_at = self.checkpoint.passed_at if self.checkpoint else None
        with self.lock, deferred_signals():
            self.manager.writer.delete(self.test_id, passed_at)

    def _write_history(self) -> None:
        if self.record.events or self.record.outside.to_dict():
            with suppress(MilepostError):
                folder, record = self.manager.checkpoint_dir, self.record.to_dict()
                write_history(folder, self.test_id, self.record.run, record)

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Mark the calling context as being inside a phase."""
        phase, memory = self.find_phase(name), self.memory
        scope = memory.phase_scope(name, phase.retry_count if phase else 0)
        folder = self.manager.store.data_path(self.test_id)
        memory.expect_others(folder / f"elsewhere-{self.record.run}")
        with active(scope):
            yield

    def is_inside(self) -> bool:
        """Tell whether the calling context is inside a phase of this run."""
        scope = context_scope()
        return scope is not None and scope.memory is self.memory


def value_hash(phase: PhaseCheckpoint) -> str:
    """Give the hash of a phase's stored value."""
    recorded = phase.milepost.get("value", {}).get("sha256")
    return str(
        recorded or digest_plain(phase.milepost_extra.get("result", phase.milepost_data))
    )
