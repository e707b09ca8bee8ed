"""What it costs to commit a phase, beside the fewest system calls that are as durable.

The limit is a bare replacement: write to a temporary file, ``fsync``, ``rename``,
``fsync`` of the directory, with the bytes of the same document and in the same folder. A
phase costs two of them: the document that says that it has begun, and the one that holds
its value. The checkpoint has seven phases, six of them finished, as that of the example
pipeline.

Bare writes and ours alternate within a round, in one process; nothing is deleted in
between. Three things are measured:

* one document: ``CheckpointManager.save_checkpoint``;
* a commit: a begun attempt saved, its value encoded and kept, as the engine does it;
* a whole phase: ``phase(name, fn, argument)`` with the fingerprint of its code and its
  inputs, and an empty function.

The syncs are counted by ``strace`` in processes of their own: with fewer of them than the
limit has, a figure is a bug.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from _measure import (
    ROOT,
    interleave,
    machine,
    milliseconds,
    ratio,
    rounds_wanted,
    show,
    spread,
    timed,
)

from milepost import attempts, values
from milepost.checkpoint import PhaseStatus
from milepost.manager import CheckpointManager
from milepost.phases import Phase
from milepost.phases.plan import Plan
from milepost.phases.run import Run
from milepost.settings import Settings

PHASES = (
    "discovery masterplan code_generation atomization wave_execution file_writing "
    "infrastructure"
).split()
DOCUMENTS = {"bare": 1, "one document": 1, "a commit": 2, "a whole phase": 2}
REPEATS = 10
VALUE = {"discovery_id": "4b1c9a52-6f0e-4a53-9a1b-5f9d2a7c1e40", "entities": 12}


def main() -> None:
    """Measure and print; with a case and a number, only do it so often."""
    if len(sys.argv) > 2:
        _repeat(sys.argv[1], int(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        found = interleave(bench.cases(), rounds_wanted(300), warm_ups=20)
        _print(bench, found)


def _print(bench: "Bench", found: dict[str, list[float]]) -> None:
    print(machine())
    rows = []
    for name, samples in found.items():
        documents = DOCUMENTS[name]
        limit = [documents * one for one in found["bare"]]
        median = milliseconds(spread(samples).median)
        rows.append([name, median, documents, _syncs(name), f"{ratio(samples, limit):.2f}"])
    of = f"a checkpoint of {len(bench.bytes):,} bytes"
    show([of, "median", "documents", "syncs", "ratio a document"], rows)


def _syncs(case: str) -> str:
    """Count the syncs of a case, in a process that is watched."""
    if not shutil.which("strace"):
        return "not counted: no strace"
    return f"{(_watched(case, REPEATS) - _watched(case, 0)) / REPEATS:g}"


def _watched(case: str, times: int) -> int:
    watching = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", "/dev/stdout"]
    command = [*watching, sys.executable, __file__, case, str(times)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return len(re.findall(r"sync\(", done.stdout))


def _repeat(case: str, times: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Bench(Path(folder)).cases()[case]
        for _ in range(times):
            work()


class Bench:
    """A checkpoint with its cases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = Settings(root=ROOT, directory=folder)
        self.manager = CheckpointManager(settings=settings)
        self.checkpoint = self.manager.create_checkpoint(
            "Complete MGE V2 Pipeline", "test_pipeline", "a task manager", PHASES
        )
        for name in PHASES[:-1]:
            self.manager.start_phase(self.checkpoint, name)
            self._complete(name)
        self.bytes = self.manager.get_checkpoint_path("test_pipeline").read_bytes()
        self.run = Run(self.manager, "test_pipeline", Plan(), self.checkpoint)
        self.run.open()

    def _complete(self, name: str) -> None:
        encoded, _ = values.encode(VALUE, None)
        more = {
            "inputs": {"request": "sha256:" + "0" * 64},
            "fingerprint": {"rule": "static-1", "parts": {"pipeline.py::run": "0" * 16}},
        }
        self.manager.keep(self.checkpoint, self.checkpoint.phases[name], encoded, more)

    def _again(self) -> None:
        """Make the last phase one that never ran."""
        phase = self.checkpoint.phases[PHASES[-1]]
        attempts.clear_value(phase)
        phase.milepost.clear()
        phase.status, phase.retry_count = PhaseStatus.PENDING, 0
        self.run.done.clear()
        self.run.record.events.clear()

    def cases(self) -> dict[str, Callable[[], float]]:
        """Give each case as a function that tells what it took."""
        return {name: self._timing(work) for name, work in self._work().items()}

    def _timing(self, work: Callable[[], object]) -> Callable[[], float]:
        def measure() -> float:
            self._again()
            with redirect_stdout(io.StringIO()):  # what a phase says to people
                return timed(work)

        return measure

    def _work(self) -> dict[str, Callable[[], object]]:
        return {
            "bare": self._bare,
            "one document": lambda: self.manager.save_checkpoint(self.checkpoint),
            "a commit": self._commit,
            "a whole phase": lambda: Phase(self.run)(PHASES[-1], _infrastructure, 7),
        }

    def _bare(self) -> None:
        temporary, target = self.folder / ".tmp-bare", self.folder / "bare.json"
        _replace(str(temporary), str(target), str(self.folder), self.bytes)

    def _commit(self) -> None:
        self.manager.start_phase(self.checkpoint, PHASES[-1])
        self._complete(PHASES[-1])


def _replace(temporary: str, target: str, folder: str, content: bytes) -> None:
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(handle, content)
    os.fsync(handle)
    os.close(handle)
    os.rename(temporary, target)  # noqa: PTH104 - the bare call
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def _infrastructure(number: int) -> dict[str, object]:
    return VALUE | {"number": number}


if __name__ == "__main__":
    main()
