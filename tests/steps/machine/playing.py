"""Runs of the machine's project, started and watched from outside."""

import json
import multiprocessing
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.nursery import Nursery
from tests.steps.machine.disk import Disk, read_disk, served
from tests.steps.machine.life import OUTCOME, Orders, run
from tests.steps.machine.program import Program

_SECONDS = 60.0


@dataclass
class Seen:
    """What was seen of a run.

    Attributes:
        events: What it told, in its order.
        outcome: How it ended.
        served: What the provider was asked for, as ``leaf|request``.
        disk: The journal afterwards.
        text: What it printed.
        has_passed: Whether the test has passed, also where the run was killed then.
    """

    events: list[tuple[Any, ...]] = field(default_factory=list)
    outcome: str = "killed"
    served: list[str] = field(default_factory=list)
    disk: Disk = field(default_factory=Disk)
    text: str = ""
    has_passed: bool = False


def play(folder: Path, program: Program, orders: Orders, nursery: Nursery) -> Seen:
    """Run the project's test.

    Args:
        folder: Where it lies.
        program: The project.
        orders: What befalls the run.
        nursery: Where its process comes from.
    """
    before = len(served(folder))
    ours, its = multiprocessing.Pipe()
    life = nursery.call(run, folder, orders, program.retries, its)
    its.close()
    seen = Seen()
    with suppress(EOFError, ConnectionResetError):
        while True:
            assert ours.poll(_SECONDS), life.output.read_text()
            what, *values = ours.recv()
            if what == OUTCOME:
                (seen.outcome,) = values
            else:
                seen.events.append((what, *values))
    ours.close()
    seen.text = life.result().text
    seen.served = served(folder)[before:]
    seen.disk = read_disk(folder)
    is_through = ("end", "test") in seen.events
    seen.has_passed = seen.outcome == "passed" or (is_through and not goes_on(folder))
    return seen


def goes_on(folder: Path) -> bool:
    """Tell whether there is a checkpoint of a test that has not passed."""
    documents = (folder / ".milepost").glob("checkpoint_*.json")
    found = [json.loads(path.read_text()) for path in documents]
    return any(not each["milepost"].get("passed_at") for each in found)
