"""What of an answer has arrived, and whether that is the whole of it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from milepost.recorder.answer import Answer, is_event_stream, worth_keeping
from milepost.recorder.completeness import Verdict, judge
from milepost.recorder.decoding import Decoder, UnknownEncodingError, decoder
from milepost.recorder.stream import EventStream

_UNDECODABLE: Final = "its body is compressed in a way that milepost cannot read"
_NO_END: Final = "its stream ended without a terminal event"


class Arrived:
    """The answer to one call, as far as it has come.

    Args:
        status: The HTTP status.
        headers: Its headers, in any form of their names.
        wants_stream: Whether the request asked for a stream.
        decoded: Whether the client gives the body without its encoding.

    Attributes:
        status: The HTTP status.
        verdict: What its JSON body is; None for a stream and before the end.
        broken: Why its body cannot be read; empty while it can.
    """

    def __init__(
        self,
        status: int,
        headers: Iterable[tuple[str, str]],
        *,
        wants_stream: bool,
        decoded: bool = False,
    ) -> None:
        given = [(name.lower(), value) for name, value in headers]
        self.status = status
        self.verdict: Verdict | None = None
        self.broken = ""
        self._headers = worth_keeping(given)
        self._wants_stream = wants_stream
        self._body = bytearray()
        self._events: EventStream | None = None
        self._at_end = False
        self._decoder = self._make_decoder("" if decoded else dict(given))

    def _make_decoder(self, headers: Mapping[str, str] | str) -> Decoder | None:
        named = headers.get("content-encoding", "") if isinstance(headers, Mapping) else ""
        try:
            return decoder(named)
        except UnknownEncodingError:
            self.broken = _UNDECODABLE
            return None

    @property
    def is_stream(self) -> bool:
        """Tell whether it is a stream of events."""
        return self._events is not None

    @property
    def is_whole(self) -> bool:
        """Tell whether it is provably whole, and good."""
        if self.broken or self.refused:
            return False
        if self._events is not None:
            events = self._events
            return events.is_good and (events.whole or self._at_end)
        return self.verdict is not None and self.verdict.whole

    @property
    def is_over(self) -> bool:
        """Tell whether nothing of the answer is missing, be it good or not."""
        if self._events is not None:
            return self._events.whole or self._at_end
        return self.verdict is not None

    @property
    def is_soft(self) -> bool:
        """Tell whether the answer is complete, and only bookkeeping may follow."""
        return self._events is not None and self._events.is_good

    @property
    def refused(self) -> str | None:
        """Give why the model refused, or None."""
        if self._events is not None:
            return self._events.refused
        return self.verdict.refused if self.verdict else None

    @property
    def fault(self) -> str:
        """Give why an answer that came to its end may not be kept."""
        if self.broken:
            return self.broken
        if self._events is not None:
            return "its stream failed" if self._events.failed else _NO_END
        return self.verdict.reason if self.verdict else ""

    def feed(self, data: bytes) -> None:
        """Take the next bytes, as they came."""
        if self._decoder is None or not data:
            return
        try:
            self._take(self._decoder.feed(data))
        except Exception:  # noqa: BLE001 - each library has its own errors
            self._decoder, self.broken = None, _UNDECODABLE

    def end(self) -> None:
        """Take the end of the body."""
        if self._decoder is None:
            return
        try:
            self._take(self._decoder.end())
        except Exception:  # noqa: BLE001 - each library has its own errors
            self._decoder, self.broken = None, _UNDECODABLE
            return
        self._at_end = True
        if self._events is not None:
            self._events.end()
        else:
            self.verdict = judge(bytes(self._body))

    def _take(self, data: bytes) -> None:
        if self._events is not None:
            self._events.feed(data)
            return
        self._body += data
        begin = bytes(self._body[:64])
        if is_event_stream(self._headers, wanted=self._wants_stream, begin=begin):
            self._events = EventStream()
            self._events.feed(bytes(self._body))
            self._body.clear()

    def answer(self) -> Answer:
        """Give the answer, which is whole.

        Raises:
            UnicodeDecodeError: It is not UTF-8.
        """
        if self._events is None:
            data = self.verdict.data if self.verdict else None
            return Answer(self.status, self._headers, bytes(self._body), data=data)
        content = self._events.text().encode("utf-8")
        return Answer(self.status, self._headers, content, stream=True)

    def parsed(self) -> Any:
        """Give the JSON data of the body, or of each event."""
        if self._events is not None:
            return list(self._events.bodies)
        return self.verdict.data if self.verdict else None
