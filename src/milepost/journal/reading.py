"""Reading a journal: for a run that goes on, and for whoever wants to look."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from milepost.errors import StoreError, hides_frames
from milepost.journal import record
from milepost.journal.index import Index
from milepost.journal.record import Head, Record
from milepost.journal.segment import Segment, segments

__tracebackhide__ = hides_frames


class JournalReader:
    """The records of one generation, in the order in which they were written.

    Where they lie is read at once; their content when it is asked for.

    Args:
        folder: The checkpoint's folder.
        generation: The life whose records are read; those of others are passed over.

    Raises:
        StoreError: The folder or a segment cannot be read.
    """

    def __init__(self, folder: Path, generation: str) -> None:
        __tracebackhide__ = True
        self.folder = folder
        self.generation = generation
        self._index = Index(generation)
        self._dropped: set[str] = set()
        self._lost = 0
        try:
            for segment in segments(folder):
                self._index.read(segment)
        except OSError as error:
            raise StoreError("read the journal in", str(folder), error) from None
        for found in self.records("dropped"):
            self._drop(found.body)

    def _drop(self, body: Mapping[str, Any]) -> None:
        self._dropped.update(map(str, body.get("ids", ())))

    @property
    def broken(self) -> int:
        """Tell how many lines are damaged; what is whole in them is used."""
        return self._index.broken + self._lost

    @property
    def torn(self) -> int:
        """Tell how many segments end within a line: normal after a kill."""
        return self._index.torn

    def find(self, key: str, kind: str, *, dropped: bool = False) -> list[Record]:
        """Find the records of a kind by their key.

        Args:
            key: The key.
            kind: The kind.
            dropped: Give those that were dropped, too.

        Returns:
            The records, oldest first.

        Raises:
            StoreError: They cannot be read.
        """
        __tracebackhide__ = True
        found = map(self._record, self._ordinals(key, kind, dropped=dropped))
        return [one for one in found if one is not None]

    def has(self, key: str, kind: str, *, dropped: bool = False) -> bool:
        """Tell whether there is a record of a kind with this key; see ``find``."""
        return bool(self._ordinals(key, kind, dropped=dropped))

    def _ordinals(self, key: str, kind: str, *, dropped: bool) -> list[int]:
        ordinals = self._index.ordinals(kind, key)
        if dropped or not self._dropped:
            return ordinals
        return [one for one in ordinals if self._index.id_of(one) not in self._dropped]

    def get(self, id: str) -> Record | None:  # noqa: A002 - the field's name
        """Give the record with an id, also one that was dropped.

        Args:
            id: The id.

        Raises:
            StoreError: It cannot be read.
        """
        __tracebackhide__ = True
        ordinal = self._index.with_id(id)
        return None if ordinal is None else self._record(ordinal)

    def records(self, *kinds: str) -> Iterator[Record]:
        """Give all records in order, also those that were dropped.

        Args:
            kinds: The kinds that are wanted; without any, all.

        Raises:
            StoreError: They cannot be read.
        """
        __tracebackhide__ = True
        for ordinal in self._index.of_kinds(kinds):
            found = self._record(ordinal)
            if found is not None:
                yield found

    def is_dropped(self, id: str) -> bool:  # noqa: A002 - the field's name
        """Tell whether a record is never to be restored any more."""
        return id in self._dropped

    def _record(self, ordinal: int) -> Record | None:
        __tracebackhide__ = True
        try:
            found = self._index.record(ordinal)
        except OSError as error:
            raise StoreError("read the journal in", str(self.folder), error) from None
        self._lost += found is None
        return found


def read_journal(folder: Path, generation: str) -> JournalReader:
    """Read a journal; nothing on the disk changes.

    Args:
        folder: The checkpoint's folder.
        generation: The life whose records are wanted.

    Raises:
        StoreError: It cannot be read.
    """
    __tracebackhide__ = True
    return JournalReader(folder, generation)


def newest_generation(folder: Path) -> str | None:
    """Find whose journal lies in a folder, for a document that was lost to damage.

    Args:
        folder: The checkpoint's folder.

    Returns:
        The generation of the intact record with the highest fence, or None.

    Raises:
        StoreError: The journal cannot be read.
    """
    __tracebackhide__ = True
    try:
        found = _heads(segments(folder))
        newest = max(found, key=lambda head: head.fence, default=None)
    except OSError as error:
        raise StoreError("read the journal in", str(folder), error) from None
    return newest.generation if newest else None


def _heads(found: list[Segment]) -> Iterator[Head]:
    for segment in found:
        for chunk in segment.chunks():
            heads = map(record.read_head, chunk.split(b"\n"))
            yield from (head for head in heads if head)
