"""What it costs to know the code and the inputs of 50 phases in a project of 200 modules.

The modules form a binary tree: each uses functions, a class and a constant of the two below
it, so that the first phase depends on all 200 and the last on a few. Each round starts a
process of its own that imports the project, which is not counted, and then measures

* the limit: ``ast.parse`` of the 200 files, without the garbage collector;
* cold: the fingerprints of the 50 phases' functions, the first of the process;
* warm: the same again, as when the second test of a run has the same phases;
* inputs: the hashes of an argument of each phase, a document of about 4 KB.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from _measure import (
    clean_environment,
    machine,
    milliseconds,
    ratio,
    rounds_wanted,
    show,
    spread,
)

MODULES = 200
PHASES = 50
HEAD = '''\
"""Module {number} of the project."""

import json
import re
from dataclasses import dataclass
{imports}

LIMIT_{number} = {number}
PATTERN = re.compile(r"[a-z]+_{number}")


@dataclass
class Record{number}:
    """What a step hands on."""

    name: str
    size: int = LIMIT_{number}

    def grown(self, by: int) -> "Record{number}":
        """Give a larger one."""
        return Record{number}(self.name, self.size + by)

'''
FUNCTION = '''
def step_{letter}(records: list[Record{number}], text: str) -> str:
    """Do a step on some records."""
    found = {{}}
    for position, record in enumerate(records):
        if not PATTERN.match(record.name):
            continue
        try:
            found[record.name] = record.grown(position).size
        except (KeyError, ValueError) as error:
            found[record.name] = str(error)
    return json.dumps({{"text": text, "found": found, "limit": LIMIT_{number}}}, indent=2)

'''
RUN = '''
def run(document: dict[str, object]) -> dict[str, object]:
    """Run the steps of this module and of those below it."""
    text = str(document.get("text", ""))
    for step in ({steps}):
        text = step([Record{number}("a_{number}")], text)
    return {{"text": text, "below": [{below}]}}
'''
LETTERS = "abcdef"
PROGRAM = """\
import ast, gc, importlib, json, sys, time
from pathlib import Path
from milepost.fingerprint import fingerprint_of, inputs_of

root = Path.cwd()
phases = [importlib.import_module(f"app.m{n:03}").run for n in range(int(sys.argv[1]))]
document = {"text": "task manager", "entities": [{"id": n, "name": f"entity {n}",
    "fields": ["id", "name", "created_at"]} for n in range(40)]}

def timed(work):
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found

def parse():
    gc.disable()
    for path in sorted(root.glob("app/*.py")):
        ast.parse(path.read_bytes())
    gc.enable()

def code():
    return [fingerprint_of(phase, root=root).parts for phase in phases]

def inputs():
    return [inputs_of(phase, (document,), {}, root=root).hashes for phase in phases]

limit, _ = timed(parse)
cold, first = timed(code)
warm, second = timed(code)
hashed, _ = timed(inputs)
assert first == second and len(first[0]) > len(first[-1])
print(json.dumps({"limit: ast.parse": limit, "cold": cold, "warm": warm, "inputs": hashed}))
"""


def main() -> None:
    """Measure, and print a table."""
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        kilobytes = _write_project(Path(folder)) / 1024
        runs = [_run(Path(folder)) for _ in range(rounds_wanted(9) + 1)][1:]
    limit = [run["limit: ast.parse"] for run in runs]
    rows = []
    for name in runs[0]:
        samples = [run[name] for run in runs]
        each = f"{spread(samples).median / PHASES * 1e6:,.0f} us"
        median = milliseconds(spread(samples).median)
        rows.append([name, median, each, f"{ratio(samples, limit):.3f}"])
    rows[0][2] = ""
    title = f"{PHASES} phases, {MODULES} modules, {kilobytes:.0f} KB"
    show([title, "all", "a phase", "ratio"], rows)


def _write_project(folder: Path) -> int:
    """Write the modules; tell their size in bytes."""
    app = folder / "app"
    app.mkdir()
    (app / "__init__.py").write_text("")
    for number in range(MODULES):
        (app / f"m{number:03}.py").write_text(_module(number))
    return sum(path.stat().st_size for path in app.iterdir())


def _module(number: int) -> str:
    below = [n for n in (2 * number + 1, 2 * number + 2) if n < MODULES]
    imports = [
        f"from app.m{n:03} import LIMIT_{n}, Record{n}, run as run_{n}, step_a as step_{n}"
        for n in below
    ]
    calls = [
        f'run_{n}(document), step_{n}([Record{n}("x", LIMIT_{n})], text)' for n in below
    ]
    text = HEAD.format(number=number, imports="\n".join(imports))
    text += "".join(FUNCTION.format(letter=letter, number=number) for letter in LETTERS)
    steps = "".join(f"step_{letter}, " for letter in LETTERS)
    return text + RUN.format(steps=steps, number=number, below=", ".join(calls))


def _run(folder: Path) -> dict[str, float]:
    command = [sys.executable, "-c", PROGRAM, str(PHASES)]
    seen = clean_environment(PYTHONPATH=str(folder))
    done = subprocess.run(
        command, cwd=folder, env=seen, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
