"""What one run remembers of steps and calls: the journal, and what of it was given out."""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from milepost.journal import Journal
from milepost.steps.elsewhere import Elsewhere
from milepost.steps.finding import Schemas
from milepost.steps.flights import Flights
from milepost.steps.scope import Scope

if TYPE_CHECKING:
    from milepost.journal import Record
    from milepost.settings import Settings


class Host(Protocol):
    """The run, as steps and calls see it."""

    test_id: str

    @property
    def settings(self) -> "Settings":
        """Give the settings."""

    @property
    def directory(self) -> Path:
        """Give the folder that is kept with the checkpoint, where it is or would be."""

    def time_left(self) -> float | None:
        """Tell the seconds until the deadline; None without one."""

    @property
    def is_offline(self) -> bool:
        """Tell whether nothing may run."""

    def open_journal(self) -> Journal:
        """Open the journal of the checkpoint, which is created for it."""

    def find_journal(self) -> bool:
        """Tell whether there may be a journal to read."""

    def check_usable(self) -> None:
        """Make sure that the run is not over, and is this process's."""

    def note(self, phase: str, text: str) -> None:
        """Say something to people."""

    def count(self, phase: str, what: str, number: int) -> None:
        """Count something that the report tells."""

    def progress(self, phase: str, name: str, done: int, of: int, label: str) -> None:
        """Tell that an item of a ``step_map`` has finished; a restored one has no label."""

    def write_blob(self, content: bytes) -> str:
        """Keep a large value."""

    def read_blob(self, name: str) -> bytes:
        """Read a large value."""


@dataclass(kw_only=True)
class Recording:
    """What is to be recorded of HTTP calls.

    Attributes:
        record: Whether anything is.
        hosts: Hosts and base URLs beside those of the known LLM endpoints.
        ignore: Regular expressions of what does not count in a request.
    """

    record: bool = False
    hosts: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(eq=False, kw_only=True)
class Memory:
    """What one run remembers.

    Attributes:
        host: The run.
        lock: The run's lock.
        recording: What is to be recorded of HTTP calls.
        budget: What may be spent; None for no limit.
        flights: The steps and calls in flight.
        lost_calls: Calls of which nobody can tell to which phase they belong.
        sdk_retries: The most retries that an SDK was seen to be set to.
        unwritten: Writes that the store refused, to be tried again.
    """

    host: Host
    lock: threading.RLock
    recording: Recording = field(default_factory=Recording)
    budget: Any = None
    flights: Flights = field(default_factory=Flights)
    lost_calls: int = 0
    sdk_retries: int = 0
    unwritten: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pid = os.getpid()
        self.is_closed = False
        self.schemas = Schemas()
        self._journal: Journal | None = None
        self._elsewhere: Elsewhere | None = None
        self._phases: dict[str, Scope] = {}
        self.made: set[str] = set()
        self._attempts: list[Scope] = []

    @property
    def journal(self) -> Journal:
        """Give the journal; the checkpoint is created when it is first asked for."""
        with self.lock:
            if self._journal is None:
                self._journal = self.host.open_journal()
            return self._journal

    @property
    def generation(self) -> str:
        """Give the generation of the checkpoint."""
        return self.journal.generation

    def has(self, kind: str, key: str, *, dropped: bool = False) -> bool:
        """Tell whether there is any record of a key, without creating a checkpoint.

        Args:
            kind: The kind of record.
            key: The key.
            dropped: Count those that were dropped, too.
        """
        if self._journal is None and not self.host.find_journal():
            return False
        return self.journal.has(key, kind, dropped=dropped)

    def is_out(self, record: "Record") -> bool:
        """Tell whether a record may be given out: not before its maker has it."""
        return record.id in self.made or not self.journal.has_added(record.id)

    @property
    def record(self) -> bool:
        """Tell whether HTTP calls are recorded."""
        return self.recording.record

    @property
    def record_hosts(self) -> tuple[str, ...]:
        """Give the hosts and base URLs that are recorded besides."""
        return self.recording.hosts

    @property
    def record_ignore(self) -> tuple[str, ...]:
        """Give the regular expressions of what does not count in a request."""
        return self.recording.ignore

    @property
    def settings(self) -> "Settings":
        """Give the settings."""
        return self.host.settings

    @property
    def is_usable(self) -> bool:
        """Tell whether the run goes on, in this process."""
        return not self.is_closed and self.pid == os.getpid()

    def check_usable(self) -> None:
        """Make sure that the run goes on, in this process.

        Raises:
            RunClosedError: The test has ended.
            ForkedError: This is a forked child.
        """
        __tracebackhide__ = True
        self.host.check_usable()

    @cached_property
    def test_scope(self) -> Scope:
        """Give the scope of the test as a whole."""
        return Scope(self, ())

    def phase_scope(self, phase: str, attempt: int) -> Scope:
        """Give the scope of an attempt at a phase; the same one while it lasts.

        Args:
            phase: The phase's name.
            attempt: The attempt's number.
        """
        with self.lock:
            found = self._phases.get(phase)
            if found is None or found.is_over or found.attempt != attempt:
                found = self._phases[phase] = Scope(self, (phase,), attempt)
                found.is_first = all(each.phase != phase for each in self._attempts)
                self._attempts.append(found)
            return found

    def scopes(self) -> list[Scope]:
        """Give the attempts at phases of this run, and the test as a whole."""
        return [*self._attempts, self.test_scope]

    def expect_others(self, place: Path) -> None:
        """Let child processes count the steps that they call.

        Args:
            place: The file in which they do.
        """
        with self.lock:
            self._elsewhere = self._elsewhere or Elsewhere(place)

    def count_others(self) -> int:
        """Tell how many steps child processes have called, and end it."""
        with self.lock:
            elsewhere, self._elsewhere = self._elsewhere, None
        return elsewhere.end() if elsewhere else 0

    def find_attempt(self, phase: str) -> Scope | None:
        """Give the scope of the attempt at a phase that is under way."""
        return self._phases.get(phase)

    def end_attempt(self, phase: str) -> Scope | None:
        """End the attempt at a phase that is under way; give its scope."""
        with self.lock:
            scope = self._phases.pop(phase, None)
            if scope is not None:
                scope.is_over = True
            return scope

    @property
    def broken_lines(self) -> int:
        """Tell how many lines of the journal are damaged."""
        return self._journal.broken if self._journal is not None else 0

    def code_parts(self, codes: Mapping[str, None]) -> dict[str, str]:
        """Give the code parts that records name by their hashes.

        Args:
            codes: The hashes.
        """
        parts: dict[str, str] = {}
        for code in codes:
            for record in self.journal.find(code, "parts"):
                parts |= record.body.get("parts", {})
        return parts

    def flush(self) -> None:
        """Try again to write what the store refused.

        Raises:
            StoreError: It still does.
        """
        while self.unwritten:
            with self.lock:  # each is written once, whoever comes first
                if self.unwritten:
                    self.unwritten[0]()
                    del self.unwritten[0]

    def close(self) -> None:
        """End it: nothing is written from now on."""
        self.is_closed = True
        if self._journal is not None:
            self._journal.close()
