"""The heartbeat: one thread that shows that this process's leases live."""

import threading
from typing import Final, Protocol

BEAT_SECONDS: Final = 5.0


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

    def add(self, lease: Beating) -> None:
        """Raise this lease's counter from now on."""
        with self._changed:
            self._beating.add(lease)
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

    def _run(self) -> None:
        for beating in iter(self._wait, []):
            for lease in beating:
                lease.beat()

    def _wait(self) -> list[Beating]:
        """Wait for the next beat; gives nothing, and forgets the thread, at the end."""
        with self._changed:
            if self._beating:
                self._changed.wait(BEAT_SECONDS)
            if not self._beating:
                self._thread = None
            return list(self._beating)
