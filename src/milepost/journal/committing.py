"""Group commit: all who wait at one moment share one sync.

Whoever finds nobody writing writes for all that wait; the others wait for it. So a
program that writes one record after the other never hands it to another thread. Tasks
have a thread that writes for them, because their loop must not be held up.
"""

import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from itertools import takewhile
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

    A signal's handler may raise anywhere: an entry leaves the queue only when it is done,
    and a lock is only ever held by a ``with``.

    Args:
        write: Writes entries in their order. It marks each as done, and keeps what went
            wrong in it; what it left undone because it was interrupted is tried again.
    """

    def __init__(self, write: Callable[[list[Entry]], None]) -> None:
        self._write = write
        self._queue: list[Entry] = []
        self._turn = threading.Lock()
        self._server: _Server | None = None
        self._server_lock = threading.Lock()
        self._is_closed = False
        # The loops that are about to wake the thread.
        self._homes: set[Any] = set()
        _open.add(self)

    def commit(self, entry: Entry) -> None:
        """Bring an entry to the disk, and wait for that in this thread."""
        self._queue.append(entry)
        while not entry.is_done:
            with self._turn:
                if not entry.is_done:
                    self._lead()

    def begin(self, entry: Entry, waiter: Waiter) -> Awaitable[object]:
        """Have an entry brought to the disk, and give what waits for that in a task.

        A task that is cancelled meanwhile leaves its entry to be written.
        """
        entry.waiter = waiter
        # In this order: a wake forgets its loop first, and looks at the queue then.
        self._queue.append(entry)
        if waiter.home not in self._homes:
            self._homes.add(waiter.home)
            # Not at once: what is ready to run in this loop adds its entry first.
            waiter.soon(partial(self._wake, waiter.home))
        return waiter.wait()

    def _lead(self) -> None:
        """Write all that is queued."""
        batch = [entry for entry in self._queue[:] if not entry.is_done]
        try:
            if batch:
                self._write(batch)
        finally:
            done = takewhile(_is_done, self._queue[:])
            del self._queue[: sum(1 for _ in done)]
            self._tell([entry for entry in batch if entry.waiter])

    def _tell(self, waiting: list[Entry]) -> None:
        """Wake the tasks whose entries are done, and the thread for those that are not."""
        finish_all([one.waiter for one in waiting if one.waiter and one.is_done])
        if not all(map(_is_done, waiting)):
            self._wake(None)

    def _wake(self, home: object) -> None:
        self._homes.discard(home)
        if not self._queue:
            return
        if self._is_closed:
            # It was added while the last ones were written: there is no thread any more.
            self._drain()
            return
        with self._server_lock:
            self._server = self._server or _Server(self._drain)
            self._server.wake()

    def _drain(self) -> None:
        while self._queue:
            with self._turn:
                self._lead()

    def pause(self) -> None:
        """End the thread; it starts again when it is needed."""
        with self._server_lock:
            server, self._server = self._server, None
        if server:
            server.end()

    def close(self) -> None:
        """Write what is left, and end the thread for good."""
        self._is_closed = True
        self._drain()
        self.pause()


def _is_done(entry: Entry) -> bool:
    return entry.is_done


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
