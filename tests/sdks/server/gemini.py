"""Gemini: ``POST /v1beta/models/NAME:generateContent`` and ``:streamGenerateContent``."""

import re
from typing import Any

from tests.sdks.server.answer import Answer
from tests.sdks.server.dialect import event
from tests.sdks.server.question import Question, texts

_STATUS = {429: "RESOURCE_EXHAUSTED"}


class Gemini:
    """The forms of generateContent."""

    def read(self, target: str, body: dict[str, Any]) -> Question:
        """Understand a request."""
        body = _in_camel_case(body)
        parts = [part for content in body["contents"] for part in content["parts"]]
        responses = [one for part in parts if (one := part.get("functionResponse"))]
        said = [*texts(body.get("systemInstruction")), *texts(parts), *texts(responses)]
        tools = [] if responses else body.get("tools") or []
        model = re.search(r"/models/([^:]+):", target)
        return Question(
            api="gemini",
            model=model.group(1) if model else "",
            prompt="\n".join(said),
            stream=":streamGenerateContent" in target,
            tool=tools[0]["functionDeclarations"][0]["name"] if tools else None,
        )

    def whole(self, question: Question, said: Answer) -> dict[str, Any]:
        """Give all content."""
        return _chunk(question, said, _parts(said), "STOP")

    def events(self, question: Question, said: Answer) -> list[bytes]:
        """Give the content in chunks; the last one has the reason for the end."""
        if said.tool:
            return [event(_chunk(question, said, _parts(said), "STOP"))]
        *pieces, last = said.pieces
        chunks = [_chunk(question, said, [{"text": piece}], None) for piece in pieces]
        return [*map(event, [*chunks, _chunk(question, said, [{"text": last}], "STOP")])]

    def error(self, status: int, text: str) -> dict[str, Any]:
        """Give an error."""
        kind = _STATUS.get(status, "UNAVAILABLE")
        return {"error": {"code": status, "message": text, "status": kind}}


def _in_camel_case(given: Any) -> Any:
    """Write all names as one word; the API takes them with underscores, too."""
    if isinstance(given, list):
        return [_in_camel_case(one) for one in given]
    if not isinstance(given, dict):
        return given
    return {
        re.sub("_([a-z])", lambda found: found[1].upper(), name): _in_camel_case(value)
        for name, value in given.items()
    }


def _parts(said: Answer) -> list[dict[str, Any]]:
    if said.tool:
        return [{"functionCall": {"name": said.tool, "args": said.arguments}}]
    return [{"text": said.text}]


def _chunk(
    question: Question, said: Answer, parts: list[dict[str, Any]], reason: str | None
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    return {
        "responseId": said.identifier,
        "modelVersion": question.model,
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": said.prompt_tokens,
            "candidatesTokenCount": said.tokens,
            "totalTokenCount": said.prompt_tokens + said.tokens,
        },
    }
