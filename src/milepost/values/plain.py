"""Plain JSON values: which ones survive exactly, their text and back.

Plain are ``None``, ``bool``, ``int``, finite ``float``, ``str``, ``list`` and ``dict``
with ``str`` keys, by exact type. What JSON would change in silence is refused.
"""

import json
import math
import re
from enum import Enum
from pathlib import PurePath
from typing import Any, Final

from milepost.values.errors import PATTERN, NotKeptError

MAX_DEPTH: Final = 100
MAX_JSON_BYTES: Final = 64 * 2**20
# Python lets nobody lower its limit on digits below 640, so another run reads these.
MAX_DIGITS: Final = 640

_LARGEST: Final = 10**MAX_DIGITS
# Two surrogates in a row and the one character that they stand for are one JSON text.
_SURROGATES: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")

ANNOTATE: Final = (
    "Return a list, a dict with text keys or a text; or say the type, which needs\n"
    "pydantic 2:  def fn(...) -> tuple[str, int]: ...\n"
    "or           phase.with_options(returns=tuple[str, int])(name, fn)"
)
_ANNOTATE_PATH: Final = (
    "Say the type, which needs pydantic 2:  def fn(...) -> Path: ...\n"
    "or return str(path), and make it a Path on the next line."
)
FINITE: Final = "Return None in its place, or a text."


def check_plain(value: object) -> None:
    """Make sure that a value is plain JSON, so that it survives exactly.

    Raises:
        NotKeptError: It is not, naming the first place.
    """
    _Check().visit(value, "$")


class _Check:
    """Walk over a value; counts characters so that a giant is refused early."""

    def __init__(self) -> None:
        self.open: set[int] = set()
        self.size = 0

    def visit(self, value: object, path: str) -> None:
        kind = type(value)
        if kind is str:
            self._text(value, path)  # type: ignore[arg-type]
        elif kind is list:
            self._list(value, path)  # type: ignore[arg-type]
        elif kind is dict:
            self._dict(value, path)  # type: ignore[arg-type]
        elif kind is int:
            self._integer(value, path)  # type: ignore[arg-type]
        elif kind is float:
            self._float(value, path)  # type: ignore[arg-type]
        elif value is not None and kind is not bool:
            raise _refused(value, path)

    def _text(self, value: str, path: str) -> None:
        self._grow(len(value), path)
        if not value.isascii() and _SURROGATES.search(value):
            reason = "two surrogates in a row come back as one character"
            raise NotKeptError(path, "str", reason, "Return a valid Unicode text.")

    def _integer(self, value: int, path: str) -> None:
        if not -_LARGEST < value < _LARGEST:
            reason = f"it has more than {MAX_DIGITS} digits"
            raise NotKeptError(path, "int", reason, "Return it as text: hex(number).")

    def _float(self, value: float, path: str) -> None:
        if not math.isfinite(value):
            raise NotKeptError(path, "float", f"{value} is no JSON number", FINITE)

    def _list(self, value: list[object], path: str) -> None:
        self._enter(value, path)
        for number, item in enumerate(value):
            self.visit(item, f"{path}[{number}]")
        self.open.discard(id(value))

    def _dict(self, value: dict[object, object], path: str) -> None:
        self._enter(value, path)
        for key, item in value.items():
            if type(key) is not str:
                reason = f"its key {key!r:.60} is no text, and would come back as one"
                raise NotKeptError(path, _name(value), reason, ANNOTATE)
            here = f"{path}.{key}"
            self._text(key, here)
            self.visit(item, here)
        self.open.discard(id(value))

    def _enter(self, value: object, path: str) -> None:
        self._grow(2, path)
        if id(value) in self.open:
            raise NotKeptError(path, _name(value), "it contains itself")
        if len(self.open) >= MAX_DEPTH:
            reason = f"it lies more than {MAX_DEPTH} levels deep"
            raise NotKeptError(path, _name(value), reason)
        self.open.add(id(value))

    def _grow(self, characters: int, path: str) -> None:
        self.size += characters
        if self.size > MAX_JSON_BYTES:
            raise too_large(path)


def too_large(path: str = "$") -> NotKeptError:
    """Give the refusal of a value above the limit."""
    reason = f"the value has more than {MAX_JSON_BYTES // 2**20} MiB of JSON"
    cure = "Write it to a file below phase.directory, and return its name."
    return NotKeptError(path, "str", reason, cure)


def _refused(value: object, path: str) -> NotKeptError:
    name = _name(value)
    if isinstance(value, Enum | tuple | set | frozenset | str | dict | list | bytes):
        reason = "it is not plain JSON, and would come back as something else"
        return NotKeptError(path, name, reason, ANNOTATE)
    if isinstance(value, int | float):
        return NotKeptError(path, name, "it is no plain number", "Return int() of it.")
    if type(value).__module__ == "numpy":
        return NotKeptError(path, name, "it is no plain number", "Return value.item().")
    if isinstance(value, PurePath):
        return NotKeptError(path, name, "JSON has no paths", _ANNOTATE_PATH)
    return NotKeptError(path, name, "JSON cannot say it", f"{PATTERN}\n{ANNOTATE}")


def _name(value: object) -> str:
    kind = type(value)
    short = kind.__module__ == "builtins"
    return kind.__qualname__ if short else f"{kind.__module__}.{kind.__qualname__}"


def to_bytes(data: object) -> bytes:
    """Give plain JSON as ASCII, keys in their order.

    Raises:
        NotKeptError: The text is too large.
    """
    content = _ENCODER.encode(data).encode("ascii")
    if len(content) > MAX_JSON_BYTES:
        raise too_large()
    return content


def from_bytes(content: bytes) -> Any:
    """Read plain JSON.

    Raises:
        ValueError: The bytes are no JSON, or too many.
    """
    if len(content) > MAX_JSON_BYTES:
        message = f"it has {len(content):,} bytes"
        raise ValueError(message)
    try:
        text = content.decode("utf-8", "surrogatepass")
        return _DECODER.decode(text)
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def _refuse_constant(name: str) -> None:
    message = f"{name} is no JSON"
    raise ValueError(message)


# Made once: making one takes longer than a small value.
_ENCODER: Final = json.JSONEncoder(allow_nan=False)
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)
