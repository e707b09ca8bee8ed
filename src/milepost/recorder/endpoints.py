"""Which requests ask a language model.

A POST to a known path, on any host. Where the path is one that another service may have
as well, the body must name a model: a POST to the system under test is never replayed,
for then its effect would be missing.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

# Nothing but a model is asked here.
_SURE: Final = re.compile(
    r"/chat/completions$|/v1/messages$|/fim/completions$"
    r"|:(?:stream)?generateContent$|:(?:stream)?rawPredict$|:(?:batch)?embedContents?$"
    r"|/model/[^/]+/(?:invoke|converse)$",
    re.IGNORECASE,
)
# Others have such paths, too; a model is asked when the body names one.
_LIKELY: Final = re.compile(
    r"/completions$|/responses(?:/compact)?$|/messages$|/complete$|/embeddings$|/embed$"
    r"|/rerank$|/api/(?:chat|generate)$|/v[12]/chat$|/moderations$|/ocr$"
    r"|/images/(?:generations|edits|variations)$|/audio/(?:transcriptions|translations)$",
    re.IGNORECASE,
)
# POSTs to a provider that buy no answer.
_FREE: Final = re.compile(
    r"/(?:files|uploads|batches|vector_stores|containers|cachedContents|count_tokens"
    r"|input_tokens|tokenize|oauth\w*|token|fine_tuning|evals)(?:/|$)|:(?:count|compute)Tokens$",
    re.IGNORECASE,
)
_PROVIDERS: Final = tuple(
    "*.openai.com *.anthropic.com generativelanguage.googleapis.com "
    "*aiplatform.googleapis.com *.openai.azure.com *.services.ai.azure.com "
    "*.cognitiveservices.azure.com bedrock-runtime.*.amazonaws.com *.mistral.ai "
    "*.cohere.com *.cohere.ai *.groq.com openrouter.ai *.deepseek.com *.together.xyz "
    "*.together.ai *.fireworks.ai *.x.ai *.perplexity.ai router.huggingface.co "
    "*.inference.huggingface.co *.cerebras.ai *.replicate.com *.voyageai.com "
    "integrate.api.nvidia.com *.moonshot.ai *.moonshot.cn *.z.ai *.bigmodel.cn "
    "dashscope*.aliyuncs.com *.minimax.io *.ai21.com *.databricks.com".split()
)


def may_ask(url: str, more: Iterable[str] = ()) -> bool:
    """Tell whether a POST to an address may ask a model, before its body is known.

    Args:
        url: The address.
        more: Hosts and base URLs that the user named.
    """
    path = urlsplit(url).path.rstrip("/")
    return bool(_SURE.search(path) or _LIKELY.search(path)) or is_named(url, more)


def asks_model(
    method: str, url: str, *, names_model: bool, more: Iterable[str] = ()
) -> bool:
    """Tell whether a request asks a model.

    Args:
        method: In any case of letters.
        url: The address.
        names_model: Whether the body names one.
        more: Hosts and base URLs that the user named.
    """
    if method.upper() != "POST":
        return False
    path = urlsplit(url).path.rstrip("/")
    if _SURE.search(path) or is_named(url, more):
        return True
    known = names_model or is_provider(urlsplit(url).hostname or "")
    return known and bool(_LIKELY.search(path))


def may_buy(url: str) -> bool:
    """Tell whether a POST that is not remembered may buy an answer all the same."""
    parts = urlsplit(url)
    return is_provider(parts.hostname or "") and not _FREE.search(parts.path)


def is_provider(host: str) -> bool:
    """Tell whether a host is known to be one where models are asked."""
    name = host.lower().rstrip(".")
    return any(
        fnmatchcase(name, pattern) or name == pattern.removeprefix("*.")
        for pattern in _PROVIDERS
    )


def is_named(url: str, names: Iterable[str]) -> bool:
    """Tell whether an address is at one of the hosts or below one of the base URLs."""
    return any(_is_at(url, name) for name in names)


def _is_at(url: str, name: str) -> bool:
    base = urlsplit(name if "://" in name else f"//{name}")
    found = urlsplit(url)
    if not base.hostname or (base.scheme and base.scheme != found.scheme):
        return False
    if not fnmatchcase((found.hostname or "").lower(), base.hostname.lower()):
        return False
    if base.port is not None and base.port != _port(url):
        return False
    path = base.path.rstrip("/")
    return not path or (found.path + "/").startswith(path + "/")


def _port(url: str) -> int | None:
    found = urlsplit(url)
    return found.port or {"http": 80, "https": 443}.get(found.scheme)
