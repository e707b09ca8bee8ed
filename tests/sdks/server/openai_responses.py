"""OpenAI's responses: ``POST /v1/responses``."""

from typing import Any

from tests.sdks.server.answer import Answer
from tests.sdks.server.dialect import event
from tests.sdks.server.question import Question, texts

_CREATED = 1_760_000_000


class OpenAIResponses:
    """The forms of responses."""

    def read(self, target: str, body: dict[str, Any]) -> Question:
        """Understand a request."""
        given = body["input"]
        items = given if isinstance(given, list) else [{"content": given}]
        said = [*texts(body.get("instructions")), *texts(items)]
        answered = any(item.get("type") == "function_call_output" for item in items)
        tools = [] if answered else body.get("tools") or []
        return Question(
            api="openai-responses",
            model=body["model"],
            prompt="\n".join(said),
            stream=bool(body.get("stream")),
            tool=tools[0]["name"] if tools else None,
        )

    def whole(self, question: Question, said: Answer) -> dict[str, Any]:
        """Give a completed response."""
        return _response(question, said, "completed", [_item(said)])

    def events(self, question: Question, said: Answer) -> list[bytes]:
        """Give the events, the last of which completes the response."""
        started = _response(question, said, "in_progress", [])
        item = _item(said)
        nothing: dict[str, Any] = {"arguments": ""} if said.tool else {"content": []}
        place = {"output_index": 0, "item_id": item["id"]}
        given: list[tuple[str, dict[str, Any]]] = [
            ("response.created", {"response": started}),
            ("response.output_item.added", {"output_index": 0, "item": item | nothing}),
            *(_call_events(said, place) if said.tool else _text_events(said, place)),
            ("response.output_item.done", {"output_index": 0, "item": item}),
            ("response.completed", {"response": self.whole(question, said)}),
        ]
        return [
            event({"type": kind, "sequence_number": number} | fields, kind)
            for number, (kind, fields) in enumerate(given)
        ]

    def error(self, status: int, text: str) -> dict[str, Any]:
        """Give an error."""
        return {"error": {"message": text, "type": "server_error", "code": str(status)}}


def _response(
    question: Question, said: Answer, status: str, output: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "id": f"resp_{said.identifier}",
        "object": "response",
        "created_at": _CREATED,
        "status": status,
        "model": question.model,
        "output": output,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": _usage(said) if status == "completed" else None,
    }


def _usage(said: Answer) -> dict[str, Any]:
    return {
        "input_tokens": said.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": said.tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": said.prompt_tokens + said.tokens,
    }


def _item(said: Answer) -> dict[str, Any]:
    if said.tool:
        return {
            "id": f"fc_{said.identifier}",
            "type": "function_call",
            "status": "completed",
            "call_id": f"call_{said.identifier}",
            "name": said.tool,
            "arguments": said.arguments_text,
        }
    return {
        "id": f"msg_{said.identifier}",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [_part(said.text)],
    }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _text_events(said: Answer, place: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    inside = place | {"content_index": 0}
    return [
        ("response.content_part.added", inside | {"part": _part("")}),
        *(
            ("response.output_text.delta", inside | {"delta": piece, "logprobs": []})
            for piece in said.pieces
        ),
        ("response.output_text.done", inside | {"text": said.text, "logprobs": []}),
        ("response.content_part.done", inside | {"part": _part(said.text)}),
    ]


def _call_events(said: Answer, place: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    arguments = said.arguments_text
    return [
        ("response.function_call_arguments.delta", place | {"delta": arguments}),
        (
            "response.function_call_arguments.done",
            place | {"arguments": arguments, "name": said.tool},
        ),
    ]
