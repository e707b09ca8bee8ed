"""Hosts that were contacted outside the journal while calls were recorded.

One hook of the interpreter sees every name that is looked up and every connection that
is opened by Python code in this process. A host that no adapter was about to ask is said
once. Where a model was surely or probably asked there, the line says what follows: at a
known provider, at a host that the user named in ``milepost_record_hosts``, at any public
host on the ports of the web. Others are named all the same, for a model may run on any
port of this machine; databases, brokers and the like, which are known by their ports,
are not.
"""

import ipaddress
import re
import sys
from contextlib import suppress
from threading import local
from typing import TYPE_CHECKING, Any, Final

from milepost.recorder import seen
from milepost.recorder.endpoints import is_named, is_provider

if TYPE_CHECKING:
    from milepost.steps.scope import Scope

_WEB: Final = frozenset({80, 443})
_EVENTS: Final = frozenset({"socket.connect", "socket.getaddrinfo"})
# Name service, mail, shells, databases, brokers, caches.
_SERVICES: Final = frozenset(
    {22, 25, 53, 389, 465, 587, 636, 853, 1433, 1521, 2181, 2379, 3306, 4222, 5432, 5433}
    | {5672, 6379, 6380, 7687, 9042, 9092, 11211, 26379, 27017, 50000}
)
_PRIVATE: Final = re.compile(
    r"localhost|.*\.(?:local|localhost|internal|lan|home|test|invalid)|[^.]+"
)


class _Audit:
    """The hook; it cannot be taken out, only be told to look away."""

    def __init__(self) -> None:
        self.is_on = False
        self.is_in = False
        self.said: set[tuple[int, str, str, int]] = set()
        self.busy = local()

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on or event not in _EVENTS or getattr(self.busy, "now", False):
            return
        self.busy.now = True
        try:
            with suppress(Exception):
                _look(event, arguments)
        finally:
            self.busy.now = False


_audit: Final = _Audit()


def start() -> None:
    """Begin to look."""
    if not _audit.is_in:
        _audit.is_in = True
        sys.addaudithook(_audit.hook)
    _audit.is_on = True


def stop() -> None:
    """Look away."""
    _audit.is_on = False
    _audit.said.clear()


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    host, port = _contacted(event, arguments)
    if not host or seen.has(host, port):
        return
    from milepost.steps.context import call_scope  # noqa: PLC0415 - the steps need not load

    scope = call_scope(count=False)
    if scope is None:
        return
    if is_worth_saying(host, port, scope.memory.record_hosts):
        scope.note(_line(scope, host, port))
    elif port and port not in _SERVICES and _is_first(scope, host, port):
        scope.note(_short_line(scope, host, port))


def _is_first(scope: "Scope", host: str, port: int) -> bool:
    """Tell whether a host is met for the first time; this machine has several names."""
    place = id(scope.memory), scope.phase, "" if _is_local(host) else host.lower(), port
    if place in _audit.said:
        return False
    _audit.said.add(place)
    return True


def _contacted(event: str, arguments: tuple[Any, ...]) -> tuple[str, int]:
    address = arguments[1] if event == "socket.connect" else arguments[:2]
    if not isinstance(address, tuple) or len(address) < 2:
        return "", 0
    host, port = address[:2]
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    number = int(port) if str(port or 0).isdigit() else {"https": 443, "http": 80}.get(port)
    is_name = event == "socket.getaddrinfo" or _is_local(str(host))
    return (str(host or ""), number or 0) if is_name else ("", 0)


def is_worth_saying(host: str, port: int, named: tuple[str, ...]) -> bool:
    """Tell whether a contact outside the journal is to be said.

    Args:
        host: Its name.
        port: Its port.
        named: Hosts and base URLs that the user named.
    """
    scheme = "https" if port == 443 else "http"
    if is_named(f"{scheme}://{host}:{port}/", _hosts_only(named)) or is_provider(host):
        return True
    return port in _WEB and not _is_local(host) and not _PRIVATE.fullmatch(host.lower())


def _hosts_only(named: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(re.sub(r"^[a-z]+://", "", each).partition("/")[0] for each in named)


def _is_local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host.lower() == "localhost"
    return not address.is_global


def _short_line(scope: "Scope", host: str, port: int) -> str:
    who = f"phase {scope.phase!r}" if scope.phase else "the test"
    return (
        f"{who} contacted {host}:{port} outside the journal. If a model is asked there, it "
        "is asked again in the next run; a step around it keeps its result."
    )


def _line(scope: "Scope", host: str, port: int) -> str:
    place = host if port in (0, 443) else f"{host}:{port}"
    who = f"phase {scope.phase!r}" if scope.phase else "the test"
    kind = ", where models are asked," if is_provider(host) else ""
    return (
        f"{who} contacted {place}{kind} outside the journal: milepost records calls "
        "through httpx, httpx2, aiohttp and requests alone. What was asked there is asked "
        "again in the next run; a step around it keeps its result."
    )
