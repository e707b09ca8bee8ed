"""The adapter of aiohttp: a client middleware in every session.

The response that a caller gets is built by hand, of the session's own class, and fed by
the call's exchange or from the journal. That leans on a constructor that is not public,
so it is tried once before the first call; where it fails, calls pass by unrecorded, and
that is said.
"""

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final

from milepost.recorder import adapters, nesting
from milepost.recorder.aiohttp_response import is_usable, live, replayed
from milepost.recorder.exchange import Exchange
from milepost.recorder.left import await_left_calls, remember
from milepost.recorder.patches import Patch
from milepost.recorder.pump import Pump, Source

if TYPE_CHECKING:
    from milepost.steps.scope import Scope

NAMES: Final = ("aiohttp",)
_UNSOLD: Final = (
    "ClientConnectorError",
    "ConnectionTimeoutError",
    "InvalidURL",
)


def patches(module: Any) -> list[Patch]:
    """Give what has to be replaced in aiohttp."""
    session = module.ClientSession
    return [Patch(session, "_request", _requesting), Patch(session, "close", _holding)]


def _requesting(original: Callable[..., Any]) -> Callable[..., Any]:
    takes = _takes_middlewares(original)

    # What it accepts is read from its signature, and so from what is wrapped.
    @wraps(original)
    async def _request(
        session: Any, method: Any, str_or_url: Any, *args: Any, **kwargs: Any
    ) -> Any:
        __tracebackhide__ = True
        url = _address(session, str_or_url)
        scope = adapters.recording_scope(url)
        if scope is not None and adapters.is_watched(scope, url):
            if takes:
                kwargs = _watching(session, scope, str(method), url, kwargs)
            elif adapters.may_record(scope, str(method), url):
                scope.note(_OFF)
        return await original(session, method, str_or_url, *args, **kwargs)

    return _request


def _takes_middlewares(original: Callable[..., Any]) -> bool:
    """Tell whether this version knows middlewares; those before 3.12 do not."""
    parameters = inspect.signature(original).parameters
    return "middlewares" in parameters or any(
        each.kind is each.VAR_KEYWORD for each in parameters.values()
    )


def _watching(
    session: Any, scope: "Scope", method: str, url: str, kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Give the options of a request with our middleware, where it may be recorded."""
    if not adapters.may_record(scope, method, url):
        return kwargs
    given = kwargs.get("middlewares")
    own = getattr(session, "_middlewares", ()) if given is None else given
    return kwargs | {"middlewares": (*own, partial(_middleware, session, scope))}


def _address(session: Any, given: Any) -> str:
    """Give the whole address of a request; empty for one that aiohttp will refuse."""
    try:
        return str(session._build_url(given))
    except (AttributeError, TypeError, ValueError):
        return str(given) if "://" in str(given) else ""


def _holding(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def close(session: Any) -> Any:
        try:
            await await_left_calls(session)
        finally:
            closed = await original(session)
        return closed

    return close


async def _middleware(session: Any, scope: Any, request: Any, handler: Any) -> Any:
    __tracebackhide__ = True
    if nesting.is_inside():
        return await handler(request)
    if not await is_usable(request):
        scope.note(_OFF)
        return await handler(request)
    exchange = await _exchange(scope, request)
    if exchange is None:
        return await handler(request)
    answer = await exchange.find_async()
    if answer is not None:
        headers = answer.headers.items()
        return replayed(request, answer.status, headers, answer.pieces())
    await exchange.open_async()
    return await _answer(session, exchange, request, handler)


_OFF: Final = (
    "calls through aiohttp are not remembered: this version of it gives no way to replay "
    "an answer. Another version of aiohttp may, and so do httpx and requests."
)


async def _exchange(scope: Any, request: Any) -> Exchange | None:
    body = await _body(request)
    if body is None:
        return None
    return adapters.exchange_for(
        scope,
        request.method,
        str(request.url),
        body,
        content_type=request.headers.get("Content-Type", ""),
        content_encoding=request.headers.get("Content-Encoding", ""),
    )


async def _body(request: Any) -> bytes | None:
    """Read a request's body; what can be read only once is put back."""
    body = request.body
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    try:
        content = bytes(await body.as_bytes())
    except (AttributeError, TypeError, ValueError):
        return None
    if getattr(body, "consumed", False):
        await request.update_body(content)
    return content


async def _answer(session: Any, exchange: Exchange, request: Any, handler: Any) -> Any:
    __tracebackhide__ = True
    pump = Pump(exchange, partial(_send, request, handler), _is_unsold)
    remember(session, pump)
    source = await pump.head()
    return source.response if pump.passes else live(request, source.response, pump)


async def _send(request: Any, handler: Any) -> Source:
    response = await handler(request)

    async def close() -> None:
        response.close()

    return Source(
        response=response,
        status=response.status,
        headers=[(str(name), str(value)) for name, value in response.headers.items()],
        chunks=aiter(response.content.iter_any()),
        close=close,
        decoded=_decodes(request),
    )


def _decodes(request: Any) -> bool:
    """Tell whether the session undoes the encoding of bodies."""
    return bool(getattr(getattr(request, "_session", None), "_auto_decompress", True))


def _is_unsold(error: BaseException) -> bool:
    """Tell whether a request surely did not reach anybody."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return not names.isdisjoint(_UNSOLD)
