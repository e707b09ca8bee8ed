"""Group commit: all who wait at one moment share one sync.

Whoever finds nobody writing writes for all that wait; the others wait for it. So a
program that writes one record after the other never hands it to another thread. Tasks
have a thread that writes for them, because their loop must not be held up.
"""

import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Mapping
from queue import SimpleQueue
from typing import Any

from milepost.errors import hides_frames
from milepost.journal.waiting import Waiter, finish_all
from milepost.stores.heartbeat import await_exit

__tracebackhide__ = hides_frames


class Entry:
    """A record on its way to the disk.

    Args:
        kind: Its kind.
        key: Its key.
        before: Its line before its number.
        after: Its line behind its number.
        body: Its body.
        sync: It counts as written when it is durable.

    Attributes:
        number: Its number; 0 until it is first written.
        line: All its bytes; empty until then.
        is_done: It is written, or cannot be.
        error: Why it cannot be.
        waiter: The task that waits for it; None for a thread.
    """

    __slots__ = (
        *("after", "before", "body", "error", "is_done", "key", "kind"),
        *("line", "number", "sync", "waiter"),
    )

    def __init__(
        self,
        kind: str,
        key: str,
        before: str,
        after: str,
        body: Mapping[str, Any],
        *,
        sync: bool,
    ) -> None:
        self.kind = kind
        self.key = key
        self.before = before
        self.after = after
        self.body = body
        self.sync = sync
        self.number = 0
        self.line = b""
        self.is_done = False
        self.error: Exception | None = None
        self.waiter: Waiter | None = None


class GroupCommit:
    """Brings entries to the disk, those of many threads and tasks together.

    Args:
        write: Writes entries in their order. It marks each as done, and keeps what went
            wrong in it; what it left undone because it was interrupted is tried again.
    """

    def __init__(self, write: Callable[[list[Entry]], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting = 0
        self._queue: list[Entry] = []
        self._is_leading = False
        self._is_closed = False
        self._server: _Server | None = None
        # The loops that will wake the thread for what is queued.
        self._homes: set[Any] = set()
        _open.add(self)

    def commit(self, entry: Entry) -> None:
        """Bring an entry to the disk, and wait for that in this thread."""
        with self._lock:
            self._queue.append(entry)
            self._finish(entry)

    def _finish(self, entry: Entry) -> None:
        while not entry.is_done:
            if self._is_leading:
                self._wait()
            else:
                self._lead()

    def _wait(self) -> None:
        self._waiting += 1
        try:
            self._changed.wait()
        finally:
            self._waiting -= 1

    def _lead(self) -> None:
        """Write all that is queued; the lock is held before and after, not meanwhile."""
        self._is_leading = True
        batch, self._queue = self._queue, []
        if homes := self._homes:
            self._homes = set()
        self._lock.release()
        try:
            self._write(batch)
        finally:
            if homes:
                finish_all([one.waiter for one in batch if one.waiter and one.is_done])
            self._lock.acquire()
            self._is_leading = False
            if not batch[-1].is_done:
                self._put_back([entry for entry in batch if not entry.is_done])
            if self._waiting:
                self._changed.notify_all()

    def _put_back(self, left: list[Entry]) -> None:
        """Have others write what an interruption kept this thread from writing."""
        self._queue[:0] = left
        if self._server and any(entry.waiter for entry in left):
            self._server.wake()

    def begin(self, entry: Entry, waiter: Waiter) -> Awaitable[object]:
        """Have an entry brought to the disk, and give what waits for that in a task.

        A task that is cancelled meanwhile leaves its entry to be written.
        """
        entry.waiter = waiter
        with self._lock:
            self._queue.append(entry)
            is_first = waiter.home not in self._homes
            self._homes.add(waiter.home)
        if is_first:
            # Not at once: what is ready to run in this loop writes its entry first.
            waiter.soon(self._wake)
        return waiter.wait()

    def _wake(self) -> None:
        with self._lock:
            if self._queue and not self._is_closed:
                self._server = self._server or _Server(self._drain)
                self._server.wake()

    def _drain(self) -> None:
        with self._lock:
            while self._queue:
                self._finish(self._queue[-1])

    def pause(self) -> None:
        """End the thread; it starts again when it is needed."""
        with self._lock:
            server, self._server = self._server, None
        if server:
            server.end()

    def close(self) -> None:
        """Write what is left, and end the thread for good."""
        with self._lock:
            self._is_closed = True
        self._drain()
        self.pause()


class _Server:
    """The thread that writes for tasks."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._wakes: SimpleQueue[str] = SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name="milepost-journal", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        self._wakes.put("work")

    def end(self) -> None:
        """End it, after what it was woken for."""
        self._wakes.put("end")
        self._thread.join()
        await_exit(self._thread.native_id)

    def _run(self) -> None:
        while self._wakes.get() == "work":
            self._work()


_open: "weakref.WeakSet[GroupCommit]" = weakref.WeakSet()


def _pause_all() -> None:
    """End the threads before a fork: Python warns of one in a process with threads."""
    for group in list(_open):
        group.pause()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_pause_all, after_in_child=_open.clear)
