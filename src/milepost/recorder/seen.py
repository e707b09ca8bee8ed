"""The hosts that a client with an adapter was about to ask.

What else a recording run connects to, it does outside the journal.
"""

import threading
from typing import Final
from urllib.parse import urlsplit

_hosts: Final[set[tuple[str, int]]] = set()
_lock: Final = threading.Lock()
_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def add(url: str) -> None:
    """Note the host of an address."""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 0)
    with _lock:
        _hosts.add(((parts.hostname or "").lower(), port))


def has(host: str, port: int) -> bool:
    """Tell whether a host was noted, by name and port."""
    return (host.lower(), port) in _hosts


def clear() -> None:
    """Forget all."""
    with _lock:
        _hosts.clear()
