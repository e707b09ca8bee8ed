"""A run, as the steps and calls of its phases see it."""

import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from milepost import report
from milepost.errors import GoneError
from milepost.journal import Journal
from milepost.settings import Settings
from milepost.steps.context import begin_recording, end_recording
from milepost.steps.memory import Memory, Recording

if TYPE_CHECKING:
    from milepost.phases.run import Run


class RunHost:
    """Stands between what a run remembers and the run.

    Args:
        run: The run.
    """

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._lock = threading.Lock()
        self.test_id = run.test_id

    @property
    def settings(self) -> Settings:
        """Give the settings."""
        return self._run.manager.settings

    @cached_property
    def directory(self) -> Path:
        """Give the folder that is kept with the checkpoint, where it is or would be."""
        return self._run.manager.store.directory_path(self.test_id)

    def time_left(self) -> float | None:
        """Tell the seconds until the deadline; None without one."""
        return self._run.plan.time_left()

    @property
    def is_offline(self) -> bool:
        """Tell whether nothing may run."""
        return self._run.plan.mode == "offline"

    @property
    def _folder(self) -> Path:
        return self._run.manager.store.data_path(self.test_id)

    def open_journal(self) -> Journal:
        """Open the journal of the checkpoint, which is created for it.

        Raises:
            MilepostError: The store refuses, or the checkpoint is no longer this run's.
        """
        __tracebackhide__ = True
        run = self._run
        with run.lock:
            generation = run.document().generation
            lease = run.manager.writer.go_on(self.test_id)
            return Journal(
                self._folder,
                generation,
                fence=lease.fence,
                run=run.record.run,
                may_write=self._check_may_write,
            )

    def _check_may_write(self) -> None:
        __tracebackhide__ = True
        run = self._run
        run.manager.writer.go_on(self.test_id).check(self.test_id)
        if not run.manager.store.document_path(self.test_id).exists():
            raise GoneError(self.test_id, "Its file was removed.")

    def find_journal(self) -> bool:
        """Tell whether there may be a journal to read."""
        if self._run.checkpoint is None:
            return False
        return any(self._folder.glob("journal-*"))

    def check_usable(self) -> None:
        """Make sure that the run is not over, and is this process's."""
        __tracebackhide__ = True
        self._run.check_usable()

    def note(self, phase: str, text: str) -> None:
        """Say something to people, once."""
        with self._lock:
            record = self._run.record
            notes = record.event(phase).notes if phase else record.notes
            if text not in notes:
                notes.append(text)

    def count(self, phase: str, what: str, number: int) -> None:
        """Count something that the report tells."""
        with self._lock:
            told = self._run.record.event(phase)
            setattr(told, what, getattr(told, what) + number)

    def progress(self, phase: str, name: str, done: int, of: int, label: str) -> None:
        """Tell that an item of a ``step_map`` has finished; a restored one has no label."""
        with self._lock:
            self._run.record.event(phase).items[name] = done, of
        if label:
            report.item_finished(phase, name, done, of, label)

    def write_blob(self, content: bytes) -> str:
        """Keep a large value."""
        run = self._run
        lease = run.manager.writer.go_on(self.test_id)
        return run.manager.store.write_blob(self.test_id, content, lease)

    def read_blob(self, name: str) -> bytes:
        """Read a large value."""
        return self._run.manager.store.read_blob(self.test_id, name)


def memory_of(run: "Run") -> Memory:
    """Give what a run remembers of steps and calls.

    Args:
        run: The run.
    """
    plan = run.plan
    recording = Recording(
        record=plan.record, hosts=plan.record_hosts, ignore=plan.record_ignore
    )
    return Memory(host=RunHost(run), lock=run.lock, recording=recording)


def begin_memory(run: "Run") -> None:
    """Let the calls of a run be remembered, where that is asked for."""
    if run.plan.record:
        from milepost import recorder  # noqa: PLC0415 - only where calls are recorded

        recorder.start()
        begin_recording(run.memory)


def finish_calls(run: "Run") -> None:
    """Keep and say what is left of a run's calls, while it may still write."""
    if run.plan.record:
        from milepost import recorder  # noqa: PLC0415 - only where calls are recorded

        recorder.finish(run.memory)


def end_memory(run: "Run") -> None:
    """End what ``begin_memory`` began, and tell what was seen that nobody could keep."""
    memory, notes = run.memory, run.record.notes
    if run.plan.record:
        from milepost import recorder  # noqa: PLC0415 - only where calls are recorded

        end_recording(memory)
        recorder.stop()
    others = memory.count_others()
    if others:
        notes.append(report.steps_elsewhere(others))
    if memory.lost_calls:
        notes.append(report.calls_unattributed(memory.lost_calls))
    if memory.broken_lines:
        notes.append(report.journal_damaged(memory.broken_lines))
