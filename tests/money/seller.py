"""Sells completions on a real socket, and counts what it sold."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PRICE = 0.00082  # of one of its answers: 10 tokens in, 100 out, by the list's gpt-4.1


class Seller:
    """What the server sells, and has sold.

    Attributes:
        prompts: Those that were answered, in order.
        with_usage: Whether its answers say what they used.
        status: The HTTP status of its answers.
        seconds: How long an answer takes.
        finish: Why its answers end.
        kills: Whether it kills its customer, whose process the prompt names.
    """

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.with_usage = True
        self.status = 200
        self.seconds = 0.0
        self.kills = False
        self.finish = "stop"
        self.url = ""
        self._lock = threading.Lock()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Sell one answer."""
        time.sleep(self.seconds)
        prompt = request["messages"][0]["content"]
        with self._lock:
            self.prompts.append(prompt)
        if self.kills:
            os.kill(int(prompt), signal.SIGKILL)
        usage = {"prompt_tokens": 10, "completion_tokens": 100, "total_tokens": 110}
        message = {"role": "assistant", "content": f"answer to {prompt}"}
        return {
            "id": "1",
            "object": "chat.completion",
            "model": request["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish}],
        } | ({"usage": usage} if self.with_usage else {})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        seller: Seller = self.server.seller  # type: ignore[attr-defined]
        length = int(self.headers["content-length"])
        content = json.dumps(seller.answer(json.loads(self.rfile.read(length)))).encode()
        self.send_response(seller.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # the customer may be gone
            self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def selling() -> Iterator[Seller]:
    """Run a seller on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    seller = server.seller = Seller()  # type: ignore[attr-defined]
    seller.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield seller
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
