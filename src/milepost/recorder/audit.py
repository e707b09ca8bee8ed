"""Hosts that were contacted outside the journal while calls were recorded.

One hook of the interpreter sees every name that is looked up and every connection that
is opened by Python code in this process. A host that no adapter was about to ask is said
once, where a model may have been asked there: a known provider, one that the user named
in ``milepost_record_hosts``, or any other public host on the ports of the web. Local
addresses, the database and the system under test among them, are nobody's business
unless the user named them.
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
_PRIVATE: Final = re.compile(
    r"localhost|.*\.(?:local|localhost|internal|lan|home|test|invalid)|[^.]+"
)


class _Audit:
    """The hook; it cannot be taken out, only be told to look away."""

    def __init__(self) -> None:
        self.is_on = False
        self.is_in = False
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


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    host, port = _contacted(event, arguments)
    if not host or seen.has(host, port):
        return
    from milepost.steps.scope import call_scope  # noqa: PLC0415 - the steps need not load

    scope = call_scope(count=False)
    if scope is not None and is_worth_saying(host, port, scope.memory.record_hosts):
        scope.note(_line(scope, host, port))


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


def _line(scope: "Scope", host: str, port: int) -> str:
    place = host if port in (0, 443) else f"{host}:{port}"
    who = f"phase {scope.phase!r}" if scope.phase else "the test"
    kind = ", where models are asked," if is_provider(host) else ""
    return (
        f"{who} contacted {place}{kind} outside the journal: milepost records calls "
        "through httpx, httpx2, aiohttp and requests alone. What was asked there is asked "
        "again in the next run; a step around it keeps its result."
    )
