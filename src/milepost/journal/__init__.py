"""The journal of a checkpoint: what was bought in one life of it, and is not lost.

A segment is ``journal-<fence>-<run>.jsonl``; each line is one record.
"""

from milepost.journal.reading import JournalReader, newest_generation, read_journal
from milepost.journal.record import Record
from milepost.journal.writing import Journal

__all__ = ["Journal", "JournalReader", "Record", "newest_generation", "read_journal"]
