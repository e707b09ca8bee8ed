"""What all clients' adapters ask before they do anything."""

from typing import TYPE_CHECKING

from milepost.recorder import nesting, seen
from milepost.recorder.endpoints import asks_model, may_ask
from milepost.recorder.exchange import Exchange
from milepost.recorder.request import read_request

if TYPE_CHECKING:
    from milepost.steps.scope import Scope


def recording_scope() -> "Scope | None":
    """Give the scope to which a call belongs; None where it is to be passed on.

    That is where nobody records, and below another client that has the call already.
    """
    from milepost.steps.scope import call_scope  # noqa: PLC0415 - the steps need not load

    return None if nesting.is_inside() else call_scope()


def may_record(scope: "Scope", url: str) -> bool:
    """Tell whether a POST to an address may be recorded, before its body is known.

    Args:
        scope: Where the call belongs.
        url: The address.
    """
    seen.add(url)
    return may_ask(url, scope.memory.record_hosts)


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
