"""The project that the machine plays with: what its phase asks, and how."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

LEAVES: Final = ("a", "b")
HELPER: Final = "helper"
OUTER: Final = "outer"
SOURCES: Final = (*LEAVES, HELPER, OUTER)
ONCE: Final = "once"
SEPARATOR: Final = "|"
Operation = list[Any]
# An answer of one of these is bad when its number leaves 1 if divided by 3.
FLAKY: Final = "flaky"  # the function raises
SOUR: Final = "sour"  # ``check`` refuses it
_PROVIDER: Final = """
import os
from pathlib import Path

LOG = Path(__file__).with_name("served.log")


def serve(leaf, request):
    line = f"{leaf}|{request}"
    handle = os.open(LOG, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    try:
        os.write(handle, f"{line}\\n".encode())
        end = os.lseek(handle, 0, os.SEEK_CUR)
        return os.pread(handle, end, 0).decode().splitlines().count(line)
    finally:
        os.close(handle)
"""
_LEAVES: Final = """
import asyncio
import sys

import helping
import provider


class BadAnswer(Exception):
    pass


{a}def leaf_a(request):
    number = provider.serve("a", request)
    answer = f"a|{a_version}|-|{{request}}|{{number}}"
    sys.audit("steps.served", answer)
    {pause}
    if request == "flaky" and number % 3 == 1:
        raise BadAnswer(answer)
    sys.audit("steps.whole", answer)
    return answer


{a}def leaf_b(request):
    number = provider.serve("b", request)
    answer = f"b|{b_version}|{{helping.version()}}|{{request}}|{{number}}"
    sys.audit("steps.served", answer)
    {pause}
    if request == "flaky" and number % 3 == 1:
        raise BadAnswer(answer)
    sys.audit("steps.whole", answer)
    return answer
"""
_HELPER: Final = """
def version():
    return {helper_version}
"""
_WORK: Final = """
import importlib
import sys

from milepost import step, step_map
from milepost.steps.errors import RefusedAnswerError
import milepost.steps.errors as errors
{imports}


def leaf_of(name):
    {leaf_of}


def is_good(answer):
    _, _, _, request, number = answer.split("|")
    return request != "sour" or int(number) % 3 != 1


{a}def outer(operations):
    version = {outer_version}
    return [answer for each in operations for answer in {w}perform(each)]


{a}def perform(operation):
    kind = operation[0]
    if kind == "nest":
        found = {w}step("outer", outer, operation[1])
        sys.audit("steps.outer", found)
        return found
    if kind == "nests":
        found = {w}step_map("outers", outer, operation[1], concurrency=operation[2])
        found = [answer for each in found for answer in each]
        sys.audit("steps.outer", found)
        return found
    if kind == "map":
        name, requests, number = operation[1:]
        found = {w}step_map(name, leaf_of(name), requests, concurrency=number)
        sys.audit("steps.outer", found)
        return found
    if kind == "once":
        sys.audit("steps.ask", "once", operation[1])
        once = step.with_options(at_most_once=True)
        try:
            answer = {w}once("once", leaf_of("a"), operation[1])
        except (errors.UnresolvedStepError, errors.DamagedJournalError):
            sys.audit("steps.unresolved", operation[1])
            raise
        sys.audit("steps.got", answer)
        return [answer]
    return [{w}ask(*operation[1:])]


{a}def ask(name, request):
    how = step.with_options(check=is_good) if request == "sour" else step
    for _ in range(3):
        sys.audit("steps.ask", name, request)
        try:
            answer = {w}how(name, leaf_of(name), request)
        except Exception as error:
            if type(error).__name__ not in ("BadAnswer", "RefusedAnswerError"):
                raise
            continue
        sys.audit("steps.got", answer)
        return answer
    raise LookupError("three bad answers")


{a}def work(operations):
    sys.audit("steps.attempt")
    found = [answer for each in operations for answer in {w}perform(each)]
    sys.audit("steps.end", "work")
    return found


{a}def ship(answers):
    sys.audit("steps.end", "ship")
    return len(answers)
"""
_TEST: Final = """
import json
import sys
from pathlib import Path

import work

OPERATIONS = json.loads(Path(__file__).with_name("operations.json").read_text())


{a}def test_steps(phase):
    answers = {w}phase("work", work.work, OPERATIONS)
    sys.audit("steps.result", answers)
    assert {w}phase("ship", work.ship, answers) == len(answers)
    sys.audit("steps.end", "test")
"""
_STATIC: Final = 'return {"a": leaves.leaf_a, "b": leaves.leaf_b}[name]'
_DYNAMIC: Final = 'return getattr(importlib.import_module("leaves"), f"leaf_{name}")'


@dataclass
class Program:
    """The project as it is now.

    Attributes:
        operations: What its phase asks.
        is_async: Whether its functions are coroutine functions.
        is_dynamic: Whether it finds the functions of its steps by their names.
        retries: How often its phases are tried again after a transient error.
        versions: How often the code of each source was edited.
    """

    operations: list[Operation] = field(default_factory=list)
    is_async: bool = False
    is_dynamic: bool = False
    retries: int = 0
    versions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SOURCES, 0))

    @property
    def is_concurrent(self) -> bool:
        """Tell whether some of it happens at once."""
        return _is_concurrent(self.operations)

    @property
    def has_maps(self) -> bool:
        """Tell whether some of what it restores cannot be seen at once."""
        told = json.dumps(self.operations)
        return self.is_concurrent or '"map"' in told or '"nests"' in told

    @property
    def is_nested(self) -> bool:
        """Tell whether steps call steps."""
        return any(each[0] in ("nest", "nests") for each in self.operations)

    def is_current(self, answer: str) -> bool:
        """Tell whether the code as it is now would have made an answer."""
        leaf, version, helped, _, _ = answer.split(SEPARATOR)
        if leaf == ONCE:
            return True
        helper = str(self.versions[HELPER]) if leaf == "b" else "-"
        return (version, helped) == (str(self.versions[leaf]), helper)

    def write(self, folder: Path) -> None:
        """Write its files as they are now."""
        known: dict[str, Any] = {f"{name}_version": v for name, v in self.versions.items()}
        known |= {
            "a": "async " if self.is_async else "",
            "w": "await " if self.is_async else "",
            "pause": "await asyncio.sleep(0)" if self.is_async else "",
            "imports": "" if self.is_dynamic else "import leaves",
            "leaf_of": _DYNAMIC if self.is_dynamic else _STATIC,
        }
        files = {
            "pytest.toml": '[pytest]\npythonpath = ["."]\n',
            "provider.py": _PROVIDER,
            "leaves.py": _LEAVES.format(**known),
            "helping.py": _HELPER.format(**known),
            "work.py": _WORK.format(**known),
            "test_steps.py": _TEST.format(**known),
            "operations.json": json.dumps(self.operations),
        }
        for name, text in files.items():
            (folder / name).write_text(text)


def _is_concurrent(operations: list[Operation]) -> bool:
    return any(
        (each[0] in ("map", "nests") and len(each[-2]) > 1 and each[-1] != 1)
        or (each[0] == "nest" and _is_concurrent(each[1]))
        or (each[0] == "nests" and any(map(_is_concurrent, each[1])))
        for each in operations
    )
