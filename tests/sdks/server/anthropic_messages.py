"""Anthropic's messages: ``POST /v1/messages``."""

from typing import Any

from tests.sdks.server.answer import Answer
from tests.sdks.server.dialect import event
from tests.sdks.server.question import Question, texts

_ERRORS = {429: "rate_limit_error", 529: "overloaded_error"}


class AnthropicMessages:
    """The forms of messages."""

    def read(self, target: str, body: dict[str, Any]) -> Question:
        """Understand a request."""
        contents = [message["content"] for message in body["messages"]]
        said = [*texts(body.get("system")), *texts(contents)]
        answered = any(
            part.get("type") == "tool_result"
            for content in contents
            if isinstance(content, list)
            for part in content
        )
        tools = [] if answered else body.get("tools") or []
        return Question(
            api="anthropic",
            model=body["model"],
            prompt="\n".join(said),
            stream=bool(body.get("stream")),
            tool=tools[0]["name"] if tools else None,
        )

    def whole(self, question: Question, said: Answer) -> dict[str, Any]:
        """Give a message."""
        return {
            "id": f"msg_{said.identifier}",
            "type": "message",
            "role": "assistant",
            "model": question.model,
            "content": [_block(said)],
            "stop_reason": _reason(said),
            "stop_sequence": None,
            "usage": {"input_tokens": said.prompt_tokens, "output_tokens": said.tokens},
        }

    def events(self, question: Question, said: Answer) -> list[bytes]:
        """Give the events, from message_start to message_stop."""
        first = self.whole(question, said) | {"content": [], "stop_reason": None}
        nothing: dict[str, Any] = {"input": {}} if said.tool else {"text": ""}
        ending = {"stop_reason": _reason(said), "stop_sequence": None}
        tokens = {"output_tokens": said.tokens}
        return [
            _event("message_start", message=first),
            _event("content_block_start", index=0, content_block=_block(said) | nothing),
            _event("ping"),
            *(_event("content_block_delta", index=0, delta=one) for one in _deltas(said)),
            _event("content_block_stop", index=0),
            _event("message_delta", delta=ending, usage=tokens),
            _event("message_stop"),
        ]

    def error(self, status: int, text: str) -> dict[str, Any]:
        """Give an error."""
        kind = _ERRORS.get(status, "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": text}}


def _event(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


def _reason(said: Answer) -> str:
    return "tool_use" if said.tool else "end_turn"


def _block(said: Answer) -> dict[str, Any]:
    if said.tool:
        identifier = f"toolu_{said.identifier}"
        return {
            "type": "tool_use",
            "id": identifier,
            "name": said.tool,
            "input": said.arguments,
        }
    return {"type": "text", "text": said.text}


def _deltas(said: Answer) -> list[dict[str, Any]]:
    if said.tool:
        return [{"type": "input_json_delta", "partial_json": said.arguments_text}]
    return [{"type": "text_delta", "text": piece} for piece in said.pieces]
