"""How long it takes, and how much memory, until the first new step runs.

A phase has made so many steps and its process has died. What counts is the time from the
start of the next process to the moment at which a step runs that was not made before. The
limit is a process that decodes the same segment with ``json``, line by line, and keeps
nothing. Beside it:

* ``read_journal``: where each record lies is known, and none was decoded; or every one
  was asked for;
* ``step()`` in a phase, asked for none of the finished steps or for all of them;
* the peers, where they need no minutes (see ``_peers.py``): all of their steps.

A second table has larger values: what is not asked for must not be held in memory.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from _measure import (
    clean_environment,
    interleave,
    machine,
    milliseconds,
    ratio,
    rounds_wanted,
    show,
    spread,
)
from _peers import PEERS

from milepost.manager import CheckpointManager

ROOT = Path(__file__).resolve().parents[1]
PEERS_PYTHON = Path(os.environ.get("PEERS_PYTHON", ROOT / ".venv-bench/bin/python"))
NUMBERS = (1_000, 10_000, 100_000)
SIZES = (100, 1_000, 10_000)
ONE_SIZE, ONE_NUMBER, PEERS_NUMBER = 100, 10_000, 1_000
LIMIT = "limit: json"

WORK = """\
import os
import sys
import time
from pathlib import Path
from milepost.manager import CheckpointManager
from milepost.phases import Phase
from milepost.phases.plan import Plan
from milepost.phases.run import Run
from milepost.settings import Settings
from milepost.steps import step

from _peers import most_memory

ASKED, SIZE = int(sys.argv[1]), int(sys.argv[2])

made = []

def work(number):
    made.append(number)
    return {"number": number, "text": "x" * SIZE}

def new():
    print(time.monotonic(), most_memory(), len(made), flush=True)
    os._exit(0)

def pipeline():
    for number in range(ASKED):
        step("work", work, number)
    step("new", new)

settings = Settings(root=Path.cwd(), directory=Path.cwd() / "checkpoints")
manager = CheckpointManager(settings=settings)
checkpoint = manager.load_checkpoint("steps")
checkpoint = checkpoint or manager.create_checkpoint("Steps", "steps", "", ["steps"])
run = Run(manager, "steps", Plan(), checkpoint)
run.open()
Phase(run)("steps", pipeline)
"""
# Thousands of syncs would only make the preparation slow.
UNFINISHED = "import milepost.journal.open_segment as o; o._sync = lambda handle: None\n"
# The time first: the rest is no part of what is measured.
TELL = """\
print(time.monotonic(), end=" ")
from _peers import most_memory
print(most_memory(), 0)
"""
JSON = """\
import json, sys, time
with open(sys.argv[1], "rb") as file:
    for line in file:
        json.loads(line)
"""
READ = """\
import sys, time
from pathlib import Path
from milepost.journal import read_journal
segment, generation = Path(sys.argv[1]), sys.argv[2]
journal = read_journal(segment.parent, generation)
assert not journal.has("f" * 64, "step")
"""
ALL = f"{READ}for record in journal.records(): record.body\n"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What it took until the first new step.

    Attributes:
        seconds: From the start of the process.
        memory: The most that the process held, in bytes.
        again: How many of the finished steps were made again.
    """

    seconds: float
    memory: int
    again: int


def main() -> None:
    """Prepare all journals, measure all cases in every round, and print."""
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        journals = {
            (number, size): _Journal(Path(folder, f"{number}-{size}"), number, size)
            for number, size in [*((n, ONE_SIZE) for n in NUMBERS), *_sizes()]
        }
        found = interleave(
            {
                f"{number} {size} {name}": case
                for (number, size), journal in journals.items()
                for name, case in journal.cases().items()
            },
            rounds_wanted(5),
        )
    for (number, size), journal in journals.items():
        prefix = f"{number} {size} "
        samples = {
            k.removeprefix(prefix): v for k, v in found.items() if k.startswith(prefix)
        }
        _print(journal, samples)


def _sizes() -> list[tuple[int, int]]:
    return [(ONE_NUMBER, size) for size in SIZES if size != ONE_SIZE]


def _print(journal: "_Journal", found: dict[str, list[Sample]]) -> None:
    print()
    limit = [one.seconds for one in found[LIMIT]]
    rows = []
    for name, samples in found.items():
        seconds = [one.seconds for one in samples]
        memory = f"{spread([one.memory for one in samples]).median / 1e6:.0f} MB"
        spent = milliseconds(spread(seconds).median)
        again = max(one.again for one in samples)
        rows.append([name, spent, memory, again, f"{ratio(seconds, limit):.2f}"])
    title = f"{journal.number:,} steps, {journal.size / 1e6:.1f} MB"
    show([title, "first new step", "memory", "made again", "ratio"], rows)


class _Journal:
    """A checkpoint whose process died after so many steps, and those who go on with it."""

    def __init__(self, folder: Path, number: int, value_size: int) -> None:
        self.folder = folder
        self.number = number
        self.value_size = value_size
        self._count = 0
        folder.mkdir()
        (folder / "work.py").write_text(WORK)
        self._prepare()
        (self.segment,) = folder.rglob("journal-*.jsonl")
        self.size = self.segment.stat().st_size
        manager = CheckpointManager(folder / "checkpoints")
        checkpoint = manager.load_checkpoint("steps")
        assert checkpoint is not None
        self.generation = checkpoint.generation
        manager.close()

    def _prepare(self) -> None:
        command = [sys.executable, "-c", f"{UNFINISHED}import work", *self._arguments()]
        quiet = subprocess.DEVNULL
        subprocess.run(command, cwd=self.folder, env=_paths(), check=True, stdout=quiet)

    def _arguments(self, number: int | None = None) -> list[str]:
        return [str(self.number if number is None else number), str(self.value_size)]

    def cases(self) -> dict[str, Callable[[], Sample]]:
        """Give the processes by name."""
        known = [str(self.segment), str(self.generation)]
        cases: dict[str, Callable[[], Sample]] = {
            LIMIT: partial(self._run, ["-c", JSON + TELL, *known]),
            "read_journal, none": partial(self._run, ["-c", READ + TELL, *known]),
            "read_journal, all": partial(self._run, ["-c", ALL + TELL, *known]),
            "step(), none": partial(self._go_on, 0),
            "step(), all": partial(self._go_on, self.number),
        }
        if self.number == PEERS_NUMBER and PEERS_PYTHON.is_file():
            cases |= {name: partial(self._peer, name) for name in PEERS}
        return cases

    def _run(self, arguments: list[str], folder: Path | None = None) -> Sample:
        return _sample([sys.executable, *arguments], folder or self.folder)

    def _go_on(self, asked: int) -> Sample:
        """Go on with a copy of the checkpoint; its large files are only linked."""
        folder = self._new_folder()
        shutil.copytree(
            self.folder / "checkpoints", folder / "checkpoints", copy_function=os.link
        )
        shutil.copy(self.folder / "work.py", folder)
        return self._run(["-c", "import work", *self._arguments(asked)], folder)

    def _new_folder(self) -> Path:
        self._count += 1
        folder = self.folder / str(self._count)
        folder.mkdir()
        return folder

    def _peer(self, name: str) -> Sample:
        folder = self._new_folder()
        script = str(Path(__file__).with_name("_peers.py"))
        command = [str(PEERS_PYTHON), script, name]
        rest = [str(self.number), str(folder)]
        subprocess.run([*command, "unfinished", *rest], check=True, capture_output=True)
        return _sample([*command, "resumed", *rest], folder)


def _paths() -> dict[str, str]:
    return clean_environment(PYTHONPATH=str(Path(__file__).parent))


def _sample(command: list[str], folder: Path) -> Sample:
    output = folder / "output"
    with output.open("w") as file:
        began = time.monotonic()
        code = subprocess.call(command, cwd=folder, stdout=file, stderr=file, env=_paths())
    text = output.read_text()
    if code:
        raise SystemExit(f"{' '.join(command)} failed:\n{text}")
    ended, memory, again = text.splitlines()[-1].split()
    return Sample(seconds=float(ended) - began, memory=int(memory), again=int(again))


if __name__ == "__main__":
    main()
