"""An answer: the body of its record, and what is replayed from that."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from milepost.canonical import plain_text
from milepost.recorder.stream import split_events

if TYPE_CHECKING:
    from milepost.steps.scope import Scope

BLOB_BYTES: Final = 64 * 1024
# What a client may want to read again. Never a cookie, never an account.
_WORTH: Final = frozenset(("content-type", "request-id", "x-request-id"))
_EVENTS: Final = "text/event-stream"


@dataclass(frozen=True)
class Answer:
    """A whole answer, not compressed.

    Attributes:
        status: The HTTP status.
        headers: Those worth replaying.
        content: The body.
        stream: It is a stream of events.
        data: The body's JSON data; None for a stream.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    stream: bool = False
    data: Any = field(default=None, compare=False)

    def pieces(self) -> list[bytes]:
        """Give the body in the pieces in which it is replayed."""
        if self.stream:
            return split_events(self.content.decode("utf-8"))
        return [self.content] if self.content else []

    def body(self, scope: "Scope") -> dict[str, Any]:
        """Give the record's fields that hold the answer; a large one goes to a blob."""
        fields: dict[str, Any] = {
            "status": self.status,
            "headers": dict(self.headers),
            "stream": self.stream,
        }
        if len(self.content) > BLOB_BYTES:
            return fields | {"blob": scope.write_blob(self.content)}
        if self.stream or not _is_plain(self.data):
            text = self.content.decode("utf-8")
            return fields | {"response": text} | ({} if self.stream else {"text": True})
        return fields | {"response": self.data}


def worth_keeping(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Choose the headers that are written."""
    return {name.lower(): value for name, value in headers if name.lower() in _WORTH}


def is_event_stream(headers: Mapping[str, str], *, wanted: bool, begin: bytes) -> bool:
    """Tell whether a body is a stream of events, also where its type does not say so."""
    kind = headers.get("content-type", "").lower()
    if kind.startswith(_EVENTS):
        return True
    looks = begin.lstrip().startswith((b"data:", b"event:", b": "))
    return wanted and "json" not in kind and looks


def from_record(scope: "Scope", body: Mapping[str, Any]) -> Answer:
    """Read an answer from its record.

    Args:
        scope: Where its blob lies, if it has one.
        body: The record's fields.

    Raises:
        MilepostError: The blob is gone or damaged.
        KeyError: The record has no answer.
    """
    if "blob" in body:
        content = scope.read_blob(str(body["blob"]))
    elif body.get("stream") or body.get("text"):
        content = str(body["response"]).encode("utf-8")
    else:
        content = _encoded(body["response"])
    headers = {str(name): str(value) for name, value in body.get("headers", {}).items()}
    return Answer(int(body["status"]), headers, content, bool(body.get("stream")))


def _encoded(data: Any) -> bytes:
    try:
        return json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can say
        return json.dumps(data).encode("ascii")


def _is_plain(data: Any) -> bool:
    """Tell whether JSON data comes back as it is; infinity and the like do not."""
    try:
        plain_text(data)
    except (ValueError, RecursionError):
        return False
    return True
