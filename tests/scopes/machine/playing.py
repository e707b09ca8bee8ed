"""Runs of the machine's project, started, watched and ended from outside."""

import multiprocessing
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from tests.crash.nursery import Life, Nursery
from tests.scopes.machine.life import DESTROYED, REACHED, REPORT, WAITING, run
from tests.scopes.machine.model import Expected, Orders
from tests.scopes.machine.program import Program

_SECONDS = 60.0
_GRAVITY = ("passed", "skipped", "failed")


@dataclass
class Seen:
    """What was seen of a run.

    Attributes:
        did: What it did, to be compared with what it is to do.
        text: What it printed.
    """

    did: Expected = field(default_factory=Expected)
    text: str = ""


class Player:
    """One run.

    Args:
        life: Its process.
        connection: Our end of the pipe to it.
    """

    def __init__(self, life: Life, connection: Connection) -> None:
        self._life = life
        self._connection = connection
        self._seen = Seen()

    @classmethod
    def start(
        cls,
        folder: Path,
        program: Program,
        orders: Orders,
        nursery: Nursery,
        *,
        waits: bool = False,
    ) -> "Player":
        """Start a run.

        Args:
            folder: Where the project lies.
            program: The project.
            orders: What befalls it.
            nursery: Where its process comes from.
            waits: Whether it waits, where that happens, until ``end`` is called.
        """
        ours, its = multiprocessing.Pipe()
        life = nursery.call(run, folder, program, orders, its, waits)
        its.close()
        return cls(life, ours)

    def wait(self) -> None:
        """Wait until it waits."""
        while self._next() != WAITING:
            pass

    def end(self) -> Seen:
        """Let it go on, and wait for its end."""
        with suppress(BrokenPipeError):
            self._connection.send("go on")
        with suppress(EOFError, ConnectionResetError):
            while True:
                self._next()
        self._connection.close()
        self._seen.text = self._life.result().text
        return self._seen

    def _next(self) -> str:
        assert self._connection.poll(_SECONDS), self._life.output.read_text()
        what, value = self._connection.recv()
        did = self._seen.did
        if what == REACHED:
            did.reached.append(value)
        elif what == DESTROYED:
            did.destroyed[value] += 1
        elif what == REPORT:
            name, outcome = value
            worst = max(outcome, did.outcomes.get(name, "passed"), key=_GRAVITY.index)
            did.outcomes[name] = worst
        return str(what)
