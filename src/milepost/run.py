"""One run: the execution of one test by one process, and its checkpoint."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from milepost import attempts, clock, report
from milepost.canonical import digest_plain
from milepost.checkpoint import PhaseCheckpoint, PhaseStatus, TestCheckpoint
from milepost.errors import (
    ForkedError,
    HeldError,
    MilepostError,
    OtherIdentityError,
    RunClosedError,
)
from milepost.events import FAILED, INTERRUPTED, RUNNING, RunRecord
from milepost.manager import CheckpointManager
from milepost.retry_config import RetryConfig

_inside: ContextVar[str | None] = ContextVar("milepost_phase", default=None)
_open_runs: set[tuple[str, str]] = set()


@dataclass(kw_only=True)
class Plan:
    """How a run treats what it finds.

    Attributes:
        test_name: The title shown to people.
        user_request: What the test asks of the system.
        identity: What makes the test this test; None for a checkpoint that the test
            made itself.
        mode: ``resume``, ``fresh``, ``require-fresh`` or ``offline``.
        drop_from: Begin again at this phase.
        retry: When to try a phase again.
        keep: ``failed`` or ``all``.
        time_left: Tells the seconds until the deadline; None without one.
    """

    test_name: str = ""
    user_request: str = ""
    identity: Mapping[str, Any] | None = None
    mode: str = "resume"
    drop_from: str = ""
    retry: RetryConfig = field(default_factory=RetryConfig)
    keep: str = "failed"
    time_left: Callable[[], float | None] = lambda: None


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
        self.record = RunRecord(test_id=test_id, run=manager.run, started_at=clock.now_at())
        self.done: dict[str, Done] = {}
        self.active: dict[str, threading.Thread] = {}
        self.unwritten: list[Callable[[], None]] = []
        self.lock = threading.RLock()
        self.closed = False
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
                self.manager.go_on(self.checkpoint)
            else:
                self.checkpoint = self._find()
        except BaseException:
            self._leave()
            raise

    def _enter(self) -> None:
        place = (str(self.manager.checkpoint_dir), self.test_id)
        if place in _open_runs:
            raise HeldError(self.test_id, f"this process {os.getpid()}", 0.0)
        _open_runs.add(place)

    def _leave(self) -> None:
        _open_runs.discard((str(self.manager.checkpoint_dir), self.test_id))

    def _find(self) -> TestCheckpoint | None:
        __tracebackhide__ = True
        manager = self.manager
        checkpoint = manager.hold(self.test_id)
        if manager.last_passed_at:
            self.record.notes.append(f"the last run passed ({manager.last_passed_at})")
        if checkpoint is None:
            return None
        self._compare_identity(checkpoint)
        if self.plan.mode in ("fresh", "require-fresh"):
            manager.store.shelve(self.test_id, checkpoint.generation or clock.new_id())
            return None
        if self.plan.drop_from:
            self._drop(checkpoint)
        report.checkpoint_found(checkpoint, manager.get_resume_phase(checkpoint))
        return checkpoint

    def _compare_identity(self, checkpoint: TestCheckpoint) -> None:
        __tracebackhide__ = True
        recorded = checkpoint.milepost.get("identity")
        wanted = dict(self.plan.identity or {})
        if recorded != wanted:
            names = sorted({*wanted, *(recorded or {})})
            differing = [n for n in names if (recorded or {}).get(n) != wanted.get(n)]
            why = "\n".join(
                f"{name}: {(recorded or {}).get(name)!r} there, {wanted.get(name)!r} here"
                for name in differing
            )
            raise OtherIdentityError(self.test_id, why)

    def _drop(self, checkpoint: TestCheckpoint) -> None:
        dropped = attempts.drop_from(checkpoint, self.plan.drop_from)
        if dropped:
            self.manager.save_checkpoint(checkpoint)
            self.record.notes.append(f"begun again at {dropped[0]}: {', '.join(dropped)}")

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
            report.checkpoint_created(self.test_id)
        return self.checkpoint

    def find_phase(self, name: str) -> PhaseCheckpoint | None:
        """Give what is saved of a phase, or None."""
        return self.checkpoint.phases.get(name) if self.checkpoint else None

    def phase(self, name: str) -> PhaseCheckpoint:
        """Give a phase of the document; it is added at its first mention."""
        phases = self.document().phases
        return phases.setdefault(name, PhaseCheckpoint(name))

    def flush(self) -> None:
        """Write what the store refused before.

        Raises:
            StoreError: It still does.
        """
        __tracebackhide__ = True
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

    def close(self, outcome: str) -> None:
        """End the run: remove the checkpoint of a test that passed, keep all others.

        Args:
            outcome: ``passed``, ``failed`` or ``interrupted``.
        """
        if not self.is_own_process or self.closed:
            return
        self._await_threads()
        self.closed = True
        self.record.outcome = outcome
        self.record.seconds = clock.monotonic() - self._started
        try:
            with self.lock:
                self._settle(outcome)
        except MilepostError as error:
            self.record.notes.append(str(error))
        finally:
            self._leave()
            self.manager.writer.release(self.test_id)

    def _await_threads(self) -> None:
        deadline = clock.monotonic() + self.manager.settings.drain
        for name, thread in list(self.active.items()):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - clock.monotonic()))
            if name in self.active:
                self.record.notes.append(f"{name} still ran when the test was over")

    def _settle(self, outcome: str) -> None:
        self._write_history()
        if self.checkpoint is None:
            return
        if outcome != "passed":
            self._interrupt_active()
            return
        if self.manager.checkpoint_exists(self.test_id) or not self._adopted:
            self.manager.end(self.checkpoint, passed=True)
            if self.plan.keep != "all":
                self.manager.writer.delete(self.test_id)

    def _write_history(self) -> None:
        if self.record.events:
            with suppress(MilepostError):
                self.manager.store.write_history(
                    self.test_id, self.record.run, self.record.to_dict()
                )

    def _interrupt_active(self) -> None:
        """Record what still ran as interrupted, and write what was not written yet."""
        checkpoint = self.document()
        running = [p for p in checkpoint.phases.values() if p.clock_started is not None]
        for phase in running:
            attempts.set_back(phase, attempts.INTERRUPTED)
            event = self.record.event(phase.phase_name)
            event.word = INTERRUPTED if event.word == RUNNING else event.word
        if running or self.unwritten or self.is_changed:
            self.unwritten.clear()
            self.manager.save_checkpoint(checkpoint)

    def blame_timeout(self, error: str) -> None:
        """Count what a timeout cancelled in this run as failed.

        Args:
            error: What the test's report says.
        """
        document, own = self.checkpoint, self.record.run
        for phase in document.phases.values() if document else ():
            last = phase.attempts[-1] if phase.milepost.get("attempts") else {}
            if document and last.get("run") == own and last.get("outcome") == INTERRUPTED:
                attempts.count_as_failed(document, phase, error)
                self.is_changed = True
                event = self.record.event(phase.phase_name)
                event.word, event.error = FAILED, error

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Mark the calling context as being inside a phase."""
        token = _inside.set(f"{id(self)}/{name}")
        try:
            yield
        finally:
            _inside.reset(token)

    def is_inside(self) -> bool:
        """Tell whether the calling context is inside a phase of this run."""
        return (_inside.get() or "").startswith(f"{id(self)}/")

    def add_cost(self, *, usd: float, tokens: int) -> None:
        """Add to what the running attempt cost.

        Args:
            usd: Money, in USD.
            tokens: Tokens bought.
        """
        name = (_inside.get() or "").partition("/")[2] or next(iter(self.active), "")
        phase = self.find_phase(name)
        if phase is not None and phase.milepost.get("attempts"):
            cost = phase.attempts[-1].setdefault("cost", {"usd": 0.0, "tokens": 0})
            cost["usd"] = round(cost["usd"] + usd, 6)
            cost["tokens"] += tokens


def value_hash(phase: PhaseCheckpoint) -> str:
    """Give the hash of a phase's stored value."""
    recorded = phase.milepost.get("value", {}).get("sha256")
    return str(recorded or digest_plain(phase.extra.get("result", phase.data)))
