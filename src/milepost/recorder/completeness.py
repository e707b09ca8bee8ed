"""Whether an answer is whole, and whether it refuses.

Only what is provably whole is kept. A refusal is never kept: replayed, it would refuse
for ever.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

# Gemini's reasons to withhold an answer.
_WITHHELD: Final = frozenset(
    "SAFETY RECITATION LANGUAGE BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY "
    "IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION IMAGE_OTHER NO_IMAGE MODEL_ARMOR".split()
)
_REFUSING: Final = frozenset(("refusal", "content_filter", "content_filtered"))
_UNFINISHED: Final = frozenset(("failed", "cancelled", "expired"))


@dataclass(frozen=True)
class Verdict:
    """What an answer's body is.

    Attributes:
        data: Its JSON data; None where it is none.
        whole: It may be kept.
        refused: Why the model refused, or None.
        reason: Why it may not be kept; empty for one that may.
    """

    data: Any
    whole: bool
    refused: str | None = None
    reason: str = ""


def judge(body: bytes) -> Verdict:
    """Judge a JSON body that came to its end.

    Args:
        body: Not compressed.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return Verdict(None, whole=False, reason="its body is not JSON")
    if not isinstance(data, dict | list):
        return Verdict(data, whole=False, reason="its body is no JSON object")
    found = list(_mappings(data if isinstance(data, list) else [data]))
    if any(_is_error(item) for item in found):
        return Verdict(data, whole=False, reason="its body says that it failed")
    refused = next((why for why in map(refusal, found) if why), None)
    return Verdict(data, whole=refused is None, refused=refused)


def _is_error(body: Mapping[str, Any]) -> bool:
    said = body.get("type") == "error" or bool(body.get("error"))
    return said or body.get("status") in _UNFINISHED


def refusal(body: Mapping[str, Any]) -> str | None:
    """Give why the model refused, in one JSON body or the data of one event, or None."""
    nested = [body.get(name) for name in ("delta", "message", "response")]
    for part in (body, *(item for item in nested if isinstance(item, Mapping))):
        found = _stopped(part) or _chosen(part) or _withheld(part) or _said(part)
        if found:
            return found
    return None


def _stopped(body: Mapping[str, Any]) -> str | None:
    """Anthropic's stop reason, and what OpenAI's Responses leave incomplete."""
    if body.get("stop_reason") in _REFUSING or body.get("stopReason") in _REFUSING:
        return str(body.get("stop_reason") or body.get("stopReason"))
    details = body.get("incomplete_details")
    if isinstance(details, Mapping) and details.get("reason") in _REFUSING:
        return str(details["reason"])
    return None


def _chosen(body: Mapping[str, Any]) -> str | None:
    """OpenAI's chat completions."""
    for choice in _mappings(body.get("choices")):
        if choice.get("finish_reason") in _REFUSING:
            return str(choice["finish_reason"])
        for part in _mappings([choice.get("message"), choice.get("delta")]):
            if part.get("refusal"):
                return "refusal"
    return None


def _withheld(body: Mapping[str, Any]) -> str | None:
    """Gemini's candidates and its judgement of the prompt."""
    for candidate in _mappings(body.get("candidates")):
        if candidate.get("finishReason") in _WITHHELD:
            return str(candidate["finishReason"])
    feedback = body.get("promptFeedback")
    reason = feedback.get("blockReason") if isinstance(feedback, Mapping) else None
    return str(reason) if reason else None


def _said(body: Mapping[str, Any]) -> str | None:
    """OpenAI's Responses: an output that is a refusal."""
    if body.get("type") in ("response.refusal.delta", "response.refusal.done"):
        return "refusal"
    for item in _mappings(body.get("output")):
        for part in _mappings(item.get("content")):
            if part.get("type") == "refusal":
                return "refusal"
    return None


def _mappings(items: Any) -> Iterable[Mapping[str, Any]]:
    return (i for i in (items if isinstance(items, list) else []) if isinstance(i, Mapping))
