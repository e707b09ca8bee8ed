"""The server: it finds the API by the path, counts, and lets the answer go out."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from typing import Final

import h11

from examples.mge_v2.model_server.connection import Arrival, Connection
from tests.sdks.server.anthropic_messages import AnthropicMessages
from tests.sdks.server.delivery import Delivery
from tests.sdks.server.dialect import Dialect
from tests.sdks.server.gemini import Gemini
from tests.sdks.server.openai_chat import OpenAIChat
from tests.sdks.server.openai_responses import OpenAIResponses
from tests.sdks.server.servings import LEFT, Servings

_DIALECTS: Final[dict[str, Dialect]] = {
    "/chat/completions": OpenAIChat(),
    "/responses": OpenAIResponses(),
    "/messages": AnthropicMessages(),
    ":generateContent": Gemini(),
    ":streamGenerateContent": Gemini(),
}


class Server:
    """Answers clients until it is stopped.

    Args:
        servings: Where it counts.
    """

    def __init__(self, servings: Servings) -> None:
        self._servings = servings

    async def serve_client(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one client's requests until it leaves or is thrown out."""
        connection = Connection(reader, writer)
        try:
            while (arrival := await connection.next_request()) is not None:
                await self._serve(connection, arrival)
                if connection.client_is_gone:
                    return
        except (ConnectionError, h11.ProtocolError, asyncio.CancelledError):
            return
        finally:
            await connection.close()

    async def _serve(self, connection: Connection, arrival: Arrival) -> None:
        path = arrival.target.partition("?")[0]
        dialect = next((_DIALECTS[end] for end in _DIALECTS if path.endswith(end)), None)
        if dialect is None or arrival.method != "POST":
            await connection.answer_json(404, {"error": f"no {path}"})
            return
        try:
            question = dialect.read(arrival.target, json.loads(arrival.body))
        except (LookupError, TypeError, ValueError) as error:
            text = f"not understood: {error!r}"
            await connection.answer_json(400, dialect.error(400, text))
            return
        serving = self._servings.begin(question)
        outcome = LEFT
        try:
            delivery = Delivery(connection, dialect, question, serving.number)
            outcome = await delivery.deliver()
        finally:
            self._servings.end(serving, outcome)
