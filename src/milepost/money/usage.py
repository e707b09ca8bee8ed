"""Tokens: what the answer of a model says that it used, in one form for all providers.

Input tokens count all input, cached or not, and output tokens all output, reasoning
included, whatever the provider's own sums are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from milepost.money.providers import model_in, provider_of

# Unit, as the price list names it -> where answers say how much of it they used.
_Table: TypeAlias = Sequence[tuple[str, str]]

_CHAT: Final[_Table] = (
    ("input_tokens", "prompt_tokens"),
    ("cache_read_tokens", "prompt_tokens_details.cached_tokens"),
    ("cache_write_tokens", "prompt_tokens_details.cache_write_tokens"),
    ("input_audio_tokens", "prompt_tokens_details.audio_tokens"),
    ("output_audio_tokens", "completion_tokens_details.audio_tokens"),
    ("output_reasoning_tokens", "completion_tokens_details.reasoning_tokens"),
    ("output_tokens", "completion_tokens"),
)
_RESPONSES: Final[_Table] = (
    ("input_tokens", "input_tokens"),
    ("cache_read_tokens", "input_tokens_details.cached_tokens"),
    ("cache_write_tokens", "input_tokens_details.cache_write_tokens"),
    ("input_text_tokens", "input_tokens_details.text_tokens"),
    ("input_image_tokens", "input_tokens_details.image_tokens"),
    ("output_text_tokens", "output_tokens_details.text_tokens"),
    ("output_image_tokens", "output_tokens_details.image_tokens"),
    ("output_reasoning_tokens", "output_tokens_details.reasoning_tokens"),
    ("output_tokens", "output_tokens"),
)
_MESSAGES: Final[_Table] = (
    ("input_tokens", "input_tokens"),
    ("input_tokens", "cache_creation_input_tokens"),
    ("input_tokens", "cache_read_input_tokens"),
    ("cache_write_tokens", "cache_creation_input_tokens"),
    ("cache_write_5m_tokens", "cache_creation.ephemeral_5m_input_tokens"),
    ("cache_write_1h_tokens", "cache_creation.ephemeral_1h_input_tokens"),
    ("cache_read_tokens", "cache_read_input_tokens"),
    ("web_searches", "server_tool_use.web_search_requests"),
    ("output_reasoning_tokens", "output_tokens_details.thinking_tokens"),
    ("output_tokens", "output_tokens"),
)
_CONVERSE: Final[_Table] = (
    ("input_tokens", "inputTokens"),
    ("input_tokens", "cacheReadInputTokens"),
    ("input_tokens", "cacheWriteInputTokens"),
    ("cache_read_tokens", "cacheReadInputTokens"),
    ("cache_write_tokens", "cacheWriteInputTokens"),
    ("output_tokens", "outputTokens"),
)
_GEMINI: Final[_Table] = (
    ("input_tokens", "promptTokenCount"),
    ("input_tokens", "toolUsePromptTokenCount"),
    ("input_tool_tokens", "toolUsePromptTokenCount"),
    ("cache_read_tokens", "cachedContentTokenCount"),
    ("output_tokens", "candidatesTokenCount"),
    ("output_tokens", "thoughtsTokenCount"),
    ("output_reasoning_tokens", "thoughtsTokenCount"),
)
# Gemini's own lists by modality -> the units that they count into.
_GEMINI_MODES: Final = (
    ("promptTokensDetails", ("input_{}_tokens",)),
    ("candidatesTokensDetails", ("output_{}_tokens",)),
    ("cacheTokensDetails", ("cache_{}_read_tokens",)),
    ("toolUsePromptTokensDetails", ("input_{}_tokens", "input_{}_tool_tokens")),
)
_MODES: Final = {
    "TEXT": "text",
    "AUDIO": "audio",
    "IMAGE": "image",
    "DOCUMENT": "image",
    "VIDEO": "video",
}
_MAIN: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_reasoning_tokens",
)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one call used.

    Attributes:
        provider: Who sold it, as the price list names them; empty where the address and
            the form of the answer do not say.
        model: The model, as the answer names it, else the request.
        input_tokens: All input, cached or not.
        output_tokens: All output, reasoning included.
        cache_read_tokens: Input that was read from the provider's cache.
        cache_write_tokens: Input that was written to the provider's cache.
        output_reasoning_tokens: Output that nobody reads.
        tier: The tier of service, where the answer names one; it has its own prices.
        details: Further units that have prices of their own.
    """

    provider: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_reasoning_tokens: int = 0
    tier: str = ""
    details: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def total_tokens(self) -> int:
        """Give input and output together."""
        return self.input_tokens + self.output_tokens

    @property
    def units(self) -> dict[str, int]:
        """Give all that has a price, by unit, without what is zero."""
        main = {name: getattr(self, name) for name in _MAIN}
        return {name: count for name, count in {**main, **self.details}.items() if count}

    def to_dict(self) -> dict[str, Any]:
        """Give the usage as JSON data, as a call's record holds it."""
        known: dict[str, Any] = {"provider": self.provider, "model": self.model}
        known |= {name: getattr(self, name) for name in _MAIN[:4]}
        known["total_tokens"] = self.total_tokens
        if self.output_reasoning_tokens:
            known["output_reasoning_tokens"] = self.output_reasoning_tokens
        known |= {"tier": self.tier} if self.tier else {}
        return known | ({"details": dict(self.details)} if self.details else {})


def read_usage(url: str, request: Any, response: Any) -> Usage | None:
    """Read from an answer what the call used.

    Args:
        url: Where the request went.
        request: Its body as JSON data; anything else counts as empty.
        response: The answer as JSON data: one object, or the events of a stream.

    Returns:
        The usage, or None where the answer does not say: an unknown form, or a stream
        that was not asked for its usage.
    """
    answer = _merged(response)
    form = _form_of(url, answer)
    if form is None:
        return None
    table, counts, seller = form
    units = _counted(table, counts)
    main = {name: units.pop(name, 0) for name in _MAIN}
    return Usage(
        provider=provider_of(url) or seller,
        model=_model(url, request, answer),
        tier=_text(counts.get("service_tier")) or _text(answer.get("service_tier")),
        details={name: count for name, count in units.items() if count},
        **main,
    )


def _form_of(
    url: str, answer: Mapping[str, Any]
) -> tuple[_Table, Mapping[str, Any], str] | None:
    """Find out whose form an answer has: its table, its counts and who sells in it."""
    metadata, usage = answer.get("usageMetadata"), answer.get("usage")
    if isinstance(metadata, dict):
        return _GEMINI, metadata, "google"
    if url.partition("?")[0].rstrip("/").endswith(("count_tokens", ":countTokens")):
        return _MESSAGES, {}, ""  # counting is free of charge
    if not isinstance(usage, dict):
        return None
    if "prompt_tokens" in usage:
        return _CHAT, usage, ""
    if "inputTokens" in usage:
        return _CONVERSE, usage, "aws"
    if "input_tokens" not in usage:
        return None
    is_message = answer.get("type") == "message" or "cache_read_input_tokens" in usage
    return (_MESSAGES, usage, "anthropic") if is_message else (_RESPONSES, usage, "")


def _counted(table: _Table, counts: Mapping[str, Any]) -> dict[str, int]:
    units: dict[str, int] = {}
    for unit, path in table:
        units[unit] = units.get(unit, 0) + _count_at(counts, path)
    if table is _GEMINI:
        for unit, count in _by_mode(counts):
            units[unit] = units.get(unit, 0) + count
    return units


def _count_at(counts: Mapping[str, Any], path: str) -> int:
    found: Any = counts
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return _count(found)


def _count(found: object) -> int:
    return found if type(found) is int and found >= 0 else 0


def _by_mode(counts: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for name, units in _GEMINI_MODES:
        listed = counts.get(name)
        for each in listed if isinstance(listed, list) else ():
            said = _dict(each)
            mode = _MODES.get(_text(said.get("modality")))
            for unit in units if mode else ():
                yield unit.format(mode), _count(said.get("tokenCount"))


def _model(url: str, request: Any, answer: Mapping[str, Any]) -> str:
    asked = request.get("model") if isinstance(request, dict) else None
    given = answer.get("modelVersion") or answer.get("model")
    return _text(given) or _text(asked) or model_in(url)


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""


def _merged(response: Any) -> dict[str, Any]:
    """Give an answer as one object; of a stream, what its events say together."""
    if isinstance(response, dict):
        return response
    merged: dict[str, Any] = {}
    for event in _events(response):
        inner = event.get("message") or event.get("response")
        found = inner if isinstance(inner, dict) else event
        usage = {**_dict(merged.get("usage")), **_said(found.get("usage"))}
        merged |= {name: found[name] for name in _TELLING if found.get(name)}
        if usage:
            merged["usage"] = usage
        if found is inner:
            merged |= {"type": found["type"]} if found.get("type") else {}
    return merged


_TELLING: Final = ("model", "modelVersion", "usageMetadata", "service_tier")


def _events(response: Any) -> Iterator[dict[str, Any]]:
    for each in response if isinstance(response, Iterable) else ():
        if isinstance(each, dict):
            data = each.get("data")
            yield data if isinstance(data, dict) and "event" in each else each


def _dict(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _said(usage: Any) -> dict[str, Any]:
    return {name: found for name, found in _dict(usage).items() if found is not None}
