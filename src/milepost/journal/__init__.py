"""The journal of a checkpoint: what was bought in one life of it, and is not lost.

A segment is ``journal-<fence>-<run>.jsonl``; each line is one record.
"""

from typing import TYPE_CHECKING, Any

from milepost.journal.reading import JournalReader, newest_generation, read_journal
from milepost.journal.record import Record

if TYPE_CHECKING:
    from milepost.journal.writing import Journal

__all__ = ["Journal", "JournalReader", "Record", "newest_generation", "read_journal"]


def __getattr__(name: str) -> Any:
    # Who only reads does not load what writing needs.
    if name != "Journal":
        message = f"module 'milepost.journal' has no attribute {name!r}"
        raise AttributeError(message)
    from milepost.journal.writing import Journal  # noqa: PLC0415 - see above

    return Journal
