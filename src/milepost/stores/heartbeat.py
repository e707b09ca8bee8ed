"""The heartbeat: one thread that shows that this process's leases live."""

import threading
from pathlib import Path
from typing import Final, Protocol

from milepost import clock

BEAT_SECONDS: Final = 5.0
_EXIT_SECONDS: Final = 0.1


class Beating(Protocol):
    """What has a counter to raise."""

    def beat(self) -> None:
        """Raise the counter."""


class Heartbeat:
    """Raises the counters of leases, in a thread that lives while there are any."""

    def __init__(self) -> None:
        self._beating: set[Beating] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_paused = False

    def add(self, lease: Beating) -> None:
        """Raise this lease's counter from now on."""
        with self._changed:
            self._beating.add(lease)
            self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="milepost-lease", daemon=True
            )
            self._thread.start()

    def discard(self, lease: Beating) -> None:
        """Leave this lease's counter alone from now on."""
        with self._changed:
            self._beating.discard(lease)
            self._changed.notify()

    def pause(self) -> None:
        """End the thread before a fork: Python warns of one in a process with threads."""
        with self._changed:
            self._is_paused = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(1.0)
            await_exit(thread.native_id)

    def resume(self) -> None:
        """Start the thread again, in the parent."""
        with self._changed:
            self._is_paused = False
            if self._beating:
                self._start()

    def _run(self) -> None:
        for beating in iter(self._wait, []):
            for lease in beating:
                lease.beat()

    def _wait(self) -> list[Beating]:
        """Wait for the next beat; gives nothing, and forgets the thread, at the end."""
        with self._changed:
            if self._beating and not self._is_paused:
                self._changed.wait(BEAT_SECONDS)
            if self._is_paused or not self._beating:
                self._thread = None
                return []
            return list(self._beating)


def await_exit(thread: int | None) -> None:
    """Wait until the system, too, has seen a joined thread end: Python asks it."""
    deadline = clock.monotonic() + _EXIT_SECONDS
    while Path(f"/proc/self/task/{thread}").exists() and clock.monotonic() < deadline:
        clock.sleep(0.0)
