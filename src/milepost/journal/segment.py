"""The files of a journal: a segment a run, in JSON lines."""

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

_NAME: Final = re.compile(
    r"journal-(?P<fence>\d{1,6})-(?P<run>.+?)(?:-(?P<number>\d{1,9}))?\.jsonl(?:\.gz)?"
)
_CHUNK: Final = 1 << 18


class Segment(NamedTuple):
    """A segment that lies in a folder, in the order in which they were written.

    Attributes:
        fence: The number of its run's lease.
        number: Which of its run's segments it is, from 1.
        run: The run that wrote it.
        path: The file.
    """

    fence: int
    number: int
    run: str
    path: Path

    @property
    def is_compressed(self) -> bool:
        """Tell whether it is read through gzip."""
        return self.path.suffix == ".gz"

    def chunks(self) -> Iterator[bytes]:
        """Read it piece by piece, each of whole lines; the last may end within a line.

        What follows after damage to a compressed segment comes as a line of its own,
        which is no record.

        Raises:
            OSError: It cannot be read.
        """
        left: list[bytes] = []
        for content in self._pieces():
            end = content.rfind(b"\n") + 1
            if end:
                yield b"".join([*left, content[:end]])
                left.clear()
            if end < len(content):
                left.append(content[end:])
        if left:
            yield b"".join(left)

    def _pieces(self) -> Iterator[bytes]:
        if self.is_compressed:
            yield from self._unpacked()
            return
        with self.path.open("rb", buffering=0) as file:
            while content := file.read(_CHUNK):
                yield content

    def _unpacked(self) -> Iterator[bytes]:
        import gzip  # noqa: PLC0415 - few segments are

        try:
            with gzip.open(self.path) as file:
                while content := file.read(_CHUNK):
                    yield content
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield b"what follows cannot be unpacked\n"

    def read(self, start: int, length: int) -> bytes:
        """Read a part; a compressed segment is read whole, up to damage.

        Raises:
            OSError: It cannot be read.
        """
        if self.is_compressed:
            return b"".join(self.chunks())
        with self.path.open("rb", buffering=0) as file:
            file.seek(start)
            return file.read(length)


def segments(folder: Path) -> list[Segment]:
    """List the segments in a folder, in order; a compressed one only without the other.

    Raises:
        OSError: Nobody can look.
    """
    found: dict[str, Segment] = {}
    # Without .gz the name is the shorter one: in this order it comes last, and counts.
    for path in sorted(_entries(folder), key=lambda path: path.name, reverse=True):
        match = _NAME.fullmatch(path.name)
        if match and path.is_file():
            place = int(match["fence"]), int(match["number"] or 1), match["run"]
            found[path.name.removesuffix(".gz")] = Segment(*place, path)
    return sorted(found.values())


def _entries(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError, NotADirectoryError):
        return list(folder.iterdir())
    return []
