"""Who sells: the provider and the model that an address names."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

# The end of a host's name -> the provider, as the price list names it.
_HOSTS: Final = {
    "api.anthropic.com": "anthropic",
    "api.cerebras.ai": "cerebras",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.moonshot.ai": "moonshotai",
    "api.moonshot.cn": "moonshotai",
    "api.novita.ai": "novita",
    "api.openai.com": "openai",
    "api.perplexity.ai": "perplexity",
    "api.together.ai": "together",
    "api.together.xyz": "together",
    "api.voyageai.com": "voyageai",
    "api.x.ai": "x-ai",
    "api.z.ai": "zai",
    "azure-api.net": "azure",
    "cognitiveservices.azure.com": "azure",
    "googleapis.com": "google",
    "openai.azure.com": "azure",
    "openrouter.ai": "openrouter",
    "services.ai.azure.com": "azure",
}
_BEDROCK: Final = re.compile(r"bedrock-runtime\.[a-z0-9-]+\.amazonaws\.com")
_MODEL: Final = re.compile(r"/(?:models?|deployments|engines)/([^/:?]+(?::\d+)?)")


def provider_of(url: str) -> str:
    """Name the provider of an address, as the price list does; empty if none is known."""
    host = _host(url)
    if _BEDROCK.fullmatch(host):
        return "aws"
    parts = host.split(".")
    ends = (".".join(parts[start:]) for start in range(len(parts)))
    return next((_HOSTS[end] for end in ends if end in _HOSTS), "")


def model_in(url: str) -> str:
    """Give the model that an address names, as Gemini's and Azure's do; else nothing."""
    found = _MODEL.search(unquote(_path(url)))
    return found[1] if found else ""


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
