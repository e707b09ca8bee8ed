"""One run of the machine's project, in a process of its own."""

import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.scopes.machine.model import Orders
from tests.scopes.machine.program import TESTS, Program

REACHED, DESTROYED, REPORT, WAITING = "reached", "destroyed", "report", "waiting"


def _fail() -> NoReturn:
    raise ValueError("the cluster is broken")


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt


def _skip() -> NoReturn:
    pytest.skip("the cluster is away")


_DEEDS: dict[str, Callable[[], object]] = {
    "go on": lambda: None,
    "fail": _fail,
    "skip": _skip,
    "interrupt": _interrupt,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


class Machine:
    """What stands in the process between the project and the one that started it.

    Args:
        connection: Its end of a pipe.
        orders: What befalls the run.
        waits: Whether it waits, where that happens, until it is told to go on.
    """

    def __init__(self, connection: Connection, orders: Orders, *, waits: bool) -> None:
        self._connection = connection
        self._orders = orders
        self._waits = waits

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be told of an audit event."""
        if event == "machine.destroyed":
            self._connection.send((DESTROYED, str(arguments[0])))
        elif event == "machine.reached":
            self._reach(str(arguments[0]))

    def _reach(self, name: str) -> None:
        self._connection.send((REACHED, name))
        if name != self._orders.at:
            return
        if self._waits:
            self._connection.send((WAITING, name))
            self._connection.recv()
        _DEEDS[self._orders.deed]()

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Be a worker, as milepost knows one."""
        if self._orders.way == "worker":
            config.workerinput = {}  # type: ignore[attr-defined]
            config.workeroutput = {}  # type: ignore[attr-defined]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Put the tests into their order, and leave out those that are not selected."""
        named = {item.name.removeprefix("test_"): item for item in items}
        chosen = [named.pop(name) for name in self._orders.items]
        config.hook.pytest_deselected(items=list(named.values()))
        items[:] = chosen

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run a worker's part of the tests."""
        if self._orders.way != "worker":
            return None
        part = session.items[: len(self._orders.tests)]
        for item, following in zip(part, [*part[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell how a part of a test ended."""
        name = report.nodeid.rpartition("test_")[2]
        if report.when == "call" or report.outcome != "passed":
            self._connection.send((REPORT, (name, report.outcome)))


def run(
    folder: Path, program: Program, orders: Orders, connection: Connection, waits: bool
) -> None:
    """Run the project's tests."""
    machine = Machine(connection, orders, waits=waits)
    sys.addaudithook(machine.hear)
    for name in list(os.environ):
        if name.startswith(("PYTEST_", "MILEPOST_", "CI", "GITHUB_")):
            del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    os.chdir(folder)
    plugins = ("milepost.plugin", "no:cacheprovider")
    chosen = [part for name in plugins for part in ("-p", name)]
    chosen += ["-o", "milepost_max_crashes=1000", f"--milepost={orders.mode}", "--tb=short"]
    by_ids = orders.way == "node ids"
    named = [program.node_id(t) if by_ids else program.file(t) for t in orders.tests]
    everything = sorted({program.file(test) for test in TESTS})
    files = named if by_ids else everything
    ignored = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    pytest.main([*chosen, *ignored, *files], plugins=[machine])
