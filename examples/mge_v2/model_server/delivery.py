"""How the body of an answer goes out: whole, or half and then broken."""

import asyncio
from collections.abc import Sequence
from typing import Final

from examples.mge_v2.model_server.connection import Connection

# Long enough for the first half of a body to be on its way before the reset.
_BEFORE_RESET_SECONDS: Final = 0.02


class Delivery:
    """Sends one answer's body.

    Args:
        connection: To whom.
        identifier: The answer's id, for a header.
        stream: Whether the body is events, sent one by one in chunks.
        latency: Seconds that the delivery takes, at least.
    """

    def __init__(
        self, connection: Connection, identifier: str, *, stream: bool, latency: float
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._identifier = identifier
        self._latency = latency

    async def send(self, parts: Sequence[bytes]) -> bool:
        """Send the whole body.

        Args:
            parts: The events of a stream, else the body in one part.

        Returns:
            Whether the client stayed until the end.
        """
        if not await self._send_parts(parts, sum(map(len, parts)), len(parts)):
            return False
        await self._connection.finish()
        return True

    async def send_half(self, parts: Sequence[bytes], *, reset: bool) -> None:
        """Send the first half of the body.

        Args:
            parts: The whole body, as for ``send``.
            reset: End with a TCP reset. Else a stream ends as if it were whole, and
                another body with a clean close before its announced length.
        """
        whole = sum(map(len, parts))
        half = parts[: len(parts) // 2] or [parts[0][: whole // 2]]
        if not await self._send_parts(half, whole, len(parts)):
            return
        if reset:
            await asyncio.sleep(_BEFORE_RESET_SECONDS)
            self._connection.reset()
        elif self._stream:
            await self._connection.finish()
        else:
            await self._connection.close()

    async def _send_parts(self, parts: Sequence[bytes], whole: int, count: int) -> bool:
        if not self._stream:
            await asyncio.sleep(self._latency)
        if self._connection.client_is_gone:
            return False
        await self._begin(whole)
        for part in parts:
            if self._stream and self._latency:
                await asyncio.sleep(self._latency / count)
            if self._connection.client_is_gone:
                return False
            await self._connection.send(part)
        return True

    async def _begin(self, whole: int) -> None:
        headers = [("request-id", f"req_{self._identifier}")]
        if self._stream:
            headers += [("content-type", "text/event-stream; charset=utf-8")]
            headers += [("cache-control", "no-cache"), ("transfer-encoding", "chunked")]
        else:
            headers += [("content-type", "application/json")]
            headers += [("content-length", str(whole))]
        await self._connection.begin(200, headers)
