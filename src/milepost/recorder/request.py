"""A request as content: what its key is made of, and what is written of it.

No header takes part: authorisation, retry counts and idempotency keys live there.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from milepost.canonical import digest_plain, plain_text
from milepost.recorder.decoding import decode
from milepost.secret import is_secret_name

LONG_TEXT: Final = 4_000  # characters of one text that a record holds
_SHOWN: Final = 400
_SECRETS: Final = frozenset(
    "key sig signature auth code subscription-key x-amz-signature x-amz-credential "
    "x-amz-security-token x-goog-signature x-goog-credential".split()
)
_LOOPBACK: Final = re.compile(r"localhost|127(?:\.\d+){3}|\[?::1\]?|0\.0\.0\.0")
_BOUNDARY: Final = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_MODEL_IN_FORM: Final = re.compile(r'name="?model"?[\s;]|(?:^|&)model=')
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Asked:
    """What one request asks.

    Attributes:
        method: In upper case.
        url: Without secrets; a loopback host without its port.
        content: The canonical body: JSON data, or ``{"$text": ...}`` for another text,
            or ``{"$bytes": <sha256>, "length": ...}``.
        key: 64 hex digits; equal for requests that ask the same.
    """

    method: str
    url: str
    content: Any
    key: str

    @property
    def wants_stream(self) -> bool:
        """Tell whether a stream of events is asked for."""
        named = isinstance(self.content, dict) and self.content.get("stream") is True
        return named or "streamgenerate" in self.url.lower()

    @property
    def names_model(self) -> bool:
        """Tell whether the body names a model, be it JSON or a form."""
        if not isinstance(self.content, dict):
            return False
        if isinstance(self.content.get("model"), str):
            return True
        return bool(_MODEL_IN_FORM.search(str(self.content.get("$text", ""))))


def read_request(
    method: str,
    url: str,
    body: bytes,
    *,
    content_type: str = "",
    content_encoding: str = "",
    ignore: Iterable[str] = (),
) -> Asked:
    """Read what a request asks.

    Args:
        method: In any case of letters.
        url: The address.
        body: As it is sent.
        content_type: The header's value.
        content_encoding: The header's value.
        ignore: Regular expressions; what they match counts for nothing.
    """
    patterns = tuple(ignore)
    body = decode(body, content_encoding) if content_encoding else body
    content = _cut(_content(body, content_type), patterns)
    address = _cut(clean_url(url), patterns)
    name = method.upper()
    return Asked(name, address, content, digest_plain(["call", name, address, content]))


def clean_url(url: str) -> str:
    """Give an address without secrets and fragment; a loopback host without its port."""
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if _LOOPBACK.fullmatch(host):
        host = "localhost"
    elif parts.port and parts.port != _PORTS.get(scheme):
        host = f"{host}:{parts.port}"
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = sorted(pair for pair in pairs if not _is_secret(pair[0]))
    return urlunsplit((scheme, host, parts.path or "/", urlencode(query), ""))


def _is_secret(name: str) -> bool:
    return name.lower() in _SECRETS or is_secret_name(name)


def _content(body: bytes, content_type: str) -> Any:
    if "multipart/" in content_type.lower():
        body = _without_boundary(body, content_type)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _bytes(body)
    try:
        data = json.loads(text)
        plain_text(data)
    except (ValueError, RecursionError):
        return {"$text": text}
    return data


def _bytes(body: bytes) -> dict[str, Any]:
    """Describe a body that is no text, as a picture in a form makes it."""
    fields = {"$bytes": hashlib.sha256(body).hexdigest(), "length": len(body)}
    form = _MODEL_IN_FORM.search(body.decode("latin-1"))
    return fields | ({"$text": form.group().strip()} if form else {})


def _without_boundary(body: bytes, content_type: str) -> bytes:
    found = _BOUNDARY.search(content_type)
    return body.replace(found.group(1).encode(), b"boundary") if found else body


def _cut(content: Any, patterns: tuple[str, ...]) -> Any:
    """Give content without what the patterns match, in each of its texts."""
    if not patterns:
        return content
    if isinstance(content, str):
        for pattern in patterns:
            content = _compiled(pattern).sub("", content)
        return content
    if isinstance(content, list):
        return [_cut(item, patterns) for item in content]
    if isinstance(content, dict):
        return {key: _cut(item, patterns) for key, item in content.items()}
    return content


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def abridged(content: Any) -> Any:
    """Give what a record holds of a canonical body: long texts by beginning and hash."""
    if isinstance(content, str) and len(content) > LONG_TEXT:
        whole = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
        return {"$long": content[:_SHOWN], "length": len(content), "sha256": whole}
    if isinstance(content, list):
        return [abridged(item) for item in content]
    if isinstance(content, dict):
        return {key: abridged(item) for key, item in content.items()}
    return content
