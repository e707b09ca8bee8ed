"""A real server on loopback that does to each connection what it is told."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Final

RESET: Final = None
TLS_HELLO: Final = b"\x16\x03"


def answer(
    status: int, body: object = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """Compose a whole HTTP response with a JSON body."""
    content = json.dumps(body or {}).encode()
    fields = {"content-type": "application/json", "content-length": str(len(content))}
    return _head(status, {**fields, **(headers or {})}) + content


def cut_short(status: int = 200) -> bytes:
    """Compose a response that promises more than it holds."""
    return _head(status, {"content-length": "1000"}) + b'{"half":'


def event_stream(*events: tuple[str, object]) -> bytes:
    """Compose a response of server-sent events."""
    lines = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    return _head(200, {"content-type": "text/event-stream"}) + lines.encode()


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    known = status in HTTPStatus._value2member_map_
    reason = HTTPStatus(status).phrase if known else "Overloaded"
    lines = [f"HTTP/1.1 {status} {reason}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@contextmanager
def serving(*answers: bytes | None, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Answer one connection with each of these, bytes or RESET; give the URL."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
        thread = threading.Thread(target=_serve, args=(listening, answers, over, tls))
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{address[1]}"
        finally:
            # One more connection wakes a thread that nobody has asked for all its answers.
            over.set()
            socket.create_connection(address).close()
            thread.join()


def refusing() -> str:
    """Give a URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def _serve(
    listening: socket.socket,
    answers: tuple[bytes | None, ...],
    over: threading.Event,
    tls: ssl.SSLContext | None,
) -> None:
    for each in answers:
        connection, _ = listening.accept()
        with connection:
            if over.is_set():
                return
            if tls is not None:
                # The client is to refuse the certificate, and then says no more.
                with (
                    suppress(OSError),
                    tls.wrap_socket(connection, server_side=True) as secure,
                ):
                    secure.recv(1)
                continue
            _read_request(connection)
            if each is None:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            else:
                connection.sendall(each)


def _read_request(connection: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            return
        received += more
        if received.startswith(TLS_HELLO):
            return
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.lower().splitlines():
        if line.startswith(b"content-length:"):
            missing = int(line.split(b":")[1]) - len(body)
            while missing > 0:
                missing -= len(connection.recv(65536)) or missing
