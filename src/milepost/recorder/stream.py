"""Server-sent events, parsed as their bytes come, and whether their stream is whole.

A stream is whole when its terminal event passed. A soft terminal says that the answer is
complete and only bookkeeping follows; some clients stop reading there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from milepost.recorder.completeness import refusal

_BLANK: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n")
_WHOLE: Final = frozenset(
    ("message_stop", "response.completed", "response.incomplete", "message-end")
)
_FAILED: Final = frozenset(
    ("error", "response.failed", "response.cancelled", "response.error")
)


@dataclass(frozen=True)
class Event:
    """One server-sent event.

    Attributes:
        name: What its ``event`` line says; empty without one.
        data: Its ``data`` lines.
    """

    name: str
    data: str

    def body(self) -> Any:
        """Give its data as JSON, or None where it is none."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return None


class EventStream:
    """Parses the events of one stream, and remembers whether it is whole.

    Attributes:
        raw: All bytes so far.
        whole: The terminal event passed.
        soft: The answer is complete; only bookkeeping may follow.
        failed: An event said that the answer failed, or was none that can be read.
        refused: Why the model refused, or None.
    """

    def __init__(self) -> None:
        self.raw = bytearray()
        self.parsed = 0  # bytes of raw that are whole events
        self.bodies: list[Any] = []
        self.whole = False
        self.failed = False
        self.refused: str | None = None
        self._choices: dict[tuple[str, int], bool] = {}
        self._stopped = False

    @property
    def soft(self) -> bool:
        """Tell whether the answer is complete, be the stream at its end or not."""
        every = bool(self._choices) and all(self._choices.values())
        return self.whole or self._stopped or every

    @property
    def is_good(self) -> bool:
        """Tell whether nothing speaks against keeping what there is."""
        return self.soft and not self.failed and not self.refused

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self.raw += data
        at = max(self.parsed, len(self.raw) - len(data) - 3)
        while found := _BLANK.search(self.raw, at):
            self._block(bytes(self.raw[self.parsed : found.start()]))
            self.parsed = at = found.end()

    def end(self) -> None:
        """Take the end: what no blank line follows counts as well."""
        rest = bytes(self.raw[self.parsed :])
        if rest.strip():
            self._block(rest)
        self.parsed = len(self.raw)

    def text(self) -> str:
        """Give the whole events so far as text.

        Raises:
            UnicodeDecodeError: It is not UTF-8.
        """
        return bytes(self.raw[: self.parsed]).decode("utf-8")

    def _block(self, block: bytes) -> None:
        event = read_event(block.decode("utf-8", "replace"))
        if event is None:
            return
        if event.data.strip() == "[DONE]":
            self.whole = True
            return
        body = event.body()
        if body is not None:
            self.bodies.append(body)
        elif event.data.strip():
            self.failed = True  # whoever reads it stumbles there, at the latest
        self._judge(event.name, body if isinstance(body, Mapping) else {})

    def _judge(self, name: str, body: Mapping[str, Any]) -> None:
        kind = str(body.get("type") or body.get("event_type") or name)
        if kind in _FAILED or name in _FAILED or body.get("error"):
            self.failed = True
        if kind in _WHOLE or kind == "stream-end":
            self.whole = True
        self.refused = self.refused or refusal(body)
        if kind == "message_delta" and (body.get("delta") or {}).get("stop_reason"):
            self._stopped = True
        self._choose(body)

    def _choose(self, body: Mapping[str, Any]) -> None:
        """Note which of several answers are at their end."""
        for index, ended in _ends(body, "choices", "finish_reason"):
            self._note(("choices", index), ended=ended)
        for index, ended in _ends(body, "candidates", "finishReason"):
            self._note(("candidates", index), ended=ended)
        gemini = [e for (kind, _), e in self._choices.items() if kind == "candidates"]
        self.whole = self.whole or (bool(gemini) and all(gemini))

    def _note(self, answer: tuple[str, int], *, ended: bool) -> None:
        self._choices[answer] = self._choices.get(answer, False) or ended


def _ends(body: Mapping[str, Any], field: str, reason: str) -> Iterator[tuple[int, bool]]:
    found = body.get(field)
    for number, item in enumerate(found if isinstance(found, list) else []):
        if isinstance(item, Mapping):
            yield int(item.get("index") or number), bool(item.get(reason))


def read_event(block: str) -> Event | None:
    """Read one event from its lines; None for a comment."""
    name, data = "", []
    for line in block.splitlines():
        field, _, value = line.partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            data.append(value.removeprefix(" "))
    return Event(name, "\n".join(data)) if data or name else None


def split_events(text: str) -> list[bytes]:
    """Cut the text of a stream into pieces of one event each."""
    raw, pieces, at = text.encode("utf-8"), [], 0
    for found in _BLANK.finditer(raw):
        pieces.append(raw[at : found.end()])
        at = found.end()
    return [*pieces, raw[at:]] if raw[at:] else pieces
