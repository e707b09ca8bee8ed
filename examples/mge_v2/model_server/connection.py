"""One client's connection: HTTP/1.1 by h11 over an asyncio stream."""

import json
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import h11

_READ_BYTES: Final = 65_536
# Close with a reset instead of a farewell: linger on, for zero seconds.
_LINGER_ZERO: Final = struct.pack("ii", 1, 0)

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that has arrived whole.

    Args:
        method: The HTTP method.
        target: Path and query.
        headers: By lower-case name.
        body: The whole body.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Connection:
    """Reads requests from a client and answers them, or breaks off."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)

    @property
    def client_is_gone(self) -> bool:
        """Whether the client has closed the connection."""
        return self._reader.at_eof() or self._writer.is_closing()

    async def next_request(self) -> Arrival | None:
        """Read the next request; None when there is none.

        Raises:
            h11.RemoteProtocolError: The client does not speak HTTP.
            ConnectionError: The client broke off.
        """
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
        head: h11.Request | None = None
        body = b""
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _arrival(head, body)
            else:
                return None

    async def _next_event(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(_READ_BYTES))
        return event

    async def answer(self, status: int, body: bytes, headers: Headers) -> None:
        """Send a whole answer."""
        await self.begin(status, [*headers, ("content-length", str(len(body)))])
        await self.send(body)
        await self.finish()

    async def answer_json(self, status: int, content: object) -> None:
        """Send a whole answer as JSON."""
        body = json.dumps(content).encode()
        await self.answer(status, body, [("content-type", "application/json")])

    async def begin(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Send the head of an answer."""
        await self._write(h11.Response(status_code=status, headers=list(headers)))

    async def send(self, data: bytes) -> None:
        """Send a part of an answer's body."""
        await self._write(h11.Data(data=data))

    async def finish(self) -> None:
        """Send the end of an answer."""
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()

    async def wait_until_client_leaves(self) -> None:
        """Wait, however long it takes."""
        try:
            while await self._reader.read(_READ_BYTES):
                pass
        except ConnectionError:
            return

    def reset(self) -> None:
        """Break off with a TCP reset; what the kernel already has still goes out."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close cleanly, wherever an answer stands."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return


def _arrival(head: h11.Request, body: bytes) -> Arrival:
    headers = {name.decode().lower(): value.decode() for name, value in head.headers}
    return Arrival(head.method.decode(), head.target.decode(), headers, body)
