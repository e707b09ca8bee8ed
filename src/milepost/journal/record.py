"""One record of a journal: a line of JSON that says whether it is whole.

The checksum, the generation, the kind, the key and the id come first, in this order, so
that a line can be judged and found without decoding it. The CRC-32 covers all that comes
after the checksum itself, up to the end of the line.
"""

import json
import re
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from json import encoder
from typing import Any, Final, NamedTuple

MARK: Final = b'{"checksum":"crc32:'
# Where that begins over which the checksum is made: behind 8 digits, a quote, a comma.
COVERED: Final = len(MARK) + 10
_TEXT: Final = rb'"((?:[^"\\]|\\.)*)"'
_HEAD: Final = re.compile(
    rb'\{"checksum":"crc32:([0-9a-f]{8})","generation":'
    + _TEXT
    + rb',"kind":"((\w+)","key":"[^"\\]*)","id":"(\d{1,6})-(\d{1,12})",'
)
_FIELDS: Final = (
    *("generation", "kind", "key", "id", "fence"),
    *("run", "path", "attempt", "at"),
)
_OURS: Final = frozenset({"checksum", *_FIELDS})
_decode: Final = json.JSONDecoder().raw_decode


class Record(NamedTuple):
    """Something that happened, as the journal keeps it.

    Attributes:
        id: ``<fence>-<number>``, unique in its generation.
        kind: What kind of thing: ``step``, ``call``, ``parts`` ...
        key: The hash by which it is found; empty where there is none.
        generation: The life of the checkpoint that it belongs to.
        run: The run that wrote it.
        fence: The number of that run's lease.
        path: Where it was made: the phase, then steps and items; empty for the test.
        attempt: The phase's attempt in which it was made; 0 where there is no phase.
        at: When it was written.
        body: All else; which fields, depends on the kind.
    """

    id: str
    kind: str
    key: str
    generation: str
    run: str
    fence: int
    path: tuple[str, ...]
    attempt: int
    at: str
    body: Mapping[str, Any]


class Head(NamedTuple):
    """What can be said of a line without decoding it."""

    generation: str
    name: bytes
    kind: bytes
    fence: int
    number: int


def _refuse(value: object) -> object:
    message = f"a record cannot hold a {type(value).__qualname__}"
    raise TypeError(message)


def _fast_encoder() -> Callable[[object], str]:
    """Give the encoder of JSON without what it does anew for each text."""
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:
        slow = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_refuse)
        return slow.encode
    text = encoder.encode_basestring_ascii
    iterate = make({}, _refuse, text, None, ":", ",", False, False, False)  # noqa: FBT003 - it takes no names
    return lambda value: "".join(iterate(value, 0))


encode: Final = _fast_encoder()


class Form:
    """How the records of one run begin, as far as they are all alike.

    Args:
        generation: The life of the checkpoint.
        fence: The number of the run's lease.
        run: The run.
    """

    def __init__(self, generation: str, fence: int, run: str) -> None:
        self._generation = encode(generation)
        self._fence = fence
        self._run = f'"fence":{fence},"run":{encode(run)},"path":'
        self._kinds: dict[str, str] = {}

    def before(self, kind: str, key: str) -> str:
        """Encode what stands between a record's checksum and its number.

        Raises:
            ValueError: The kind is no word, or the key would have to be escaped.
        """
        start = self._kinds.get(kind) or self._start(kind)
        if not (key.isascii() and key.isalnum()) and encode(key) != f'"{key}"':
            message = f"a record cannot have the key {key!r}"
            raise ValueError(message)
        return f'{start}{key}","id":"{self._fence}-'

    def _start(self, kind: str) -> str:
        if not kind.isidentifier() or not kind.isascii():
            message = f"a record cannot be of the kind {kind!r}"
            raise ValueError(message)
        start = f'"generation":{self._generation},"kind":"{kind}","key":"'
        self._kinds[kind] = start
        return start

    def after(
        self, path: tuple[str, ...], attempt: int, at: str, body: Mapping[str, Any]
    ) -> str:
        """Encode what comes behind a record's number, without the line's end.

        Raises:
            ValueError: A field of the body has a name that is the record's own, or a
                number is none that JSON can say.
            TypeError: The body is no plain JSON.
        """
        start = f'",{self._run}{encode(path)},"attempt":{attempt},"at":"{at}"'
        if not body:
            return start + "}"
        if not _OURS.isdisjoint(body):
            names = ", ".join(sorted(_OURS & body.keys()))
            message = f"a record has fields of its own with these names: {names}"
            raise ValueError(message)
        return f"{start},{encode(body)[1:]}"


def line(before: str, number: int, after: str) -> bytes:
    """Put a record's line together, with its checksum."""
    covered = f"{before}{number}{after}".encode("ascii")
    return b'{"checksum":"crc32:%08x",%b\n' % (zlib.crc32(covered), covered)


def pattern(generation: str, fence: int) -> re.Pattern[bytes]:
    """Make what matches whole lines that look like records of one generation and fence.

    Its groups: the checksum, what it covers, kind and key as ``name`` has them, the kind,
    the number.
    """
    text = re.escape(encode(generation).encode())
    return re.compile(
        rb'^\{"checksum":"crc32:([0-9a-f]{8})",("generation":%b,'
        rb'"kind":"((\w+)","key":"[^"\\\n]*)","id":"%d-(\d{1,12})",[^\n]*)\n'
        % (text, fence),
        re.MULTILINE,
    )


def name(kind: str, key: str) -> bytes:
    """Give kind and key as they stand in a line."""
    return f'{kind}","key":"{key}'.encode()


def read_head(content: bytes) -> Head | None:
    """Judge a line, without its end: None where it is no intact record."""
    match = _HEAD.match(content)
    if not match or int(match[1], 16) != zlib.crc32(content[COVERED:]):
        return None
    with suppress(ValueError):
        generation = json.loads(b'"%b"' % match[2])
        return Head(generation, match[3], match[4], int(match[5]), int(match[6]))
    return None


def length(content: bytes) -> int:
    """Tell how long the JSON is with which some bytes begin; 0 where it is none."""
    with suppress(ValueError, RecursionError):
        return _decode(content.decode("latin-1"))[1]
    return 0


def decode(content: bytes) -> Record | None:
    """Decode a line, without its end: None where it is no intact record.

    Raises:
        ValueError: It is not what we write, although its checksum is right.
    """
    if int(content[len(MARK) : COVERED - 2], 16) != zlib.crc32(content[COVERED:]):
        return None
    fields: dict[str, Any] = _decode(content.decode("ascii"))[0]
    pop = fields.pop
    pop("checksum")
    generation, kind, key, record_id = pop("generation"), pop("kind"), pop("key"), pop("id")
    fence, run, path = pop("fence"), pop("run"), tuple(pop("path"))
    attempt, at = pop("attempt"), pop("at")
    return Record(record_id, kind, key, generation, run, fence, path, attempt, at, fields)
