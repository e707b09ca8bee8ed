"""What the errors of HTTP clients and model SDKs say about themselves.

Knows their classes and attributes by name, and imports none of them.
"""

from typing import Final

# Package -> class -> is it transient? None: its cause, or its HTTP status, decides. The
# first class along the MRO that is named here speaks for the error.
_HTTPX: Final[dict[str, bool | None]] = {
    "TransportError": True,
    "UnsupportedProtocol": False,
    "LocalProtocolError": False,
}
_HTTPCORE: Final[dict[str, bool | None]] = {
    "NetworkError": True,
    "TimeoutException": True,
    "RemoteProtocolError": True,
    "ProxyError": True,
}
_MODEL_SDK: Final[dict[str, bool | None]] = {
    "APIConnectionError": True,
    "RetryableError": True,
}
_VERDICTS: Final[dict[str, dict[str, bool | None]]] = {
    "aiohttp": {
        "ClientConnectionError": True,
        "ClientPayloadError": True,
        "ClientSSLError": None,
        "ServerFingerprintMismatch": False,
    },
    "anthropic": _MODEL_SDK,
    "anyio": {"BrokenResourceError": True},
    "asyncio": {"IncompleteReadError": True},
    "google": {"TransportError": True, "TimeoutError": True},
    "http": {"IncompleteRead": True},
    "httpcore": _HTTPCORE,
    "httpcore2": _HTTPCORE,
    "httpx": _HTTPX,
    "httpx2": _HTTPX,
    "milepost": {"RetryableError": True},
    "openai": _MODEL_SDK,
    "requests": {
        "ChunkedEncodingError": True,
        "ConnectionError": True,
        "RetryError": True,
        "SSLError": None,
        "Timeout": True,
    },
    "ssl": {
        "SSLEOFError": True,
        "SSLSyscallError": True,
        "SSLZeroReturnError": True,
        "SSLError": False,
    },
    "trio": {"BrokenResourceError": True, "TooSlowError": True},
    "urllib": {"ContentTooShortError": True},
    "urllib3": {
        "ProtocolError": True,
        "ProxyError": True,
        "ResponseError": True,
        "SSLError": None,
        "TimeoutError": True,
        # urllib3 1.x derives it from neither of the above.
        "NewConnectionError": True,
    },
    "websockets": {"ConnectionClosedError": True},
}
# A stream that began with status 200 can end with one of these words in its body.
_EVENTS: Final = frozenset(
    {
        "api_error",
        "overloaded_error",
        "rate_limit_error",
        "rate_limit_exceeded",
        "server_error",
        "timeout_error",
    }
)


def http_status(error: BaseException) -> int | None:
    """Find the HTTP status that an error carries, if it is one of an error.

    Args:
        error: One error; its causes do not count here.

    Returns:
        A status from 400 to 599, or None.
    """
    # What aiohttp raises when it cannot parse an answer has 400 for a code.
    if ("aiohttp", "HttpProcessingError") in names(type(error)):
        return None
    for holder in (error, read(error, "response")):
        for name in ("status_code", "status", "code"):
            # Where ``code`` is a property, it is a deprecated one that warns.
            if name == "code" and isinstance(getattr(type(holder), name, None), property):
                continue
            value = read(holder, name)
            if isinstance(value, int) and not isinstance(value, bool):
                return int(value) if 400 <= value <= 599 else None
    return None


def read(holder: object, name: str) -> object:
    """Read an attribute of a foreign object, None where that fails."""
    try:
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 - a property of a library may raise anything
        return None


def library_verdict(error: BaseException) -> bool | None:
    """Decide by the type that a library gave its error.

    Args:
        error: One error; its causes do not count here.

    Returns:
        Whether it is transient; None: the type does not say.
    """
    known = names(type(error))
    for package, name in known:
        verdicts = _VERDICTS.get(package, {})
        if name in verdicts:
            return verdicts[name]
    if any(package in ("anthropic", "openai") for package, _ in known):
        return _by_event(error)
    return None


def _by_event(error: BaseException) -> bool | None:
    body = read(error, "body")
    inner = body.get("error") if isinstance(body, dict) else None
    words = [read(error, "type"), read(error, "code")]
    words.append(inner.get("type") if isinstance(inner, dict) else None)
    return True if any(word in _EVENTS for word in words if isinstance(word, str)) else None


def names(kind: type[BaseException]) -> list[tuple[str, str]]:
    """List the top-level package and the name of a class and all its bases."""
    return [
        (str(each.__module__).partition(".")[0], each.__name__) for each in kind.__mro__
    ]
