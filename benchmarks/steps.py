"""What a durable step costs, beside the fewest system calls that are as durable, and peers.

One after the other, the limit is a bare ``os.write`` and ``fdatasync`` of the bytes that a
step writes; the same into a file that has its final length already shows what a file system
takes for a file that grows. Some at once, the limit is a bare group commit: a thread that
writes all that waits and syncs it once. Two things of ours are measured: the journal's
``append`` of the very record that a step makes, and ``step()`` in a phase, with the hashes
of its inputs and its code.

Every case is a process of its own, which makes some steps before the clock starts; all
cases alternate within a round. The peers (LangGraph and DBOS with SQLite, joblib) run in
the environment of ``requirements/bench.txt``, which ``make bench`` sets up. None of them
looks at a step's code, and joblib syncs nothing.

Syncs are counted by ``strace``: with fewer of them than the limit has, a figure is a bug.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from _measure import ROOT, interleave, machine, ratio, rounds_wanted, show, spread
from _peers import AT_ONCE, PEERS, in_waves, one_by_one, work, work_async

from milepost.journal import Journal
from milepost.manager import CheckpointManager
from milepost.phases import Phase
from milepost.phases.plan import Plan
from milepost.phases.run import Run
from milepost.settings import Settings
from milepost.steps import step

FEW, MANY, WATCHED = 1_000, 10_000, 96
PEERS_PYTHON = Path(os.environ.get("PEERS_PYTHON", ROOT / ".venv-bench/bin/python"))
# A peer that takes milliseconds a step makes fewer of them.
SLOW = {"dbos": 200, "langgraph": 500}
SEQUENTIAL, TOGETHER = "sequential", "at once"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What some steps took.

    Attributes:
        seconds: A step, on the clock.
        size: Bytes a step, in the folder.
    """

    seconds: float
    size: float


def main() -> None:
    """Measure and print; with a case, only do it once."""
    if len(sys.argv) > 2:
        case, manner, number, folder = sys.argv[1:]
        print(CASES[manner][case](Path(folder), int(number)))
        return
    print(machine())
    peers = [name for name in PEERS if PEERS_PYTHON.is_file()]
    if not peers:
        print(f"no peers: there is no {PEERS_PYTHON}; `make bench` sets it up")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for manner in (SEQUENTIAL, TOGETHER):
            few = {
                name: partial(bench.run, name, manner) for name in [*CASES[manner], *peers]
            }
            _print(bench, manner, FEW, interleave(few, rounds_wanted(5)))
            many = {name: partial(bench.run, name, manner, MANY) for name in CASES[manner]}
            _print(bench, manner, MANY, interleave(many, rounds_wanted(5), warm_ups=0))


def _print(
    bench: "Bench", manner: str, number: int, found: dict[str, list[Sample]]
) -> None:
    print()
    seconds = {name: [one.seconds for one in samples] for name, samples in found.items()}
    limit = next(iter(seconds.values()))
    rows = []
    for name, samples in found.items():
        spent = f"{spread(seconds[name]).median * 1e6:.0f}"
        size = f"{samples[-1].size:,.0f}"
        syncs = bench.syncs(name, manner)
        rows.append([name, spent, size, syncs, f"{ratio(seconds[name], limit):.2f}"])
    how = "one after the other" if manner == SEQUENTIAL else f"{AT_ONCE} at once"
    columns = [f"{number:,} steps, {how}", "µs a step", "bytes", "syncs", "ratio"]
    show(columns, rows)


class Bench:
    """Runs cases in processes of their own, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._syncs: dict[tuple[str, str], str] = {}
        self.run("step()", SEQUENTIAL, 1)
        (segment,) = folder.rglob("journal-*.jsonl")
        # The limit writes the bytes of a step that our phase really made.
        (folder / "line").write_bytes(segment.read_bytes().splitlines(keepends=True)[-1])
        os.environ["BENCH_LINE"] = str(folder / "line")

    def run(self, name: str, manner: str, number: int = FEW) -> Sample:
        """Run a case once."""
        number = min(number, SLOW.get(name, number))
        folder = self._new_folder()
        done = subprocess.run(
            self._command(name, manner, number, folder),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{name}, {manner}:\n{done.stdout}{done.stderr}")
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / number
        return Sample(seconds=float(done.stdout.split()[-1]) / number, size=size)

    def _new_folder(self) -> Path:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return folder

    def _command(self, name: str, manner: str, number: int, folder: Path) -> list[str]:
        python, script = sys.executable, __file__
        if name in PEERS:
            python, script = str(PEERS_PYTHON), str(Path(__file__).with_name("_peers.py"))
        return [python, script, name, manner, str(number), str(folder)]

    def syncs(self, name: str, manner: str) -> str:
        """Count the syncs of a case: for each step, or for each group."""
        if not shutil.which("strace"):
            return "not counted: no strace"
        if (name, manner) not in self._syncs:
            more, fewer = (self._watched(name, manner, n * WATCHED) for n in (2, 1))
            each = WATCHED if manner == SEQUENTIAL else WATCHED // AT_ONCE
            self._syncs[name, manner] = f"{(more - fewer) / each:.2g}"
        return self._syncs[name, manner]

    def _watched(self, name: str, manner: str, number: int) -> int:
        log = self._folder / "strace"
        watching = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(log)]
        command = self._command(name, manner, number, self._new_folder())
        subprocess.run([*watching, *command], capture_output=True, check=True)
        return len(re.findall(r"sync\(", log.read_text()))


def _line() -> bytes:
    return Path(os.environ["BENCH_LINE"]).read_bytes()


def _new_file(folder: Path) -> int:
    return os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)


def _bare(folder: Path, number: int) -> float:
    handle, line = _new_file(folder), _line()

    def call(_: int) -> None:
        os.write(handle, line)
        os.fdatasync(handle)

    return one_by_one(call, number)


def _prepared(folder: Path, number: int) -> float:
    """Write into a file that is as long as it will be: less has to be synced."""
    handle, line = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT), _line()
    os.write(handle, bytes(len(line) * (number + 100)))
    os.fsync(handle)
    place = 0

    def call(_: int) -> None:
        nonlocal place
        os.pwrite(handle, line, place)
        os.fdatasync(handle)
        place += len(line)

    return one_by_one(call, number)


def _bare_group(folder: Path, number: int) -> float:
    group = _Group(_new_file(folder), _line())
    return asyncio.run(in_waves(group.append, number))


class _Group:
    """A group commit, and nothing else."""

    def __init__(self, handle: int, line: bytes) -> None:
        self._handle = handle
        self._line = line
        self._waiting: list[asyncio.Future[None]] = []
        self._wakes: SimpleQueue[asyncio.AbstractEventLoop] = SimpleQueue()
        Thread(target=self._run, daemon=True).start()

    async def append(self, _: int) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(future)
        if len(self._waiting) == 1:
            loop.call_soon(self._wakes.put, loop)
        await future

    def _run(self) -> None:
        while loop := self._wakes.get():
            group, self._waiting = self._waiting, []
            os.write(self._handle, self._line * len(group))
            os.fdatasync(self._handle)
            loop.call_soon_threadsafe(self._finish, group)

    def _finish(self, group: Sequence["asyncio.Future[None]"]) -> None:
        for future in group:
            future.set_result(None)


def _journal(folder: Path) -> tuple[Journal, Callable[[int], dict[str, Any]]]:
    """Give a journal, and what to add to it: the record of a step, but for its key."""
    record = json.loads(_line())
    for name in ("checksum", "generation", "id", "fence", "run", "at"):
        del record[name]
    given = {name: record.pop(name) for name in ("kind", "path", "attempt")}
    given["path"] = tuple(given["path"])
    del record["key"]
    journal = Journal(folder, "0" * 16, fence=1, run="0" * 16, may_write=lambda: None)
    return journal, lambda one: given | {"key": f"{one + 100:064x}", "body": record}


def _append(folder: Path, number: int) -> float:
    journal, arguments = _journal(folder)
    return one_by_one(lambda one: journal.append(**arguments(one)), number)


def _append_async(folder: Path, number: int) -> float:
    journal, arguments = _journal(folder)
    call = in_waves(lambda one: journal.append_async(**arguments(one)), number)
    return asyncio.run(call)


def _phase(folder: Path) -> Phase:
    manager = CheckpointManager(settings=Settings(root=ROOT, directory=folder))
    checkpoint = manager.create_checkpoint("Steps", "steps", "", ["steps"])
    run = Run(manager, "steps", Plan(), checkpoint)
    run.open()
    return Phase(run)


def _steps(number: int) -> float:
    return one_by_one(lambda one: step("work", work, one), number)


async def _steps_async(number: int) -> float:
    return await in_waves(lambda one: step("work", work_async, one), number)


def _step(folder: Path, number: int) -> float:
    return _phase(folder)("steps", _steps, number)


def _step_async(folder: Path, number: int) -> float:
    return asyncio.run(_phase(folder)("steps", _steps_async, number))


CASES: dict[str, dict[str, Callable[[Path, int], float]]] = {
    SEQUENTIAL: {
        "limit: write, fdatasync": _bare,
        "the same, prepared": _prepared,
        "Journal.append": _append,
        "step()": _step,
    },
    TOGETHER: {
        "limit: group commit": _bare_group,
        "Journal.append_async": _append_async,
        "await step()": _step_async,
    },
}

if __name__ == "__main__":
    main()
