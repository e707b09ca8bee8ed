"""What all clients' adapters ask before they do anything."""

from typing import TYPE_CHECKING

from milepost.recorder import nesting, seen
from milepost.recorder.endpoints import asks_model, may_ask, may_buy
from milepost.recorder.exchange import Exchange
from milepost.recorder.request import clean_url, read_request

if TYPE_CHECKING:
    from milepost.steps.scope import Scope


def recording_scope(url: str) -> "Scope | None":
    """Give the scope to which a call belongs; None where it is to be passed on.

    That is where nobody records, and below another client that has the call already.

    Args:
        url: Its address.
    """
    from milepost.steps.context import call_scope  # noqa: PLC0415 - the steps need not load

    return None if nesting.is_inside() else call_scope(count=may_ask(url))


def is_watched(scope: "Scope", url: str) -> bool:
    """Tell whether requests to an address are looked at, whatever they are.

    Args:
        scope: Where the call belongs.
        url: The address.
    """
    seen.add(url)
    return may_ask(url, scope.memory.record_hosts) or may_buy(url)


def may_record(scope: "Scope", method: str, url: str) -> bool:
    """Tell whether a request may be recorded, before its body is read.

    Args:
        scope: Where the call belongs.
        method: In any case of letters.
        url: The address.
    """
    if method.upper() != "POST":
        return False
    if may_ask(url, scope.memory.record_hosts):
        return True
    if may_buy(url):
        scope.note(_unknown(url))
    return False


def _unknown(url: str) -> str:
    return (
        f"a POST to {clean_url(url).partition('?')[0]} is not remembered, for milepost "
        "does not know its path. To have it remembered, name the host or a base URL in "
        "milepost_record_hosts."
    )


def exchange_for(
    scope: "Scope",
    method: str,
    url: str,
    body: bytes,
    *,
    content_type: str = "",
    content_encoding: str = "",
) -> Exchange | None:
    """Give the exchange for a request, or None where it does not ask a model.

    Args:
        scope: Where the call belongs.
        method: In any case of letters.
        url: The address.
        body: As it is sent.
        content_type: The header's value.
        content_encoding: The header's value.
    """
    memory = scope.memory
    asked = read_request(
        method,
        url,
        body,
        content_type=content_type,
        content_encoding=content_encoding,
        ignore=memory.record_ignore,
    )
    named = asked.names_model
    return (
        Exchange(scope, asked)
        if asks_model(method, url, names_model=named, more=memory.record_hosts)
        else None
    )
