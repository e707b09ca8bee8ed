"""A server on a real socket that answers as a model does, or as it is told."""

import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

RESET: Final = "reset"
END: Final = "end"
PIECE = bytes | threading.Event | str


@dataclass
class Reply:
    """What is sent for one request.

    Attributes:
        pieces: The body: bytes, an event to wait for, ``RESET``, or ``END`` for an end
            of the connection without the end of the body.
        status: The HTTP status.
        headers: Beside those that the form of the body needs.
        chunked: Each piece is a chunk; otherwise the body ends with the connection.
        length: What Content-Length says, for a body with neither.
    """

    pieces: list[PIECE]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = True


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """Give the body's JSON."""
        packed = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if packed else self.body)

    @property
    def prompt(self) -> str:
        """Give what the last message says."""
        return str(self.data["messages"][-1]["content"])


class Server:
    """Answers each request by a thread of its own.

    Attributes:
        reply: What it answers with.
        requests: What has come, in order.
        sent: How many bodies were sent whole.
    """

    def __init__(self) -> None:
        self.reply: Callable[[Request], Reply] = self.numbered
        self.requests: list[Request] = []
        self.sent = 0
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open = True

    @property
    def address(self) -> str:
        """Give its base URL."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def hits(self) -> int:
        """Count what has come."""
        return len(self.requests)

    def numbered(self, request: Request) -> Reply:
        """Answer with the number of the request, so that no two answers are equal."""
        text = f"answer {self.hits}"
        if request.headers.get("content-type", "").startswith("multipart"):
            return whole({"text": text})
        if request.data.get("stream"):
            return stream(*chat_events(*text.split()))
        return whole(chat(text))

    def serve(self) -> None:
        """Accept until closed."""
        while self._open:
            with suppress(OSError):
                connection, _ = self._socket.accept()
                thread = threading.Thread(target=self._answer, args=(connection,))
                thread.daemon = True
                thread.start()

    def close(self) -> None:
        """Accept no more."""
        self._open = False
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError), connection.makefile("rb") as reader:
            while request := _read(reader):
                with self._lock:
                    self.requests.append(request)
                if not self._send(connection, self.reply(request)):
                    return

    def _send(self, connection: socket.socket, reply: Reply) -> bool:
        fields = {"content-type": "application/json"} | dict(reply.headers)
        if reply.chunked:
            fields["transfer-encoding"] = "chunked"
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        connection.sendall(f"HTTP/1.1 {reply.status} Said\r\n{lines}\r\n".encode())
        for piece in reply.pieces:
            if isinstance(piece, threading.Event):
                piece.wait(20)
            elif piece == RESET:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
            elif piece == END:
                return False
            elif isinstance(piece, bytes):
                frame = b"%x\r\n%b\r\n" % (len(piece), piece) if reply.chunked else piece
                connection.sendall(frame)
        if reply.chunked:
            connection.sendall(b"0\r\n\r\n")
        self.sent += 1
        return reply.chunked


def _read(reader: Any) -> Request | None:
    first = reader.readline().decode().split()
    if len(first) < 3:
        return None
    headers = {}
    while (line := reader.readline().decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(reader.readline(), 16):
            body += reader.read(size)
            reader.readline()
        reader.readline()
    else:
        body = reader.read(int(headers.get("content-length", 0)))
    return Request(first[0], first[1], headers, body)


@contextmanager
def running() -> Iterator[Server]:
    """Run a server for a while."""
    server = Server()
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.close()


def whole(data: object, **headers: str) -> Reply:
    """Make a JSON answer."""
    return Reply([json.dumps(data).encode()], headers=headers)


def stream(*events: PIECE) -> Reply:
    """Make an answer of server-sent events."""
    return Reply(list(events), headers={"content-type": "text/event-stream"})


def chat(text: str, **more: Any) -> dict[str, Any]:
    """Give a chat completion as OpenAI gives it."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"} | more
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {"id": "c1", "model": "gpt-4o", "choices": [choice], "usage": usage}


def event(data: object, name: str = "") -> bytes:
    """Give one server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def chat_events(*words: str) -> list[bytes]:
    """Give the events of a chat completion, one a word."""
    made = [event(chat_delta({"content": word})) for word in words]
    return [*made, event(chat_delta({}, "stop")), event("[DONE]")]


def chat_delta(delta: object, reason: str | None = None) -> dict[str, Any]:
    """Give one piece of a chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "c1", "model": "gpt-4o", "choices": [choice]}
