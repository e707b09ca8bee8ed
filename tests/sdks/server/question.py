"""What a client asks, whatever API it uses: the prompt, and the orders that it holds.

A prompt is text. A line ``Fault: reset_body`` in it breaks its first serving, ``Times: 2``
the first two; other lines say how the answer goes out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

_ORDER: Final = re.compile(
    r"^(Fault|Times|After|Hold|Wait for|Compressed): (.+)$", re.MULTILINE
)


class Fault(StrEnum):
    """How a serving breaks."""

    RESET = "reset"
    """The connection is reset before anything is answered."""
    RESET_BODY = "reset_body"
    """The connection is reset in the middle of the body."""
    CUT = "cut"
    """A stream lacks its last events but ends cleanly; a whole body ends too early."""
    CUT_JSON = "cut_json"
    """Half of the JSON, delivered as if it were all; in a stream that of one event."""
    BROKEN_JSON = "broken_json"
    """A whole body of status 200 that is no JSON."""
    RATE_LIMIT = "rate_limit"
    """429, with Retry-After."""
    OVERLOADED = "overloaded"
    """529."""
    HANG = "hang"
    """Nothing is answered until the client gives up."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request, understood.

    Args:
        api: The name of the API.
        model: The model that is asked.
        prompt: All that the caller says: its texts and its tools' results.
        stream: Whether the answer comes as events.
        tool: A tool that the model may call and has not called yet.
        usage: Whether a stream tells its tokens.
    """

    api: str
    model: str
    prompt: str
    stream: bool
    tool: str | None = None
    usage: bool = True

    def _order(self, name: str) -> str:
        """Find the value of an order."""
        orders: dict[str, str] = dict(_ORDER.findall(self.prompt))
        return orders.get(name, "")

    def fault(self, serving: int) -> Fault | None:
        """Tell how a serving breaks.

        Args:
            serving: Its number among those of the same prompt, from 1.
        """
        kind = self._order("Fault")
        broken = serving <= int(self._order("Times") or 1)
        return Fault(kind) if kind and broken else None

    @property
    def after(self) -> float:
        """Seconds that the model thinks before it answers."""
        return float(self._order("After") or 0)

    @property
    def hold(self) -> float:
        """Seconds that a stream stays open after its last event."""
        return float(self._order("Hold") or 0)

    @property
    def wait_for(self) -> str:
        """The file that must be there before a stream goes on after its first events."""
        return self._order("Wait for")

    @property
    def compressed(self) -> bool:
        """Whether the answer's body is compressed."""
        return bool(self._order("Compressed"))


def texts(content: Any) -> Iterator[str]:
    """Find the texts in a message's content, of whatever API.

    Args:
        content: A text, a part with a text in it, or a list of either.
    """
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            yield from texts(part)
    elif isinstance(content, dict):
        for name in ("text", "content", "output", "parts", "response", "result"):
            yield from texts(content.get(name))
