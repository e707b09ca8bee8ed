"""A stand-in for a provider of language models, for pages whose tests ask one.

It speaks OpenAI's Responses API, as far as an SDK needs.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

# What is asked for, by the first word of the prompt.
_ANSWERS: Final = {"List": "task, user, tag"}


class _Provider(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer a request."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/responses"):
            self.send_error(404)
            return
        prompt = str(asked["input"])
        text = _ANSWERS.get(prompt.partition(" ")[0], f"# {prompt}\n")
        content = json.dumps(_response(asked["model"], text)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _response(model: str, text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [part]}
    used: dict[str, Any] = {"input_tokens": 9_000, "output_tokens": 8_000}
    used |= {"total_tokens": 17_000, "input_tokens_details": {"cached_tokens": 0}}
    used |= {"output_tokens_details": {"reasoning_tokens": 0}}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 0,
        "status": "completed",
        "model": model,
        "output": [message | {"status": "completed"}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": used,
    }


@contextmanager
def answering() -> Iterator[dict[str, str]]:
    """Run the stand-in; gives the variables that lead an SDK to it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield {
            "OPENAI_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1",
            "OPENAI_API_KEY": "not-a-key",
        }
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
