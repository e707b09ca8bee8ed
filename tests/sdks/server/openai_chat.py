"""OpenAI's chat completions: ``POST /v1/chat/completions``."""

from typing import Any

from tests.sdks.server.answer import Answer
from tests.sdks.server.dialect import event
from tests.sdks.server.question import Question, texts

_CREATED = 1_760_000_000


class OpenAIChat:
    """The forms of chat completions."""

    def read(self, target: str, body: dict[str, Any]) -> Question:
        """Understand a request."""
        messages = body["messages"]
        said = [text for message in messages for text in texts(message.get("content"))]
        answered = any(message["role"] == "tool" for message in messages)
        tools = [] if answered else body.get("tools") or []
        return Question(
            api="openai-chat",
            model=body["model"],
            prompt="\n".join(said),
            stream=bool(body.get("stream")),
            tool=tools[0]["function"]["name"] if tools else None,
            usage=bool((body.get("stream_options") or {}).get("include_usage")),
        )

    def whole(self, question: Question, said: Answer) -> dict[str, Any]:
        """Give a chat completion."""
        message: dict[str, Any] = {
            "role": "assistant",
            "content": said.text or None,
            "refusal": None,
        }
        if said.tool:
            message["tool_calls"] = [_tool_call(said)]
        choice = {"index": 0, "message": message, "logprobs": None}
        choice["finish_reason"] = _reason(said)
        return _head(question, said, "chat.completion") | {
            "choices": [choice],
            "usage": _usage(said),
        }

    def events(self, question: Question, said: Answer) -> list[bytes]:
        """Give the chunks, and the end mark."""
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in said.pieces]
        if said.tool:
            deltas += [{"tool_calls": [{"index": 0} | _tool_call(said)]}]
        chunks = [_chunk(question, said, delta, None) for delta in deltas]
        chunks += [_chunk(question, said, {}, _reason(said))]
        if question.usage:
            chunks += [
                _head(question, said, "chat.completion.chunk")
                | {"choices": [], "usage": _usage(said)}
            ]
        return [*(event(chunk) for chunk in chunks), event("[DONE]")]

    def error(self, status: int, text: str) -> dict[str, Any]:
        """Give an error."""
        return {"error": {"message": text, "type": "server_error", "code": str(status)}}


def _head(question: Question, said: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{said.identifier}",
        "object": kind,
        "created": _CREATED,
        "model": question.model,
    }


def _chunk(
    question: Question, said: Answer, delta: dict[str, Any], reason: str | None
) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return _head(question, said, "chat.completion.chunk") | {"choices": [choice]}


def _tool_call(said: Answer) -> dict[str, Any]:
    function = {"name": said.tool, "arguments": said.arguments_text}
    return {"id": f"call_{said.identifier}", "type": "function", "function": function}


def _reason(said: Answer) -> str:
    return "tool_calls" if said.tool else "stop"


def _usage(said: Answer) -> dict[str, int]:
    return {
        "prompt_tokens": said.prompt_tokens,
        "completion_tokens": said.tokens,
        "total_tokens": said.prompt_tokens + said.tokens,
    }
