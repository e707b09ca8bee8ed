"""Ctrl-C and SIGTERM: neither failure nor crash, and the next run goes on from there."""

import signal

import pytest

from tests.crash.gate import await_path
from tests.crash.nursery import Nursery
from tests.crash.pipeline import (
    ASYNC_TEST,
    BROKEN,
    PHASES,
    TEST,
    left_over,
    write_pipeline,
)
from tests.crash.test_kill_phases import outcomes
from tests.project import Project

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
# Ways to be busy for ever; most block in a system call that is made again after a signal
# whose handler does not raise.
BUSY = {
    "recv": "import socket; pair = socket.socketpair(); pair[0].recv(1)",
    "sleep": "import time; time.sleep(600)",
    "loop": "while True: pass",
    "wait": "import threading; threading.Event().wait()",
    "child": "import subprocess; subprocess.run(['sleep', '600'])",
}
HANGING = """
    from pathlib import Path

    HERE = Path(__file__).parent

    def must_hang():
        if not (HERE / "hang").exists():
            return False
        (HERE / "hangs").touch()
        return True

    def hang():
        if must_hang():
            BUSY
"""


def write_hanging(project: Project, busy: str) -> None:
    """Write a function that hangs, for as long as a file says so."""
    project.write("hanging.py", HANGING.replace("BUSY", busy))
    (project.folder / "hang").touch()


def go_on(project: Project) -> None:
    """Let the second phase end."""
    (project.folder / "hang").unlink()


@SIGNALS
@pytest.mark.parametrize("busy", BUSY)
def test_a_plain_phase_is_interrupted(
    fast_project: Project, nursery: Nursery, number: signal.Signals, busy: str
) -> None:
    """A signal ends a phase at once, whatever it waits for, and leaves it to resume."""
    write_pipeline(fast_project)
    write_hanging(fast_project, BUSY[busy])
    fast_project.edit("steps.py", "from marking", "from hanging import hang\nfrom marking")
    fast_project.edit("steps.py", 'mark("masterplan")', 'mark("masterplan"); hang()')
    life = nursery.start(fast_project)
    await_path(fast_project.folder / "hangs", life)
    life.send(number)
    stopped = life.result()
    check_interrupted(fast_project, nursery, stopped.code)


@pytest.mark.parametrize(
    ("number", "busy"),
    [
        (signal.SIGINT, "await asyncio.sleep(600)"),
        (signal.SIGTERM, "await asyncio.sleep(600)"),
        # asyncio's own handler of SIGINT waits for the loop, which this one blocks.
        (signal.SIGTERM, "import time; time.sleep(600)"),
    ],
)
def test_a_coroutine_is_interrupted(
    fast_project: Project, nursery: Nursery, number: signal.Signals, busy: str
) -> None:
    """The same where the phase is a coroutine, waiting or blocking its loop."""
    write_pipeline(fast_project, ASYNC_TEST).plugins.append("pytest_asyncio.plugin")
    write_hanging(fast_project, "pass")
    fast_project.edit(
        "test_pipeline.py",
        "    return make_plan(doc)",
        f"    plan = make_plan(doc)\n    if must_hang():\n        {busy}\n    return plan",
    )
    fast_project.edit(
        "test_pipeline.py", "import json", "import asyncio\nfrom hanging import must_hang"
    )
    fast_project.edit("test_pipeline.py", "import pytest", "import json\nimport pytest")
    life = nursery.start(fast_project)
    await_path(fast_project.folder / "hangs", life)
    life.send(number)
    stopped = life.result()
    check_interrupted(fast_project, nursery, stopped.code)


def check_interrupted(project: Project, nursery: Nursery, code: int) -> None:
    """Check that the second phase was interrupted, and that the next run goes on there."""
    phase = project.document()["phases"]["masterplan"]
    assert code == 2, "pytest's code for an interrupted session"
    assert phase["status"] == "pending"
    assert outcomes(project, "masterplan") == ["interrupted"]
    assert project.document()["total_retries"] == 0
    assert not list(project.checkpoints.glob("*.d/lease-*")), "nobody has to take over"

    go_on(project)
    after = nursery.run(project)
    assert after.passed, after.text
    assert after.calls == list(PHASES[1:])
    assert left_over(project) == []


@SIGNALS
def test_an_interruption_between_phases(
    fast_project: Project, nursery: Nursery, number: signal.Signals
) -> None:
    """A signal that arrives while no phase runs interrupts none."""
    write_pipeline(fast_project)
    write_hanging(fast_project, BUSY["sleep"])
    fast_project.edit(
        "test_pipeline.py", "from marking", "from hanging import hang\nfrom marking"
    )
    fast_project.edit(
        "test_pipeline.py", 'die("after discovery")', 'die("after discovery"); hang()'
    )
    life = nursery.start(fast_project)
    await_path(fast_project.folder / "hangs", life)
    life.send(number)

    assert life.result().code == 2
    assert list(fast_project.document()["phases"]) == ["discovery"]
    go_on(fast_project)
    assert nursery.run(fast_project).calls == list(PHASES[1:])


@pytest.mark.parametrize("test", [TEST, ASYNC_TEST], ids=["plain", "async"])
@pytest.mark.parametrize(
    "raised", ["KeyboardInterrupt", "SystemExit", "pytest.exit.Exception"]
)
def test_what_ends_a_session_is_no_failure(
    fast_project: Project, nursery: Nursery, test: str, raised: str
) -> None:
    """A phase that ends the session itself was interrupted; it has not failed."""
    write_pipeline(fast_project, test).plugins.append("pytest_asyncio.plugin")
    fast_project.edit("steps.py", "raise ValueError", f"raise {raised}")
    fast_project.edit("steps.py", "from marking", "import pytest\nfrom marking")
    nursery.run(fast_project, env=BROKEN)

    assert outcomes(fast_project, "code_generation") == ["interrupted"]
    assert nursery.run(fast_project).calls == list(PHASES[2:])


def test_sigterm_outside_of_a_test_that_asks_is_not_ours(
    fast_project: Project, nursery: Nursery
) -> None:
    """Where no test asks for milepost SIGTERM ends the process as it always did."""
    write_pipeline(fast_project)
    write_hanging(fast_project, BUSY["sleep"])
    fast_project.write(
        "test_pipeline.py", "from hanging import hang\n\ndef test_other():\n    hang()\n"
    )
    life = nursery.start(fast_project)
    await_path(fast_project.folder / "hangs", life)
    life.send(signal.SIGTERM)

    assert life.result().code == -signal.SIGTERM
