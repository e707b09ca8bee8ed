"""Why a call is bought although calls of the same address are kept: what differs.

A prompt that holds the time, a random name or a temporary path is another prompt in
every run. The line names the place, what stood there and what stands there now.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from milepost.errors import MilepostError
from milepost.recorder.request import Asked, abridged
from milepost.secret import redact

if TYPE_CHECKING:
    from milepost.journal import Record
    from milepost.steps.memory import Memory
    from milepost.steps.scope import Scope

LINES: Final = 3  # explained of one phase; the others have the same cause, mostly
_CANDIDATES: Final = 80
_MISSES: Final = 50
_SHOWN: Final = 40
_GUESSES: Final = (
    (
        "a timestamp",
        re.compile(
            r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d)?|\b\d\d:\d\d:\d\d\b"
            r"|\b1[5-9]\d{8}(?:\d{3})?\b"
        ),
    ),
    ("a UUID", re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")),
    ("a temporary path", re.compile(r"/tmp/|/var/folders/|pytest-\d+/|pytest-of-")),  # noqa: S108
    ("an object's address", re.compile(r"\bat 0x[0-9a-fA-F]{6,}|0x[0-9a-fA-F]{8,}")),
    ("a random name", re.compile(r"\b[0-9a-f]{16,64}\b")),
)
_NEAR: Final = 64  # characters around a difference in which its kind is looked for


class _Missed:
    """What one attempt had to buy although older calls are kept.

    Args:
        scope: The attempt at a phase, or the test as a whole.
    """

    def __init__(self, scope: "Scope") -> None:
        self.scope = scope
        journal = scope.memory.journal
        # Nothing is explained in a first run, in which nothing can be missed.
        self.has_older = next(journal.records("call"), None) is not None
        self.asked: list[Asked] = []

    def add(self, asked: Asked) -> None:
        if self.has_older and len(self.asked) < _MISSES:
            self.asked.append(asked)

    def left(self) -> dict[str, list[Any]]:
        """Give the requests of older calls that the attempt did not ask for, by address."""
        scope, found = self.scope, dict[str, list[Any]]()
        if not self.asked:
            return found
        journal, urls = scope.memory.journal, {asked.url for asked in self.asked}
        for record in journal.records("call"):
            url = record.body.get("url")
            if url in urls and self._is_left(record) and not journal.is_dropped(record.id):
                found.setdefault(str(url), []).append(record.body.get("request"))
        return found

    def _is_left(self, record: "Record") -> bool:
        own = (self.scope.memory.journal.fence, self.scope.attempt)
        return (
            record.path[:1] == self.scope.path[:1]
            and (record.fence, record.attempt) < own
            and record.id not in self.scope.used
        )


_missed: "WeakKeyDictionary[Memory, dict[str, _Missed]]" = WeakKeyDictionary()


def note_miss(scope: "Scope", asked: Asked) -> None:
    """Remember that a call has to be bought.

    Args:
        scope: Where it belongs.
        asked: What it asks.
    """
    memory, root = scope.memory, scope.root
    with memory.lock:
        phases = _missed.setdefault(memory, {})
        known = phases.get(root.phase)
        if known is None or known.scope is not root:
            if not memory.host.find_journal():
                return
            known = phases[root.phase] = _Missed(root)
        known.add(asked)


def explain_misses(memory: "Memory") -> None:
    """Say of a run why calls were bought though like ones are kept.

    Only now it is known which of the kept ones nobody has asked for.

    Args:
        memory: What the run remembers.
    """
    for missed in _missed.pop(memory, {}).values():
        with suppress(MilepostError):
            for line in islice(_lines(missed), LINES):
                missed.scope.note(line)


def _lines(missed: _Missed) -> Iterator[str]:
    left = missed.left()
    for asked in missed.asked:
        line = closest(left.get(asked.url, []), asked)
        if line:
            yield line


def closest(left: list[Any], asked: Asked) -> str | None:
    """Say how a request differs from the one of the kept that is most like it.

    Args:
        left: Requests to the same address that nobody has made again.
        asked: The request.
    """
    new = dict(_leaves(abridged(asked.content), "$"))
    best: tuple[int, str] | None = None
    for request in left[-_CANDIDATES:]:
        old = dict(_leaves(request, "$"))
        paths = [path for path in {**old, **new} if old.get(path) != new.get(path)]
        if paths and (best is None or len(paths) < best[0]):
            best = len(paths), _line(asked.url, paths, old, new)
    return best[1] if best else None


def _leaves(data: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict) and data:
        for key, item in data.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(data, list) and data:
        for number, item in enumerate(data):
            yield from _leaves(item, f"{path}[{number}]")
    else:
        yield path, data


def _line(url: str, paths: list[str], old: dict[str, Any], new: dict[str, Any]) -> str:
    path = next((p for p in paths if p in old and p in new), paths[0])
    before, now = _text(old, path), _text(new, path)
    at = _first_difference(before, now)
    more = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
    kind = _guess(before, now, at)
    place = f"{path} character {at}" if max(len(before), len(now)) > _SHOWN else path
    return redact(
        f"a call to {url.partition('?')[0]} was bought, for it differs from the nearest "
        f"that is kept: {place}{more}: {_around(before, at)} -> {_around(now, at)}{kind}"
    )


def _text(leaves: dict[str, Any], path: str) -> str:
    found = leaves.get(path, "nothing")
    return found if isinstance(found, str) else str(found)


def _first_difference(before: str, now: str) -> int:
    pairs = enumerate(zip(before, now, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(before), len(now)))


def _around(text: str, at: int) -> str:
    begin = max(0, at - _SHOWN // 2)
    piece = text[begin : begin + _SHOWN]
    before = "…" if begin else ""
    after = "…" if begin + _SHOWN < len(text) else ""
    return repr(before + piece + after)


def _guess(before: str, now: str, at: int) -> str:
    """Guess what keeps changing, and say what to do about it."""
    for kind, pattern in _GUESSES:
        if _spans(pattern, before, at) and _spans(pattern, now, at):
            cure = (
                "phase.directory"
                if "path" in kind
                else "phase.remember(...)"
                if "address" not in kind
                else "the object's content"
            )
            return (
                f": it looks like {kind}; use {cure}, or let milepost_record_ignore name it"
            )
    return ""


def _spans(pattern: re.Pattern[str], text: str, at: int) -> bool:
    """Tell whether a match covers the place of the difference, or begins next to it."""
    begin = max(0, at - _NEAR)
    return any(
        begin + found.start() <= at + 2 and at <= begin + found.end() + _SHOWN // 4
        for found in pattern.finditer(text[begin : at + _NEAR])
    )
