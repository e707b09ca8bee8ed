"""What it takes to have N finished phases back, from the start of the process.

Each round starts, for each N, these processes, and waits for their end:

* the limit: ``python -c`` that decodes the same document with ``json`` and checks nothing;
* ``CheckpointManager.load_checkpoint``, then the value of every phase as an attribute;
* ``phase(name, fn, argument)`` for every phase, as in a test: the checkpoint is taken, the
  code and the inputs of every phase are compared, and its value decoded;
* ``joblib.Memory``, whose cached function is called N times (left out, and said, where
  joblib is not installed);
* ``pytest`` with a test that calls the function N times and knows nothing of milepost;
* ``pytest`` with a test whose N phases milepost restores. Both end as soon as all are back.

The values are small dictionaries. The document was written by milepost: one phase that ran
under pytest, and its record under N names.
"""

import copy
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from _measure import (
    child,
    clean_environment,
    interleave,
    machine,
    milliseconds,
    ratio,
    rounds_wanted,
    show,
    spread,
)

from milepost import CheckpointManager

NUMBERS = (1, 10, 100, 1000)
TEST_ID = "restored"
WORK = """\
def work(number):
    return {"discovery_id": f"4b1c9a52-{number}", "entities": 12, "names": ["task", "user"]}
"""
PHASES = f"""\
import os
from pathlib import Path
import pytest
from work import work

COUNT = int(Path(__file__).with_name("count").read_text())

@pytest.mark.milepost(id="{TEST_ID}")
def test_phases(phase):
    for number in range(COUNT):
        assert phase(f"phase {{number}}", work, 7)["entities"] == 12
    os._exit(0)
"""
PLAIN = """\
import os
from pathlib import Path
from work import work

def test_plain():
    for number in range(int(Path(__file__).with_name("count").read_text())):
        assert work(7)["entities"] == 12
    os._exit(0)
"""
LIMIT = "import json, sys; json.load(open(sys.argv[1], encoding='utf-8'))"
LOADED = """\
import sys
from milepost import CheckpointManager
checkpoint = CheckpointManager(".milepost").load_checkpoint(sys.argv[1])
for phase in checkpoint.phases.values():
    assert phase.entities == 12
"""
RESTORED = """\
import sys
from milepost.manager import CheckpointManager
from milepost.phases import Phase
from milepost.phases.plan import Plan
from milepost.phases.run import Run
from work import work

manager = CheckpointManager(".milepost")
checkpoint = manager.load_checkpoint(sys.argv[1])
run = Run(manager, sys.argv[1], Plan(mode="offline"), checkpoint)
run.open()
phase = Phase(run)
for name in checkpoint.phases:
    assert phase(name, work, 7)["entities"] == 12
run.close("failed")
"""
CACHED = """\
import sys
from joblib import Memory
from work import work

cached = Memory("joblib", verbose=0).cache(work)
for number in range(int(sys.argv[1])):
    assert cached(number)["entities"] == 12
"""


def main() -> None:
    """Measure all N in every round, and print a table for each."""
    print(machine())
    has_joblib = find_spec("joblib") is not None
    if not has_joblib:
        print("joblib.Memory is left out: joblib is not installed")
    with tempfile.TemporaryDirectory() as folder:
        cases: dict[str, Callable[[], float]] = {}
        for number in NUMBERS:
            project = _Project(Path(folder, str(number)), number)
            for name, case in project.cases(with_joblib=has_joblib).items():
                cases[f"{number} {name}"] = case
        found = interleave(cases, rounds_wanted(7))
        for number in NUMBERS:
            _print(number, {n: s for n, s in found.items() if n.startswith(f"{number} ")})


def _print(number: int, found: dict[str, list[float]]) -> None:
    print()
    rows = []
    for name, samples in found.items():
        to = "pytest, plain" if "pytest" in name else "limit: json.load"
        spent = milliseconds(spread(samples).median)
        rows.append([name, spent, f"{ratio(samples, found[f'{number} {to}']):.2f}"])
    show([f"N = {number}", "process", "ratio"], rows)


class _Project:
    """A folder with a checkpoint of so many phases, and the programs that read it."""

    def __init__(self, folder: Path, number: int) -> None:
        self.folder = folder
        self.number = number
        folder.mkdir()
        texts = {"work.py": WORK, "test_phases.py": PHASES, "test_plain.py": PLAIN}
        texts |= {"loaded.py": LOADED, "restored.py": RESTORED, "cached.py": CACHED}
        texts |= {"pytest.ini": "[pytest]\npythonpath = .\n", "count": "1"}
        for name, text in texts.items():
            (folder / name).write_text(text)
        self._pytest("test_phases.py")
        self.test_id = self._multiply()
        (folder / "count").write_text(str(number))

    def _multiply(self) -> str:
        """Give the one phase that ran so many names; tell the checkpoint's id."""
        manager = CheckpointManager(self.folder / ".milepost")
        (test_id,) = (found.test_id for found in manager.list_checkpoints())
        checkpoint = manager.load_checkpoint(test_id)
        assert checkpoint is not None
        phase = checkpoint.phases["phase 0"]
        for number in range(1, self.number):
            name = f"phase {number}"
            checkpoint.phases[name] = copy.copy(phase)
            checkpoint.phases[name].phase_name = name
        manager.save_checkpoint(checkpoint)
        manager.close()
        return test_id

    def cases(self, *, with_joblib: bool) -> dict[str, Callable[[], float]]:
        """Give the processes by name."""
        document = str(self.folder / ".milepost" / f"checkpoint_{self.test_id}.json")
        cases: dict[str, Callable[[], float]] = {
            "limit: json.load": lambda: self._python("-c", LIMIT, document),
            "load_checkpoint()": lambda: self._python("loaded.py", self.test_id),
            "phase()": lambda: self._python("restored.py", self.test_id),
        }
        if with_joblib:
            number = str(self.number)
            cases["joblib.Memory"] = lambda: self._python("cached.py", number)
        return cases | {
            "pytest, plain": lambda: self._pytest("test_plain.py"),
            "pytest, restored": lambda: self._pytest("test_phases.py"),
        }

    def _python(self, *arguments: str) -> float:
        return child([sys.executable, *arguments], self.folder, clean_environment()).wall

    def _pytest(self, file: str) -> float:
        options = ["-q", "-p", "no:cacheprovider", "-p", "milepost.plugin", file]
        alone = clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        return child([sys.executable, "-m", "pytest", *options], self.folder, alone).wall


if __name__ == "__main__":
    main()
