"""A checkpoint's journal and a run that records, without a pytest of their own."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from milepost import recorder
from milepost.errors import MilepostError
from milepost.journal import Journal, Record, read_journal
from milepost.settings import Settings
from milepost.steps.context import active, begin_recording, end_recording
from milepost.steps.memory import Memory, Recording
from milepost.steps.scope import Scope

GENERATION = "0123456789abcdef"


class Host:
    """Stands for the run of a test."""

    test_id = "test_of_the_recorder"

    def __init__(self, world: "World", fence: int) -> None:
        self.world = world
        self.fence = fence
        self.notes: list[str] = []
        self.counts: Counter[str] = Counter()
        self.is_offline = False
        self.settings = world.settings
        self.directory = world.folder / "directory"
        self.refused: MilepostError | None = None

    def time_left(self) -> float | None:
        """Give no deadline."""
        return None

    def open_journal(self) -> Journal:
        """Open the journal, a segment of its own for each run."""
        return Journal(
            self.world.folder,
            GENERATION,
            fence=self.fence,
            run=f"run{self.fence}",
            may_write=self._may_write,
        )

    def _may_write(self) -> None:
        if self.refused is not None:
            raise self.refused

    def find_journal(self) -> bool:
        """Tell whether there is one."""
        return any(self.world.folder.glob("journal-*"))

    def check_usable(self) -> None:
        """Let everything be written, unless told otherwise."""
        self._may_write()

    def note(self, phase: str, text: str) -> None:
        """Collect what is said to people."""
        if text not in self.notes:
            self.notes.append(text)

    def count(self, phase: str, what: str, number: int) -> None:
        """Count."""
        self.counts[what] += number

    def progress(self, phase: str, name: str, done: int, of: int, label: str) -> None:
        """Ignore it: no item is mapped here."""

    def write_blob(self, content: bytes) -> str:
        """Keep a large value."""
        name = f"{len(content)}"
        (self.world.folder / name).write_bytes(content)
        return name

    def read_blob(self, name: str) -> bytes:
        """Read a large value."""
        return (self.world.folder / name).read_bytes()


@dataclass
class RunOf:
    """One run, and the attempt of a phase in it."""

    memory: Memory
    host: Host
    scope: Scope

    @property
    def notes(self) -> str:
        """Give what was said to people."""
        return "\n".join(self.host.notes)

    @property
    def bought(self) -> int:
        """Count the calls that were bought."""
        return self.host.counts["calls_bought"]

    @property
    def replayed(self) -> int:
        """Count the calls that were replayed."""
        return self.host.counts["calls_replayed"]


@dataclass
class World:
    """A folder with a journal, in which one run comes after another.

    Attributes:
        folder: Where the journal lies.
        settings: Those of all runs.
        hosts: Hosts that are recorded besides.
        ignore: Regular expressions of what does not count.
        runs: How many runs there have been.
    """

    folder: Path
    settings: Settings
    hosts: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    runs: int = 0
    budget: Any = None
    all_notes: list[str] = field(default_factory=list)

    @contextmanager
    def run(self, *, phase: str = "ask") -> Iterator[RunOf]:
        """Open a run that records, and an attempt at a phase; another one each time."""
        self.runs += 1
        host = Host(self, self.runs)
        recording = Recording(record=True, hosts=self.hosts, ignore=self.ignore)
        memory = Memory(
            host=host, lock=threading.RLock(), recording=recording, budget=self.budget
        )
        scope = memory.phase_scope(phase, self.runs)
        recorder.start()
        begin_recording(memory)
        try:
            with active(scope):
                yield RunOf(memory, host, scope)
        finally:
            memory.flights.drain(scope, 5)
            memory.end_attempt(phase)
            recorder.finish(memory)
            end_recording(memory)
            recorder.stop()
            memory.close()
            self.all_notes += host.notes

    def ask_twice(self, ask: Callable[[], Any]) -> tuple[Any, Any, RunOf]:
        """Do something in two runs; gives both results and the second run."""
        with self.run():
            first = ask()
        with self.run() as second:
            return first, ask(), second

    def records(self, *kinds: str) -> list[Record]:
        """Read the journal."""
        return list(read_journal(self.folder, GENERATION).records(*kinds))

    def bytes(self) -> bytes:
        """Give every byte on disk."""
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        return b"".join(path.read_bytes() for path in paths)
