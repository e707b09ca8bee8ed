"""Bounds: how many tokens a request may use at most."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from milepost.money.providers import model_in

# Bytes of a request that hold one token at least; prose has about four.
_BYTES_A_TOKEN: Final = 2
# The most that a model takes for one picture, whatever the size of its file.
_PICTURE_TOKENS: Final = 5000
_OUTPUT: Final = (
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "maxOutputTokens",
    "maxTokens",
)
_SETTINGS: Final = ("generationConfig", "generation_config", "inferenceConfig")
# What names input that lies with the provider, or at another address.
_ELSEWHERE: Final = frozenset(
    "previous_response_id conversation cachedContent cached_content file_id fileUri "
    "file_uri file_url prompt_id mcp_servers container".split()
)
_SERVED_TOOL: Final = re.compile(r"web_|file_search|code_|mcp|image_generation|tool_search")
_DECLARED: Final = frozenset({"functionDeclarations", "function_declarations"})
_FREE_OUTPUT: Final = ("/embeddings", ":embedContent", ":batchEmbedContents")


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a request may use at most.

    Attributes:
        model: The model that it asks for.
        seller: Who sells in the form that the request has.
        input_tokens: Input.
        output_tokens: Output.
        writes_cache: Whether it asks the provider to cache its input.
        tier: The tier of service that it asks for.
    """

    model: str
    seller: str
    input_tokens: int
    output_tokens: int
    writes_cache: bool
    tier: str


def bounds_of(url: str, request: Any) -> Bounds | None:
    """Give the bounds of a request, or None where it has none.

    Args:
        url: Where the request goes.
        request: Its body as JSON data.
    """
    if not isinstance(request, dict) or _looks_elsewhere(request):
        return None
    output = _output_tokens(url, request)
    if output is None:
        return None
    text = json.dumps(request, ensure_ascii=False)
    tier = request.get("service_tier")
    return Bounds(
        model=str(request.get("model") or model_in(url)),
        seller=_seller(url),
        input_tokens=_input_tokens(request, text),
        output_tokens=output,
        writes_cache='"cache_control"' in text or '"cachePoint"' in text,
        tier=tier if isinstance(tier, str) else "",
    )


def _seller(url: str) -> str:
    if url.partition("?")[0].rstrip("/").endswith("/messages"):
        return "anthropic"
    return "google" if ":generateContent" in url or ":streamGenerate" in url else ""


def _output_tokens(url: str, request: Mapping[str, Any]) -> int | None:
    if url.partition("?")[0].endswith(_FREE_OUTPUT):
        return 0
    settings = [request, *(_dict(request.get(name)) for name in _SETTINGS)]
    given = [each.get(name) for each in settings for name in _OUTPUT]
    bounds = [each for each in given if type(each) is int and each >= 0]
    return max(bounds) * _answers(settings) if bounds else None


def _answers(settings: list[Mapping[str, Any]]) -> int:
    given = [each.get(name) for each in settings for name in ("n", "candidateCount")]
    return max([each for each in given if type(each) is int and each > 0], default=1)


def _input_tokens(request: Mapping[str, Any], text: str) -> int:
    pictures = list(_pictures(request))
    size = len(text.encode("utf-8", "replace")) - sum(map(len, pictures))
    return size // _BYTES_A_TOKEN + len(pictures) * _PICTURE_TOKENS + 1


def _pictures(data: Any) -> Iterator[str]:
    """Give the texts in which a request holds pictures."""
    for each in _inside(data):
        kind = [each.get(n) for n in ("media_type", "mime_type", "mimeType")]
        is_picture = any(isinstance(k, str) and k.startswith("image/") for k in kind)
        for name, value in each.items():
            if isinstance(value, str) and (
                value.startswith("data:image/")
                or (is_picture and name == "data")
                or (name in ("url", "image_url") and value.startswith("http"))
            ):
                yield value


def _looks_elsewhere(request: Mapping[str, Any]) -> bool:
    """Tell whether a request makes a model read what does not stand in it."""
    tools = request.get("tools")
    if any(_is_served(tool) for tool in (tools if isinstance(tools, list) else ())):
        return True
    return any(
        _is_linked_document(each)
        or any(_names(each, name, request) for name in _ELSEWHERE.intersection(each))
        for each in _inside(request)
    )


def _is_linked_document(found: dict[str, Any]) -> bool:
    source = _dict(found.get("source"))
    return found.get("type") == "document" and source.get("type") == "url"


def _names(found: dict[str, Any], name: str, request: Mapping[str, Any]) -> bool:
    """Tell whether a field names something; deeper down a schema may have its name."""
    return bool(found[name]) and (isinstance(found[name], str) or found is request)


def _is_served(tool: Any) -> bool:
    kind = _dict(tool).get("type")
    if isinstance(kind, str):
        return _SERVED_TOOL.match(kind) is not None
    # Gemini names a tool of its own by its key, and others say what they declare.
    return isinstance(tool, dict) and not ({"name", *_DECLARED} & set(tool))


def _inside(data: Any) -> Iterator[dict[str, Any]]:
    """Give every object in JSON data."""
    pending = [data]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            yield each
            pending += each.values()
        elif isinstance(each, list):
            pending += each


def _dict(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
