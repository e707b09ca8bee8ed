"""Runs of the machine's project, started, watched and ended from outside."""

import multiprocessing
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from tests.crash.nursery import Life, Nursery
from tests.plugin.machine.life import MADE, OUTCOME, REACHED, WAITING
from tests.plugin.machine.model import Orders

_SECONDS = 60.0
How = Callable[[Path, Orders, Connection, bool], None]


@dataclass
class Seen:
    """What was seen of a run.

    Attributes:
        ran: The functions that began, in their order.
        restored: The phases of which it was said that they were restored.
        made: What the phases gave to the test, if it came that far.
        outcome: How it ended.
        text: What it printed.
    """

    ran: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    outcome: str = "killed"
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
        how: How,
        folder: Path,
        orders: Orders,
        nursery: Nursery,
        *,
        waits: bool = False,
    ) -> "Player":
        """Start a run.

        Args:
            how: What is done in its process.
            folder: The project.
            orders: What befalls it.
            nursery: Where its process comes from.
            waits: Whether it waits, where that happens, until ``end`` is called.
        """
        ours, its = multiprocessing.Pipe()
        life = nursery.call(how, folder, orders, its, waits)
        its.close()
        return cls(life, ours)

    def wait(self) -> None:
        """Wait until it waits."""
        while True:
            what, _ = self._next()
            if what == WAITING:
                return

    def end(self) -> Seen:
        """Let it go on, and wait for its end."""
        with suppress(BrokenPipeError):
            self._connection.send("go on")
        with suppress(EOFError, ConnectionResetError):
            while True:
                self._next()
        self._connection.close()
        self._seen.text = self._life.result().text
        said = re.findall(r"⏭️  Phase (\w+) already completed - skipping", self._seen.text)
        self._seen.restored = said
        return self._seen

    def _next(self) -> tuple[str, object]:
        assert self._connection.poll(_SECONDS), self._life.output.read_text()
        what, value = self._connection.recv()
        if what == REACHED:
            self._seen.ran.append(str(value))
        elif what == MADE:
            self._seen.made = list(value)
        elif what == OUTCOME:
            self._seen.outcome = str(value)
        return what, value
