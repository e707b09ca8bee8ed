"""The file that says which clean-ups stand: one JSON record a line, only added to."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from milepost import clock
from milepost.canonical import digest_plain
from milepost.stores import files
from milepost.stores.killpoints import killpoint
from milepost.stores.lease import Lease

NAME: Final = "cleanups.jsonl"
STANDING: Final = "cleanup"  # the kinds of record
DONE: Final = "done"
FORGOTTEN: Final = "forgotten"  # all before it, what cannot be read as well
_TEXTS: Final = frozenset(
    "key function file test_id generation run registered_at signature".split()
)
_FIELDS: Final = _TEXTS | {"kind", "args", "kwargs", "checksum"}


def append(folder: Path, record: Mapping[str, Any], lease: Lease, test_id: str) -> None:
    """Add a record, durably.

    Args:
        folder: The checkpoint's folder.
        record: The record; a checksum is added.
        lease: This run's lease.
        test_id: The checkpoint.

    Raises:
        StoreError: The disk refuses; records before it are as they were.
        GoneError: Another run took over.
    """
    path = folder / NAME
    with files.store_errors("write", path):
        lease.check(test_id)
        is_new = not path.exists()
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        handle = os.open(path, flags, files.FILE_MODE)
        try:
            killpoint("cleanup.opened")
            view = memoryview(_line(handle, record))
            while view:
                view = view[os.write(handle, view) :]
            killpoint("cleanup.written")
            os.fsync(handle)
        finally:
            os.close(handle)
        if is_new:
            files.sync_folder(folder)
        killpoint("cleanup.durable")


def _line(handle: int, record: Mapping[str, Any]) -> bytes:
    """Give a record's line; what a killed write left before it stays a line of its own."""
    size = os.fstat(handle).st_size
    torn = size and os.pread(handle, 1, size - 1) != b"\n"
    whole = {**record, "checksum": checksum_of(record)}
    return (b"\n" if torn else b"") + json.dumps(whole).encode("ascii") + b"\n"


def standing(folder: Path) -> tuple[list[dict[str, Any]], int]:
    """Give the records of what stands in a folder, and how many lines are damaged.

    What a killed write left unfinished was never acknowledged, and is no damage.

    Args:
        folder: The folder of a checkpoint, or one that an old life left.

    Raises:
        StoreError: It cannot be read.
    """
    found: dict[str, dict[str, Any]] = {}
    damaged = 0
    for line in _lines(folder):
        record = _record(line)
        if record is None:
            damaged += line.rstrip().endswith(b"}")
        elif record["kind"] == STANDING:
            found.setdefault(record["key"], record)
        elif record["kind"] == DONE:
            found.pop(record["key"], None)
        else:
            found, damaged = {}, 0
    return list(found.values()), damaged


def stands(folder: Path) -> bool:
    """Tell whether a clean-up stands in a folder, or one that cannot be read."""
    return any(standing(folder))


def _lines(folder: Path) -> list[bytes]:
    path = folder / NAME
    with (
        files.store_errors("read", path),
        suppress(FileNotFoundError, NotADirectoryError),
    ):
        return path.read_bytes().splitlines()
    return []


def _record(line: bytes) -> dict[str, Any] | None:
    """Read a record; None where it is damaged, or none that we write."""
    with suppress(ValueError, RecursionError):
        record = json.loads(line)
        if isinstance(record, dict) and record.get("checksum") == checksum_of(record):
            return record if _has_form(record) else None
    return None


def _has_form(record: Mapping[str, Any]) -> bool:
    kind = record.get("kind")
    if kind != STANDING:
        return kind == FORGOTTEN or (kind == DONE and isinstance(record.get("key"), str))
    clock.parse_at(str(record.get("registered_at")))
    texts = [record.get(name) for name in _TEXTS]
    return (
        record.keys() == _FIELDS
        and all(isinstance(text, str) and text.isprintable() for text in texts)
        and isinstance(record["args"], list)
        and isinstance(record["kwargs"], dict)
    )


def checksum_of(record: Mapping[str, Any]) -> str:
    """Give the checksum over a record's other fields."""
    content = {key: value for key, value in record.items() if key != "checksum"}
    return "sha256:" + digest_plain(content)
