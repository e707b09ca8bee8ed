"""The Messages API's bodies: a request read, an answer as JSON and as events."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

# A token of English or Python is about four characters long.
_CHARACTERS_PER_TOKEN: Final = 4
_CHARACTERS_PER_DELTA: Final = 240


class InvalidRequestError(Exception):
    """A request that the Messages API refuses."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for.

    Args:
        body: The whole body.
        prompt: The system prompt and all text of the messages.
    """

    body: dict[str, Any]
    prompt: str

    @property
    def stream(self) -> bool:
        """Whether the answer comes as events."""
        return bool(self.body.get("stream"))


def read_request(content: bytes) -> Request:
    """Read the body of a request.

    Raises:
        InvalidRequestError: It is no JSON object, or lacks a required field.
    """
    try:
        body = json.loads(content)
    except ValueError as error:
        raise InvalidRequestError(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise InvalidRequestError("the body is no JSON object")
    for field in ("model", "max_tokens", "messages"):
        if not body.get(field):
            raise InvalidRequestError(f"{field}: Field required")
    return Request(body, "\n".join(_texts(body)))


def _texts(body: dict[str, Any]) -> Iterator[str]:
    contents = [body.get("system", "")]
    contents += [message["content"] for message in body["messages"]]
    for content in contents:
        if isinstance(content, str):
            yield content
        else:
            yield from (block.get("text", "") for block in content)


def token_count(text: str) -> int:
    """Estimate the tokens of a text."""
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def message(request: Request, text: str) -> dict[str, Any]:
    """Make the answer to a request; the same request gets the same answer.

    Args:
        request: The request; its ``max_tokens`` cuts the text.
        text: What the model says.
    """
    allowed = int(request.body["max_tokens"]) * _CHARACTERS_PER_TOKEN
    digest = hashlib.sha256((request.prompt + text).encode()).hexdigest()
    return {
        "id": f"msg_{digest[:24]}",
        "type": "message",
        "role": "assistant",
        "model": request.body["model"],
        "content": [{"type": "text", "text": text[:allowed]}],
        "stop_reason": "end_turn" if len(text) <= allowed else "max_tokens",
        "stop_sequence": None,
        "usage": {
            "input_tokens": token_count(request.prompt),
            "output_tokens": token_count(text[:allowed]),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


def error_body(kind: str, text: str) -> bytes:
    """Make the body of an error."""
    error = {"type": "error", "error": {"type": kind, "message": text}}
    return json.dumps(error).encode()


def json_body(answer: dict[str, Any]) -> bytes:
    """Make the body of an answer that is not streamed."""
    return json.dumps(answer).encode()


def events(answer: dict[str, Any]) -> Iterator[bytes]:
    """Cut an answer into server-sent events, as the API streams it."""
    text = answer["content"][0]["text"]
    first_usage = answer["usage"] | {"output_tokens": 1}
    beginning = {"content": [], "stop_reason": None, "usage": first_usage}
    yield _event("message_start", message=answer | beginning)
    yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    yield _event("ping")
    for start in range(0, len(text), _CHARACTERS_PER_DELTA):
        piece = text[start : start + _CHARACTERS_PER_DELTA]
        yield _event(
            "content_block_delta", index=0, delta={"type": "text_delta", "text": piece}
        )
    yield _event("content_block_stop", index=0)
    ending = {"stop_reason": answer["stop_reason"], "stop_sequence": None}
    usage = {"output_tokens": answer["usage"]["output_tokens"]}
    yield _event("message_delta", delta=ending, usage=usage)
    yield _event("message_stop")


def _event(kind: str, **fields: Any) -> bytes:
    data = json.dumps({"type": kind, **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()
