"""A small model server, and the project of a user whose tests ask it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ASKING = """
    import os
    import httpx

    def ask(question):
        url = os.environ["MODEL_URL"] + "/v1/chat/completions"
        messages = [{"role": "user", "content": question}]
        body = {"model": "gpt-4o-mini", "messages": messages}
        answer = httpx.post(url, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()["choices"][0]["message"]["content"]

    def visit():
        return httpx.get(os.environ["MODEL_URL"] + "/health").status_code
"""


class Model:
    """Answers every question with itself in capitals, and remembers it.

    Attributes:
        asked: The questions that came, in order.
        visits: How many other requests came.
        url: Where it listens.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.visits = 0
        self.url = ""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Give the answer to a request."""
        question = request["messages"][-1]["content"]
        self.asked.append(question)
        message = {"role": "assistant", "content": question.upper()}
        return {
            "id": f"chatcmpl-{len(self.asked)}",
            "object": "chat.completion",
            "model": request["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000},
        }

    def take(self) -> list[str]:
        """Give what was asked since the last time."""
        found, self.asked = self.asked, []
        return found


@contextmanager
def serving() -> Iterator[Model]:
    """Run a model."""
    model = Model()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._send(model.answer(json.loads(self.rfile.read(length))))

        def do_GET(self) -> None:
            model.visits += 1
            self._send({"ok": True})

        def _send(self, data: dict[str, Any]) -> None:
            content = json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    model.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
