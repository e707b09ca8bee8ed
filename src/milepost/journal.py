"""The journal of a checkpoint: which life its records belong to.

A segment is ``journal-<fence>-<run>.jsonl``; each line is one record with a checksum
over its other fields.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from milepost.canonical import digest_plain


def newest_generation(folder: Path) -> str | None:
    """Find whose journal lies in a folder, for a document that was lost to damage.

    Args:
        folder: The checkpoint's folder.

    Returns:
        The generation of the intact record with the highest fence, or None.
    """
    records = [record for record in _records(folder) if _is_intact(record)]
    newest = max(records, key=lambda record: record["fence"], default=None)
    return str(newest["generation"]) if newest else None


def _records(folder: Path) -> Iterator[Any]:
    for segment in sorted(folder.glob("journal-*.jsonl")):
        for line in _lines(segment):
            with suppress(ValueError, RecursionError):
                yield json.loads(line)


def _lines(segment: Path) -> list[bytes]:
    with suppress(OSError):
        return segment.read_bytes().splitlines() if segment.is_file() else []
    return []


def _is_intact(record: Any) -> bool:
    if not isinstance(record, dict) or type(record.get("fence")) is not int:
        return False
    content = {key: value for key, value in record.items() if key != "checksum"}
    try:
        whole: bool = record.get("checksum") == "sha256:" + digest_plain(content)
    except (ValueError, RecursionError):
        return False
    return whole and isinstance(record.get("generation"), str)
