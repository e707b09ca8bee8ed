"""What the stand-in needs to know of an API."""

import json
from typing import Any, Protocol

from tests.sdks.server.answer import Answer
from tests.sdks.server.question import Question


class Dialect(Protocol):
    """One API's forms."""

    def read(self, target: str, body: dict[str, Any]) -> Question:
        """Understand a request.

        Args:
            target: Its path and query.
            body: Its body.
        """

    def whole(self, question: Question, said: Answer) -> dict[str, Any]:
        """Give the body of an answer that is not streamed."""

    def events(self, question: Question, said: Answer) -> list[bytes]:
        """Give the events of a streamed answer."""

    def error(self, status: int, text: str) -> dict[str, Any]:
        """Give the body of an error."""


def event(data: Any, kind: str = "") -> bytes:
    """Write a server-sent event.

    Args:
        data: What it holds, for JSON; a text goes out as it is.
        kind: Its name; empty for none.
    """
    content = data if isinstance(data, str) else json.dumps(data)
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {content}\n\n".encode()
