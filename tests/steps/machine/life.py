"""One run of the machine's project, in a process of its own."""

import asyncio
import errno
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import pytest

from milepost.ini import INI
from milepost.phases import Phase
from milepost.session import CollectedTest, Session

FILE: Final = "test_steps.py"
OUTCOME: Final = "outcome"
Deed = Literal["go on", "fail", "transient", "interrupt", "skip", "kill"]
_PREFIX: Final = "steps."


@dataclass(frozen=True)
class Orders:
    """How a run is started, and what befalls it.

    Attributes:
        mode: The value of ``--milepost``.
        begin_at: The value of ``--milepost-from``.
        at: The event at which something happens, as in ``got`` or ``served``.
        count: When it comes for which time.
        deed: What happens then.
        kill_at: A kill point of milepost, as in ``journal.written:3``.
        refused: Which writes to the journal the disk refuses, the first and the last.
        is_short: Whether it takes a part of the first of these.
    """

    mode: str = "resume"
    begin_at: str = ""
    at: str = ""
    count: int = 1
    deed: Deed = "go on"
    kill_at: str = ""
    refused: tuple[int, int] = (0, 0)
    is_short: bool = False


class Wire:
    """What the process tells the one that started it.

    Args:
        connection: Its end of a pipe.
        orders: What befalls the run.
    """

    def __init__(self, connection: Connection, orders: Orders) -> None:
        self._connection = connection
        self._orders = orders
        self._left = orders.count
        self._lock = threading.RLock()

    def tell(self, what: str, *values: Any) -> None:
        """Tell something; it arrives also if this process is killed next."""
        with self._lock:
            self._connection.send((what, *values))

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be told of an audit event."""
        if not event.startswith(_PREFIX):
            return
        what = event.removeprefix(_PREFIX)
        with self._lock:
            self.tell(what, *arguments)
            if what != self._orders.at:
                return
            self._left -= 1
            befalls = self._left == 0
        if befalls:
            _DEEDS[self._orders.deed]()


def _fail() -> NoReturn:
    raise ValueError("the answer is nonsense")


def _reset() -> NoReturn:
    raise ConnectionResetError("the connection was reset")


def _interrupt() -> None:
    # What Ctrl-C does: it is raised in the main thread, wherever that is.
    signal.raise_signal(signal.SIGINT)


def _skip() -> NoReturn:
    pytest.skip("the provider is away")


_DEEDS: Final[dict[str, Callable[[], object]]] = {
    "go on": lambda: None,
    "fail": _fail,
    "transient": _reset,
    "interrupt": _interrupt,
    "skip": _skip,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


class RefusingDisk:
    """Stands for ``os`` where the journal writes, and refuses some writes.

    Args:
        first: The number of the first write that is refused.
        last: That of the last one.
        is_short: Whether it takes a part of the first of these.
    """

    def __init__(self, first: int, last: int, *, is_short: bool) -> None:
        self._first, self._last, self._is_short = first, last, is_short
        self._number = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, handle: int, content: bytes) -> int:
        """Write, or refuse to."""
        self._number += 1
        if not self._first <= self._number <= self._last:
            return os.write(handle, content)
        if self._is_short and self._number == self._first:
            return os.write(handle, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def run(folder: Path, orders: Orders, retries: int, connection: Connection) -> None:
    """Run the test as the plugin does, without pytest around it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wire = Wire(connection, orders)
    sys.addaudithook(wire.hear)
    _enter(folder, orders)
    session = Session(
        {"milepost": orders.mode, "milepost_from": orders.begin_at}.get,
        lambda name: {"milepost_retry": retries}.get(name, INI[name][1]),
        folder / "pytest.toml",
    )
    test = CollectedTest(
        nodeid=f"{FILE}::test_steps",
        name="test_steps",
        file=folder / FILE,
        in_file="test_steps",
    )
    if orders.begin_at and not session.has_phase([test], orders.begin_at):
        wire.tell(OUTCOME, "refused")
        return
    run = session.open_run(test)
    outcome = _outcome(lambda: _call_test(Phase(run)))
    run.close("failed" if outcome == "skipped" else outcome)
    _tell_notes(run)
    wire.tell(OUTCOME, outcome)


def _tell_notes(run: Any) -> None:
    for event in run.record.events:
        print(event.phase, event.word, *event.notes, sep="\n    ")
    print(*run.record.notes, sep="\n")


def _enter(folder: Path, orders: Orders) -> None:
    """Leave what this process has of the session that started it."""
    for name in list(os.environ):
        if name.startswith(("PYTEST_", "MILEPOST_", "CI", "GITHUB_")):
            del os.environ[name]
    os.environ["MILEPOST_KILL_AT"] = orders.kill_at
    importlib.reload(importlib.import_module("milepost.stores.killpoints"))
    if orders.refused[0]:
        segment: Any = importlib.import_module("milepost.journal.open_segment")
        segment.os = RefusingDisk(*orders.refused, is_short=orders.is_short)
    clock: Any = importlib.import_module("milepost.clock")
    clock.uniform = lambda low, high: 0.0
    os.chdir(folder)
    sys.path.insert(0, str(folder))


def _call_test(phase: Phase) -> None:
    value = importlib.import_module("test_steps").test_steps(phase)
    if asyncio.iscoroutine(value):
        asyncio.run(value)


def _outcome(call: Callable[[], object]) -> str:
    try:
        call()
    except KeyboardInterrupt:
        return "interrupted"
    except pytest.skip.Exception:
        return "skipped"
    except BaseExceptionGroup as error:
        _print(error)
        return "interrupted" if error.split(KeyboardInterrupt)[0] else "failed"
    except Exception as error:  # noqa: BLE001 - whatever it is, the test has failed
        _print(error)
        return "failed"
    return "passed"


def _print(error: BaseException) -> None:
    importlib.import_module("traceback").print_exception(error)
