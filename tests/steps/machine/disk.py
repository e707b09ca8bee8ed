"""What lies in the journal, read without milepost: which answers are kept."""

import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_MARK: Final = b'{"checksum":"crc32:'
_COVERED: Final = len(_MARK) + 10


@dataclass
class Disk:
    """The intact records of all segments.

    Attributes:
        records: They, in order.
        broken: How many lines are damaged, and not merely cut off.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    broken: int = 0

    @property
    def dropped(self) -> set[str]:
        """Give the ids of records that are not to be restored."""
        return {i for r in self.records if r["kind"] == "dropped" for i in r["ids"]}

    @property
    def answers(self) -> list[str]:
        """Give the answers that are kept, the oldest first."""
        steps = [r for r in self.records if r["kind"] == "step"]
        kept = [r["data"] for r in steps if r["id"] not in self.dropped]
        resolved = [r for r in self.records if r["kind"] == "resolved" and r["done"]]
        kept += [r["data"] for r in resolved if r["id"] not in self.dropped]
        return [data for data in kept if isinstance(data, str)]

    @property
    def held(self) -> list[str]:
        """Give the answers that values of steps around them hold."""
        steps = [r for r in self.records if r["kind"] == "step"]
        kept = [r["data"] for r in steps if r["id"] not in self.dropped]
        return [answer for data in kept if isinstance(data, list) for answer in data]

    @property
    def open_intentions(self) -> list[str]:
        """Give the ids of what began, and of which nobody knows how it ended."""
        ended = {r.get("intention") for r in self.records if r["kind"] != "intention"}
        begun = [r["id"] for r in self.records if r["kind"] == "intention"]
        return [i for i in begun if i not in ended and i not in self.dropped]


def segments(folder: Path) -> list[Path]:
    """List the segments of the journal of the only checkpoint."""
    found = (folder / ".milepost").glob("test_*.d/journal-*.jsonl")
    return sorted(found, key=_place)


def _place(path: Path) -> tuple[int, int]:
    _, fence, _, *number = path.stem.split("-")
    return int(fence), int(number[0]) if number else 1


def read_disk(folder: Path) -> Disk:
    """Read the journal."""
    disk = Disk()
    seen = set()
    for path in segments(folder):
        for line in path.read_bytes().splitlines(keepends=True):
            record = _read(line)
            if record is None:
                disk.broken += line.endswith(b"\n")
            elif record["id"] not in seen:
                seen.add(record["id"])
                disk.records.append(record)
    return disk


def _read(line: bytes) -> dict[str, Any] | None:
    content = line.removesuffix(b"\n")
    if not content.startswith(_MARK):
        return None
    if content[len(_MARK) : len(_MARK) + 8] != b"%08x" % zlib.crc32(content[_COVERED:]):
        return None
    record: dict[str, Any] = json.loads(content)
    return record


def damage(folder: Path, number: int) -> bool:
    """Flip a bit in a line of the journal.

    Args:
        folder: The project.
        number: Which line, counted from the first one, and round and round.

    Returns:
        True if there was a line.
    """
    lines = [(p, n) for p in segments(folder) for n in range(_lines(p))]
    if not lines:
        return False
    path, place = lines[number % len(lines)]
    content = path.read_bytes().splitlines(keepends=True)
    line = bytearray(content[place])
    line[-3] ^= 1
    content[place] = bytes(line)
    path.write_bytes(b"".join(content))
    return True


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def served(folder: Path) -> list[str]:
    """Give what the provider was asked for, in order, as ``leaf|request``."""
    log = folder / "served.log"
    return log.read_text().splitlines() if log.exists() else []
