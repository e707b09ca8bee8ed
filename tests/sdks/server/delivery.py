"""How an answer goes out: whole, compressed, held open, or broken off."""

import asyncio
import gzip
import json
import time
from pathlib import Path
from typing import Final

from examples.mge_v2.model_server.connection import Connection, Headers
from tests.sdks.server.answer import answer
from tests.sdks.server.dialect import Dialect
from tests.sdks.server.question import Fault, Question
from tests.sdks.server.servings import ANSWERED, LEFT

# Long enough for the first half of a body to be on its way before the reset.
_BEFORE_RESET_SECONDS: Final = 0.02
_LONGEST_WAIT_SECONDS: Final = 20.0
_REFUSALS: Final = {Fault.RATE_LIMIT: 429, Fault.OVERLOADED: 529}
_RETRY_AFTER: Final = ("retry-after", "0.05")


class Delivery:
    """Answers one question.

    Args:
        connection: To whom.
        dialect: The API's forms.
        question: The question.
        serving: Its number among those of the same prompt, from 1.
    """

    def __init__(
        self, connection: Connection, dialect: Dialect, question: Question, serving: int
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self._question = question
        self._said = answer(question, serving)
        self._fault = question.fault(serving)

    async def deliver(self) -> str:
        """Answer, or break.

        Returns:
            The outcome of the serving.
        """
        await asyncio.sleep(self._question.after)
        match self._fault:
            case Fault.RESET:
                self._connection.reset()
            case Fault.HANG:
                await self._connection.wait_until_client_leaves()
            case Fault.RATE_LIMIT | Fault.OVERLOADED:
                await self._refuse(_REFUSALS[self._fault])
            case _ if self._question.stream:
                return await self._send_events()
            case _:
                await self._send_whole()
        return self._fault.value if self._fault else ANSWERED

    async def _refuse(self, status: int) -> None:
        body = json.dumps(self._dialect.error(status, "not now")).encode()
        headers = [("content-type", "application/json")]
        headers += [_RETRY_AFTER] if status == 429 else []
        await self._connection.answer(status, body, headers)

    async def _send_whole(self) -> None:
        body = json.dumps(self._dialect.whole(self._question, self._said)).encode()
        length = len(body)
        match self._fault:
            case Fault.CUT_JSON:
                body = body[: length // 2]
                length = len(body)
            case Fault.BROKEN_JSON:
                body = body.replace(b":", b"=")
            case Fault.CUT | Fault.RESET_BODY:
                body = body[: length // 2]
        headers: Headers = [("content-type", "application/json")]
        if self._question.compressed:
            body = gzip.compress(body)
            length = len(body)
            headers += [("content-encoding", "gzip")]
        await self._connection.begin(200, [*headers, ("content-length", str(length))])
        await self._connection.send(body)
        await self._end()

    async def _send_events(self) -> str:
        headers = [("content-type", "text/event-stream; charset=utf-8")]
        headers += [("transfer-encoding", "chunked")]
        await self._connection.begin(200, headers)
        for number, event in enumerate(self._events()):
            if self._connection.client_is_gone:
                return LEFT
            if number == 3:
                await self._wait()
            await self._connection.send(event)
        await self._hold()
        await self._end()
        return self._fault.value if self._fault else ANSWERED

    def _events(self) -> list[bytes]:
        events = self._dialect.events(self._question, self._said)
        half = len(events) // 2
        match self._fault:
            case Fault.CUT | Fault.RESET_BODY:
                return events[:half]
            case Fault.CUT_JSON:
                return [*events[:half], events[half].rstrip()[:-9] + b"\n\n"]
            case Fault.BROKEN_JSON:
                return [event.replace(b'":', b'"=') for event in events]
        return events

    async def _wait(self) -> None:
        if file := self._question.wait_for:
            await asyncio.to_thread(_wait_until_there, Path(file))

    async def _hold(self) -> None:
        if self._question.hold:
            gone = self._connection.wait_until_client_leaves()
            try:
                await asyncio.wait_for(gone, self._question.hold)
            except TimeoutError:
                return

    async def _end(self) -> None:
        match self._fault:
            case Fault.RESET_BODY:
                await asyncio.sleep(_BEFORE_RESET_SECONDS)
                self._connection.reset()
            case Fault.CUT if not self._question.stream:
                await self._connection.close()
            case _:
                await self._connection.finish()


def _wait_until_there(file: Path) -> None:
    """Wait for a file, as long as a client would wait for its answer."""
    latest = time.monotonic() + _LONGEST_WAIT_SECONDS
    while not file.exists() and time.monotonic() < latest:
        time.sleep(0.01)
