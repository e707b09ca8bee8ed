"""A document as the text of its file.

A checkpoint is written whole at each save, and most of its phases are then as they were
at the last one: these are neither checked nor rendered again. The text is, letter by
letter, what ``json.dumps(document, indent=2)`` gives, and the checksum is the hash of the
canonical encoding of the whole.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from milepost import shape
from milepost.canonical import PREFIX, plain_text

_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_READABLE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=2)
_END: Final = "\n}"


class _Phase(NamedTuple):
    """A phase as text: compact, by which a change shows; for people; for the checksum."""

    compact: str
    readable: str
    canonical: str


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
        new = {n: _Phase(compact[n], *_rendered(n, found)) for n, found in changed.items()}
        self._phases = {name: known.get(name) or new[name] for name in phases}
        head = {k: v for k, v in document.items() if k not in ("phases", "milepost")}
        checked = {**own, "checksum": self._checksum(head, own)}
        return (
            f'{_READABLE.encode(head).removesuffix(_END)},\n  "phases": {self._readable()},'
            f'\n  "milepost": {_indented(checked, 1)}{_END}'
        )

    def _readable(self) -> str:
        lines = [phase.readable for phase in self._phases.values()]
        return "{" + ",".join(lines) + "\n  }" if lines else "{}"

    def _checksum(self, head: Mapping[str, Any], own: Mapping[str, Any]) -> str:
        parts = {name: plain_text(value) for name, value in head.items()}
        parts["milepost"] = plain_text({k: v for k, v in own.items() if k != "checksum"})
        phases = [phase.canonical for _, phase in sorted(self._phases.items())]
        parts["phases"] = "{" + ",".join(phases) + "}"
        fields = [f"{plain_text(name)}:{parts[name]}" for name in sorted(parts)]
        whole = "{" + ",".join(fields) + "}"
        return "sha256:" + hashlib.sha256(PREFIX + whole.encode("ascii")).hexdigest()


def _rendered(name: str, phase: Mapping[str, Any]) -> tuple[str, str]:
    readable = f"\n    {_READABLE.encode(name)}: {_indented(phase, 2)}"
    return readable, f"{plain_text(name)}:{plain_text(phase)}"


def _indented(value: object, depth: int) -> str:
    # A line's end inside a text is escaped, so each one found is the encoder's own.
    return _READABLE.encode(value).replace("\n", "\n" + depth * "  ")
