"""A document as the text of its file.

A checkpoint is written whole at each save, and most of its phases are then as they were
at the last one: these are neither checked nor rendered again. The text is, letter by
letter, what ``json.dumps(document, indent=2)`` gives, and the checksum is the hash of the
canonical encoding of the whole.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from milepost import shape
from milepost.canonical import PREFIX, encode_plain

_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_READABLE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=2)


@dataclass(frozen=True, slots=True)
class _Phase:
    """A phase as text: compact, by which a change shows; for people; for the checksum."""

    compact: str
    readable: str
    canonical: bytes


class Rendering:
    """Renders the document of one checkpoint, again and again."""

    def __init__(self) -> None:
        self._phases: dict[str, _Phase] = {}

    def text(self, document: Mapping[str, Any]) -> str:
        """Give the text of a document, with its checksum.

        Args:
            document: The document in the order in which it is to be read.

        Raises:
            BadCheckpointError: It holds what could not be read back.
            TypeError: It holds what JSON cannot say.
            ValueError: The same.
        """
        phases = document["phases"]
        compact = {name: _COMPACT.encode(phase) for name, phase in phases.items()}
        known = {n: p for n, p in self._phases.items() if p.compact == compact.get(n)}
        changed = {name: phase for name, phase in phases.items() if name not in known}
        own = document.get("milepost", {})
        # What is ours without our object is judged by all of it.
        shape.check({**document, "phases": changed} if own else document)
        new = {name: _rendered(compact[name], changed[name]) for name in changed}
        self._phases = {name: known.get(name) or new[name] for name in phases}
        checked = {**own, "checksum": self._checksum(document)}
        head = {k: v for k, v in document.items() if k not in ("phases", "milepost")}
        parts = [_READABLE.encode(head).removesuffix("\n}")]
        parts.append(f'  "phases": {self._readable()}')
        parts.append(f'  "milepost": {_indented(checked, 1)}\n}}')
        return ",\n".join(parts)

    def _readable(self) -> str:
        lines = [
            f"    {_READABLE.encode(n)}: {p.readable}" for n, p in self._phases.items()
        ]
        return "{\n" + ",\n".join(lines) + "\n  }" if lines else "{}"

    def _checksum(self, document: Mapping[str, Any]) -> str:
        own = document.get("milepost", {})
        encoded = {key: _canonical(value) for key, value in document.items()}
        encoded["milepost"] = _canonical({k: v for k, v in own.items() if k != "checksum"})
        encoded["phases"] = _joined({n: p.canonical for n, p in self._phases.items()})
        return "sha256:" + hashlib.sha256(PREFIX + _joined(encoded)).hexdigest()


def _rendered(compact: str, phase: Mapping[str, Any]) -> _Phase:
    return _Phase(compact, _indented(phase, 2), _canonical(phase))


def _indented(value: object, depth: int) -> str:
    # A line's end inside a text is escaped, so each one found is the encoder's own.
    return _READABLE.encode(value).replace("\n", "\n" + depth * "  ")


def _canonical(value: object) -> bytes:
    return encode_plain(value).removeprefix(PREFIX)


def _joined(encoded: Mapping[str, bytes]) -> bytes:
    """Give the canonical encoding of an object from those of its values."""
    fields = (_canonical(name) + b":" + encoded[name] for name in sorted(encoded))
    return b"{" + b",".join(fields) + b"}"
