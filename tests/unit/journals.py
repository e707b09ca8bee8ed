"""Journals for tests: written by the real thing, and damaged by hand."""

import gzip
from pathlib import Path
from typing import Any

from milepost.journal import Journal, JournalReader, read_journal

GENERATION = "0123456789abcdef"
RUN = "a1b2c3d4e5f60718"


def key(number: int) -> str:
    """Give the key of a number: 64 hex digits."""
    return f"{number:064x}"


def open_journal(folder: Path, **more: Any) -> Journal:
    """Open a journal to add to, where nobody forbids it."""
    folder.mkdir(exist_ok=True)
    given = {"fence": 1, "run": RUN, "may_write": lambda: None} | more
    generation = given.pop("generation", GENERATION)
    return Journal(folder, generation, **given)


def fill(folder: Path, number: int, **more: Any) -> list[str]:
    """Add so many steps in a run of its own, and give their ids."""
    journal = open_journal(folder, **more)
    ids = [
        journal.append("step", key(n), path=("phase",), body={"data": n}).id
        for n in range(number)
    ]
    journal.close()
    return ids


def read(folder: Path, generation: str = GENERATION) -> JournalReader:
    """Read a journal as another process would."""
    return read_journal(folder, generation)


def data(reader: JournalReader) -> list[Any]:
    """Give the data of all steps, in order."""
    return [found.body["data"] for found in reader.records("step")]


def segment(folder: Path) -> Path:
    """Give the only segment of a folder."""
    (path,) = folder.glob("journal-*")
    return path


def compress(path: Path) -> Path:
    """Put a compressed segment in the place of another."""
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return packed
