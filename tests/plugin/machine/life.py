"""One run of the machine's project, in a process of its own."""

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

import pytest

from milepost.errors import MilepostError
from milepost.ini import INI
from milepost.phases import Phase
from milepost.session import CollectedTest, Session
from tests.plugin.machine.model import MAX_CRASHES, Orders

FILE = "test_pipeline.py"
REACHED, MADE, OUTCOME, WAITING = "reached", "made", "outcome", "waiting"
_EXITS = {2: "interrupted", 4: "refused"}


class Wire:
    """What the process tells the one that started it, and is told by it.

    Args:
        connection: Its end of a pipe.
        orders: What befalls the run.
        waits: Whether it waits, where that happens, until it is told to go on.
    """

    def __init__(self, connection: Connection, orders: Orders, *, waits: bool) -> None:
        self._connection = connection
        self._orders = orders
        self._waits = waits

    def tell(self, what: str, value: object) -> None:
        """Tell something; it arrives also if this process is killed next."""
        self._connection.send((what, value))

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be told of an audit event."""
        if event == "machine.reached":
            self._reach(str(arguments[0]))
        elif event == "machine.made":
            self.tell(MADE, [value["made"] for value in arguments])

    def _reach(self, name: str) -> None:
        self.tell(REACHED, name)
        if name != self._orders.at:
            return
        if self._waits:
            self.tell(WAITING, name)
            self._connection.recv()
        _DEEDS[self._orders.deed]()


def _fail() -> NoReturn:
    raise ValueError("the model answered nonsense")


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt


def _skip() -> NoReturn:
    pytest.skip("the model is away")


_DEEDS: dict[str, Callable[[], object]] = {
    "go on": lambda: None,
    "fail": _fail,
    "skip": _skip,
    "interrupt": _interrupt,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


def run_directly(folder: Path, orders: Orders, connection: Connection, waits: bool) -> None:
    """Run the test as the plugin does, without pytest around it."""
    wire = Wire(connection, orders, waits=waits)
    sys.addaudithook(wire.hear)
    _enter(folder)
    sys.path.insert(0, str(folder))
    session = Session(_options(orders).get, _configured, folder / "pytest.toml")
    test = CollectedTest(
        nodeid=f"{FILE}::test_pipeline",
        name="test_pipeline",
        file=folder / FILE,
        in_file="test_pipeline",
    )
    if orders.begin_at and not session.has_phase([test], orders.begin_at):
        wire.tell(OUTCOME, "refused")
        return
    try:
        run = session.open_run(test)
    except MilepostError:
        wire.tell(OUTCOME, "refused")
        return
    outcome = _outcome(lambda: _call_test(Phase(run)))
    run.close("failed" if outcome == "skipped" else outcome)
    wire.tell(OUTCOME, outcome)


def _options(orders: Orders) -> dict[str, Any]:
    return {"milepost": orders.mode, "milepost_from": orders.begin_at}


def _configured(name: str) -> Any:
    ours = {"milepost_max_crashes": MAX_CRASHES, "milepost_retry": 0}
    return ours.get(name, INI[name][1])


def _call_test(phase: Phase) -> None:
    value = importlib.import_module("test_pipeline").test_pipeline(phase)
    if asyncio.iscoroutine(value):
        asyncio.run(value)


def _outcome(call: Callable[[], object]) -> str:
    try:
        call()
    except KeyboardInterrupt:
        return "interrupted"
    except pytest.skip.Exception:
        return "skipped"
    except Exception as error:  # noqa: BLE001 - whatever it is, the test has failed
        print(f"{type(error).__name__}: {error}")
        return "failed"
    return "passed"


class Reports:
    """A plugin that sees how the test ended.

    Attributes:
        outcome: As the model has it.
    """

    def __init__(self) -> None:
        self.outcome = "passed"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Be told of a report; an error at set-up means that it may not begin."""
        if report.outcome != "passed":
            self.outcome = "refused" if report.when == "setup" else report.outcome


def _enter(folder: Path) -> None:
    """Leave what this process has of the session that started it."""
    for name in list(os.environ):
        if name.startswith(("PYTEST_", "MILEPOST_", "CI", "GITHUB_")):
            del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.chdir(folder)


def run_by_pytest(
    folder: Path, orders: Orders, connection: Connection, waits: bool
) -> None:
    """Run the test by pytest and the plugin."""
    wire = Wire(connection, orders, waits=waits)
    sys.addaudithook(wire.hear)
    _enter(folder)
    chosen = [f"--milepost={orders.mode}", "-o", f"milepost_max_crashes={MAX_CRASHES}"]
    if orders.begin_at:
        chosen.append(f"--milepost-from={orders.begin_at}")
    plugins = ("milepost.plugin", "pytest_asyncio.plugin", "no:cacheprovider")
    loaded = [part for name in plugins for part in ("-p", name)]
    ignored = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    reports = Reports()
    code = pytest.main([*loaded, *ignored, *chosen, "-s", "-v", FILE], plugins=[reports])
    wire.tell(OUTCOME, _EXITS.get(int(code), reports.outcome))
