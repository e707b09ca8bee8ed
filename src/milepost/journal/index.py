"""Where the records of a journal lie: read once, without decoding any of them."""

from array import array
from binascii import unhexlify
from collections.abc import Iterator
from io import BytesIO
from itertools import accumulate
from operator import lt
from sys import byteorder
from typing import Final
from zlib import crc32

from milepost.journal import record
from milepost.journal.record import COVERED, MARK, Head, Record
from milepost.journal.segment import Segment

_NUMBER_BITS: Final = 40
_OFFSET_BITS: Final = 44
_AHEAD: Final = 1 << 17
_Places = int | list[int]
_Found = tuple[bytes, bytes, bytes, bytes, bytes]


class Index:
    """The places of one generation's records, by kind and key and by id.

    A record is known by its ordinal: its position in the order of all of them.

    Args:
        generation: The life whose records count; others are passed over.

    Attributes:
        broken: How many lines were damaged.
        torn: How many segments end within a line, as a kill leaves them.
    """

    def __init__(self, generation: str) -> None:
        self.generation = generation
        self.broken = 0
        self.torn = 0
        self._segments: list[Segment] = []
        self._starts = array("q")
        self._lengths = array("q")
        self._ids = array("q")
        self._kinds = array("H")
        self._kind_numbers: dict[bytes, int] = {}
        self._names: dict[bytes, _Places] = {}
        # By id, only where the ids of a generation do not come in their order.
        self._by_id: dict[int, int] = {}
        self._window = (-1, 0, b"")

    def __len__(self) -> int:
        return len(self._ids)

    def read(self, segment: Segment) -> None:
        """Read the records of a segment.

        Raises:
            OSError: It cannot be read.
        """
        self.begin(segment)
        find, start = record.pattern(self.generation, segment.fence).findall, 0
        for chunk in segment.chunks():
            if not self._add_all(find(chunk), segment.fence, start, len(chunk)):
                self._add_singly(chunk, start)
            start += len(chunk)

    def begin(self, segment: Segment) -> None:
        """Take what is added from now on as this segment's."""
        self._segments.append(segment)

    def _add_all(self, found: list[_Found], fence: int, start: int, length: int) -> bool:
        """Add records at once if they are all that there is, intact and new.

        What Python does once for each of them is what reading takes.
        """
        if not found or self._by_id:
            return False
        checksums, covered, names, kinds, numbers = zip(*found, strict=True)
        lengths = [len(one) + COVERED for one in covered]
        ids = [fence << _NUMBER_BITS | number for number in map(int, numbers)]
        if (
            sum(lengths) + len(lengths) != length
            or array("I", map(crc32, covered)) != _unpack(checksums)
            or not all(map(lt, [self._ids[-1] if self._ids else -1, *ids], ids))
        ):
            return False
        first = len(self._ids)
        here = start | len(self._segments) - 1 << _OFFSET_BITS
        self._starts.extend(accumulate([one + 1 for one in lengths[:-1]], initial=here))
        self._lengths.extend(lengths)
        for kind in set(kinds):
            self._kind_number(kind)
        self._kinds.extend(map(self._kind_numbers.__getitem__, kinds))
        self._ids.extend(ids)
        self._enter_all(names, range(first, len(self._ids)))
        return True

    def _enter_all(self, names: tuple[bytes, ...], ordinals: range) -> None:
        if len(set(names)) == len(names) and self._names.keys().isdisjoint(names):
            self._names.update(zip(names, ordinals, strict=True))
            return
        for name, ordinal in zip(names, ordinals, strict=True):
            self._enter(name, ordinal)

    def _add_singly(self, chunk: bytes, start: int) -> None:
        for line in BytesIO(chunk):
            self._judge(line, start)
            start += len(line)

    def add(self, head: Head, start: int, length: int) -> None:
        """Add one record, unless it is there already: it may be written twice."""
        record_id = head.fence << _NUMBER_BITS | head.number
        ordinal = len(self._ids)
        if ordinal and self._is_known(record_id):
            self._enter_again(head.name, record_id)
            return
        # A handler of a signal may have raised in the middle of this.
        for column in (self._starts, self._lengths, self._kinds):
            del column[ordinal:]
        self._starts.append(len(self._segments) - 1 << _OFFSET_BITS | start)
        self._lengths.append(length)
        self._kinds.append(self._kind_number(head.kind))
        # Behind these: another thread may be looking, and goes by what is here.
        self._ids.append(record_id)
        if self._by_id:
            self._by_id[record_id] = ordinal
        self._enter(head.name, ordinal)

    def _kind_number(self, kind: bytes) -> int:
        return self._kind_numbers.setdefault(kind, len(self._kind_numbers))

    def _enter(self, name: bytes, ordinal: int) -> None:
        there = self._names.setdefault(name, ordinal)
        if isinstance(there, list):
            there.append(ordinal)
        elif there != ordinal:
            self._names[name] = [there, ordinal]

    def _enter_again(self, name: bytes, record_id: int) -> None:
        there, ordinal = self._names.get(name, []), self._ordinal(record_id)
        known = [there] if isinstance(there, int) else there
        if ordinal is not None and ordinal not in known:
            self._enter(name, ordinal)

    def _is_known(self, record_id: int) -> bool:
        if not self._by_id:
            if record_id > self._ids[-1]:
                return False
            self._by_id = {known: ordinal for ordinal, known in enumerate(self._ids)}
        return record_id in self._by_id

    def _judge(self, line: bytes, start: int) -> None:
        """Take what is whole of a line that may be no record of this life and segment."""
        content = line.removesuffix(b"\n")
        if self._take(content, start):
            return
        # Where the end of a line was lost, others are glued to it.
        begins = [0, *_positions(content, MARK, 1)]
        if content == line and len(begins) == 1:
            self.torn += 1
        else:
            self.broken += 1
        for begin in begins:
            length = record.length(content[begin:])
            self._take(content[begin : begin + length], start + begin)

    def _take(self, content: bytes, start: int) -> bool:
        """Tell whether this is an intact record, and add it if it is of this life."""
        head = record.read_head(content)
        if head and head.generation == self.generation:
            self.add(head, start, len(content))
        return head is not None

    def ordinals(self, kind: str, key: str) -> list[int]:
        """Give the records of a kind and key, oldest first."""
        found = self._names.get(record.name(kind, key), [])
        return [found] if isinstance(found, int) else list(found)

    def of_kinds(self, kinds: tuple[str, ...]) -> Iterator[int]:
        """Give all records of some kinds in order; without kinds, all there are."""
        wanted = {self._kind_numbers.get(kind.encode()) for kind in kinds}
        for ordinal in range(len(self._ids)):
            if not kinds or self._kinds[ordinal] in wanted:
                yield ordinal

    def with_id(self, record_id: str) -> int | None:
        """Give the record with an id."""
        fence, _, number = record_id.partition("-")
        if not (fence.isdecimal() and number.isdecimal()):
            return None
        return self._ordinal(int(fence) << _NUMBER_BITS | int(number))

    def _ordinal(self, wanted: int) -> int | None:
        if self._by_id:
            return self._by_id.get(wanted)
        from bisect import bisect_left  # noqa: PLC0415 - few ask

        ordinal = bisect_left(self._ids, wanted)
        found = ordinal < len(self._ids) and self._ids[ordinal] == wanted
        return ordinal if found else None

    def id_of(self, ordinal: int) -> str:
        """Give a record's id."""
        packed = self._ids[ordinal]
        return f"{packed >> _NUMBER_BITS}-{packed & (1 << _NUMBER_BITS) - 1}"

    def last_number(self, fence: int) -> int:
        """Give the highest number of a record of this fence; 0 where there is none."""
        numbers = (
            packed & (1 << _NUMBER_BITS) - 1
            for packed in self._ids
            if packed >> _NUMBER_BITS == fence
        )
        return max(numbers, default=0)

    def record(self, ordinal: int) -> Record | None:
        """Decode a record; None where it is no longer what it was.

        Raises:
            OSError: It cannot be read.
        """
        place, length = self._starts[ordinal], self._lengths[ordinal]
        number, start = place >> _OFFSET_BITS, place & (1 << _OFFSET_BITS) - 1
        try:
            return record.decode(self._content(number, start, length))
        except (ValueError, KeyError, TypeError, RecursionError):
            return None

    def _content(self, number: int, start: int, length: int) -> bytes:
        window_number, window_start, window = self._window
        at = start - window_start
        if number != window_number or not 0 <= at <= len(window) + 1:
            return self._fetch(number, start, length, 0)
        if at + length > len(window):
            # One record after the other is asked for.
            return self._fetch(number, start, length, _AHEAD)
        return window[at : at + length]

    def _fetch(self, number: int, start: int, length: int, ahead: int) -> bytes:
        segment = self._segments[number]
        content = segment.read(start, length + ahead)
        begins = 0 if segment.is_compressed else start
        self._window = number, begins, content
        return content[start - begins : start - begins + length]


def _unpack(checksums: tuple[bytes, ...]) -> "array[int]":
    numbers = array("I", unhexlify(b"".join(checksums)))
    if byteorder == "little":
        numbers.byteswap()
    return numbers


def _positions(line: bytes, mark: bytes, start: int) -> Iterator[int]:
    found = line.find(mark, start)
    while found >= 0:
        yield found
        found = line.find(mark, found + 1)
