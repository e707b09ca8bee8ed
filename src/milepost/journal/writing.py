"""Adding to a journal: a record counts when its line is durable."""

import os
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from milepost import clock
from milepost.errors import (
    ForkedError,
    MilepostError,
    RunClosedError,
    StoreError,
    hides_frames,
)
from milepost.journal import record
from milepost.journal.committing import Entry, GroupCommit
from milepost.journal.open_segment import OpenSegment
from milepost.journal.reading import JournalReader
from milepost.journal.record import Form, Head, Record
from milepost.journal.waiting import new_waiter

__tracebackhide__ = hides_frames
_EMPTY: Mapping[str, Any] = {}


class Journal(JournalReader):
    """A journal with a segment of its own to add to.

    What it adds it finds as well. The segment is created with the first record; one that
    could not be written or synced is never touched again, and the next one begun.

    Args:
        folder: The checkpoint's folder.
        generation: The life that it reads, and that what it adds belongs to.
        fence: The number of the run's lease.
        run: The run.
        may_write: Called before a segment is created; raises GoneError where the run may
            write no more.

    Raises:
        StoreError: What is there cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        generation: str,
        *,
        fence: int,
        run: str,
        may_write: Callable[[], None],
    ) -> None:
        __tracebackhide__ = True
        super().__init__(folder, generation)
        self.fence = fence
        self.run = run
        self._may_write = may_write
        self._test_id = folder.name.removesuffix(".d")
        self._form = Form(generation, fence, run)
        self._pid = os.getpid()
        self._is_closing = self._is_closed = False
        self._segment: OpenSegment | None = None
        self._segment_number = 0
        first = count(self._index.last_number(fence) + 1)
        self._numbers = _numbers.setdefault((str(folder), generation, fence), first)
        self._commits = GroupCommit(self._write)
        self._read_before = len(self._index)

    def append(
        self,
        kind: str,
        key: str = "",
        *,
        path: tuple[str, ...] = (),
        attempt: int = 0,
        body: Mapping[str, Any] | None = None,
        sync: bool = True,
    ) -> Record:
        """Add a record, and return when it is durable.

        Args:
            kind: What it is.
            key: The hash by which it is to be found; empty for none.
            path: Where it was made: the phase, then steps and items.
            attempt: The phase's attempt.
            body: Its other fields: plain JSON.
            sync: False returns when it is written: it survives the process, and not the
                machine.

        Returns:
            The record.

        Raises:
            StoreError: The disk refuses, in a new segment, too.
            GoneError: The run may write no more.
            ForkedError: This is a forked child.
            RunClosedError: The journal was closed.
            TypeError: The body is no plain JSON.
            ValueError: A name, a number or the key is none that a record can have.
        """
        __tracebackhide__ = True
        at = clock.now_at()
        body = _EMPTY if body is None else body
        entry = self._entry(kind, key, path, attempt, at, body, sync=sync)
        self._commits.commit(entry)
        return self._record_of(entry, path, attempt, at)

    async def append_async(
        self,
        kind: str,
        key: str = "",
        *,
        path: tuple[str, ...] = (),
        attempt: int = 0,
        body: Mapping[str, Any] | None = None,
        sync: bool = True,
    ) -> Record:
        """Add a record as ``append`` does, and let other tasks run meanwhile.

        A task that is cancelled while it waits leaves its record to be written.
        """
        __tracebackhide__ = True
        at = clock.now_at()
        body = _EMPTY if body is None else body
        entry = self._entry(kind, key, path, attempt, at, body, sync=sync)
        await self._commits.begin(entry, new_waiter())
        return self._record_of(entry, path, attempt, at)

    def has_added(self, record_id: str) -> bool:
        """Tell whether a record was added here, and not read when this was opened."""
        ordinal = self._index.with_id(record_id)
        return ordinal is not None and ordinal >= self._read_before

    def _entry(
        self,
        kind: str,
        key: str,
        path: tuple[str, ...],
        attempt: int,
        at: str,
        body: Mapping[str, Any],
        *,
        sync: bool,
    ) -> Entry:
        __tracebackhide__ = True
        if os.getpid() != self._pid:
            raise ForkedError(self._test_id)
        if self._is_closing:
            raise RunClosedError(self._test_id)
        before = self._form.before(kind, key)
        after = self._form.after(path, attempt, at, body)
        return Entry(kind, key, before, after, body, sync=sync)

    def _record_of(
        self, entry: Entry, path: tuple[str, ...], attempt: int, at: str
    ) -> Record:
        __tracebackhide__ = True
        if entry.error:
            raise entry.error
        return Record(
            f"{self.fence}-{entry.number}",
            entry.kind,
            entry.key,
            self.generation,
            self.run,
            self.fence,
            path,
            attempt,
            at,
            entry.body,
        )

    def _write(self, batch: list[Entry]) -> None:
        """Write entries; only one thread at a time comes here."""
        error: MilepostError | None = None
        try:
            self._store(batch)
        except MilepostError as failure:
            # For all who wait. What a handler of a signal raises is this thread's alone.
            error = failure
        for entry in batch:
            entry.error = error
            entry.is_done = True

    def _store(self, batch: list[Entry]) -> None:
        for entry in batch:
            if not entry.line:
                entry.number = next(self._numbers)
                entry.line = record.line(entry.before, entry.number, entry.after)
        content = b"".join([entry.line for entry in batch])
        sync = any([entry.sync for entry in batch])  # noqa: C419 - the faster one
        try:
            start = self._add(content, sync=sync)
        except OSError:
            start = self._add_again(content, sync=sync)
        self._enter(batch, start)

    def _add_again(self, content: bytes, *, sync: bool) -> int:
        """Add to a new segment what an earlier one did not take."""
        try:
            return self._add(content, sync=sync)
        except OSError as error:
            raise StoreError("add to the journal in", str(self.folder), error) from None

    def _add(self, content: bytes, *, sync: bool) -> int:
        """Add lines to the segment, and tell where they begin in it."""
        segment = self._segment = self._segment or self._begin()
        start = segment.size
        try:
            segment.write(content, sync=sync)
        except BaseException:
            self._segment = None
            segment.abandon()
            raise
        return start

    def _begin(self) -> OpenSegment:
        if self._is_closed:
            raise RunClosedError(self._test_id)
        begun = OpenSegment(
            self.folder, self.fence, self.run, self._segment_number + 1, self._may_write
        )
        self._segment_number = begun.number
        self._index.begin(begun.named())
        return begun

    def _enter(self, batch: list[Entry], start: int) -> None:
        add, generation, fence = self._index.add, self.generation, self.fence
        for entry in batch:
            kind, length = entry.kind, len(entry.line)
            name = record.name(kind, entry.key)
            head = Head(generation, name, kind.encode(), fence, entry.number)
            add(head, start, length - 1)
            start += length
            if kind == "dropped":
                self._drop(entry.body)

    def close(self) -> None:
        """Write what is left and close the segment; a forked child leaves all alone."""
        if os.getpid() != self._pid:
            return
        self._is_closing = True
        self._commits.close()
        self._is_closed = True
        if self._segment:
            self._segment.close()
            self._segment = None


# Two journals of one process can have one lease; an id is given once.
_numbers: "dict[tuple[str, str, int], count[int]]" = {}
