"""The adapter of httpx and httpx2, which are alike and share no class.

Both ask ``_transport_for_url`` of a client for what sends a request. What it gives is
wrapped by a transport of the public kind, so that cookies, redirects, authorisation,
event hooks, logging and custom transports stay what they are.
"""

from collections.abc import Awaitable, Callable, Iterator
from functools import lru_cache, partial, wraps
from typing import TYPE_CHECKING, Any, Final

from milepost.recorder import adapters, mocks, nesting
from milepost.recorder.answer import Answer
from milepost.recorder.exchange import Exchange
from milepost.recorder.left import await_left_calls, remember
from milepost.recorder.patches import Patch
from milepost.recorder.pump import Pump, Source
from milepost.recorder.tee import Tee, keep_whole

if TYPE_CHECKING:
    from milepost.steps.scope import Scope

NAMES: Final = ("httpx", "httpx2")


def patches(module: Any) -> list[Patch]:
    """Give what has to be replaced in httpx or httpx2.

    Args:
        module: One of the two.
    """
    found = []
    for kind, make in ((module.Client, _blocking), (module.AsyncClient, _awaited)):
        found.append(Patch(kind, "_transport_for_url", partial(_choosing, module, make)))
    found += [Patch(module.AsyncClient, name, _holding) for name in ("aclose", "__aexit__")]
    return found


def _choosing(module: Any, make: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _transport_for_url(client: Any, url: Any) -> Any:
        transport = original(client, url)
        scope = adapters.recording_scope(str(url))
        known = isinstance(transport, _Recording) or mocks.is_mock(transport)
        if scope is None or known:
            return transport
        if not adapters.is_watched(scope, str(url)):
            return transport
        return make(module, transport, client, scope)

    return _transport_for_url


def _holding(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Let a client be closed when the calls have ended that nobody awaits any more."""

    @wraps(original)
    async def close(client: Any, *args: Any) -> Any:
        try:
            await await_left_calls(client)
        finally:
            closed = await original(client, *args)
        return closed

    return close


def _exchange(scope: "Scope", request: Any) -> Exchange | None:
    """Give the exchange for a request whose body has been read."""
    return adapters.exchange_for(
        scope,
        request.method,
        str(request.url),
        request.content,
        content_type=request.headers.get("content-type", ""),
        content_encoding=request.headers.get("content-encoding", ""),
    )


def _headers(response: Any) -> list[tuple[str, str]]:
    return list(response.headers.multi_items())


def _is_genuine(transport: Any, response: Any, module: Any) -> bool:
    """Tell whether an answer came over the network.

    A library that replaces the network below a transport of httpx itself cannot give
    the connection along; of other transports nobody can tell.
    """
    if "network_stream" in response.extensions:
        return True
    sending = ("handle_request", "handle_async_request")
    found = [getattr(type(transport), name, None) for name in sending]
    own = {module.HTTPTransport, module.AsyncHTTPTransport} & set(type(transport).__mro__)
    here = f"{module.__name__}."
    return not own or not any(_module(each).startswith(here) for each in found)


def _module(thing: Any) -> str:
    return str(getattr(thing, "__module__", "") or "")


def _is_unsold(error: BaseException) -> bool:
    """Tell whether a request surely did not reach anybody."""
    return type(error).__name__ in (
        *("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"),
        *("ProxyError", "LocalProtocolError"),
    )


def _replay(module: Any, answer: Answer, stream: Any) -> Any:
    return module.Response(
        answer.status,
        headers=dict(answer.headers),
        stream=stream,
        extensions={"http_version": b"HTTP/1.1", "reason_phrase": b"OK"},
    )


# Blocking


def _blocking(module: Any, transport: Any, client: Any, scope: "Scope") -> Any:
    return _kinds(module).blocking(module, transport, client, scope)


def _awaited(module: Any, transport: Any, client: Any, scope: "Scope") -> Any:
    return _kinds(module).awaited(module, transport, client, scope)


class _Kinds:
    """The classes of ours for one of the two modules."""

    def __init__(self, module: Any) -> None:
        self.blocking = type("RecordingTransport", (_Blocking, module.BaseTransport), {})
        self.awaited = type(
            "AsyncRecordingTransport", (_Awaited, module.AsyncBaseTransport), {}
        )
        self.pieces = type("ReplayedStream", (_Pieces, module.SyncByteStream), {})
        self.async_pieces = type(
            "AsyncReplayedStream", (_AsyncPieces, module.AsyncByteStream), {}
        )
        self.teed = type("RecordedStream", (_Teed, module.SyncByteStream), {})
        self.pumped = type("AsyncRecordedStream", (_Pumped, module.AsyncByteStream), {})


@lru_cache(maxsize=4)
def _kinds(module: Any) -> _Kinds:
    return _Kinds(module)


class _Recording:
    def __init__(self, module: Any, transport: Any, client: Any, scope: "Scope") -> None:
        self.module = module
        self.transport = transport
        self.client = client
        self.scope = scope


class _Blocking(_Recording):
    def handle_request(self, request: Any) -> Any:
        __tracebackhide__ = True
        if not adapters.may_record(self.scope, request.method, str(request.url)):
            return self.transport.handle_request(request)
        request.read()
        exchange = _exchange(self.scope, request)
        if exchange is None:
            return self.transport.handle_request(request)
        answer = exchange.find()
        if answer is not None:
            stream = _kinds(self.module).pieces(answer.pieces())
            return _replay(self.module, answer, stream)
        exchange.open()
        return self._send(request, exchange)

    def _send(self, request: Any, exchange: Exchange) -> Any:
        __tracebackhide__ = True
        try:
            with nesting.inside():
                response = self.transport.handle_request(request)
        except BaseException as error:
            if _is_unsold(error):
                exchange.unsold(None)
            exchange.close()
            raise
        status, read = response.status_code, response.is_closed
        good = exchange.answered(status, _headers(response), decoded=read)
        if not (good and _is_genuine(self.transport, response, self.module)):
            exchange.unsold(status)
        elif read:
            keep_whole(exchange, response.content)
        else:
            inner = response.stream
            tee = Tee(exchange, iter(inner), inner.close)
            response.stream = _kinds(self.module).teed(tee)
        return response


class _Teed:
    """A body that is kept as its reader reads it."""

    def __init__(self, tee: Tee) -> None:
        self.tee = tee

    def __iter__(self) -> Iterator[bytes]:
        return self.tee

    def close(self) -> None:
        self.tee.close()


class _Pieces:
    """A body that was kept."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)

    def close(self) -> None:
        self.pieces = []


# Awaited


class _Awaited(_Recording):
    async def handle_async_request(self, request: Any) -> Any:
        __tracebackhide__ = True
        if not adapters.may_record(self.scope, request.method, str(request.url)):
            return await self.transport.handle_async_request(request)
        await request.aread()
        exchange = _exchange(self.scope, request)
        if exchange is None:
            return await self.transport.handle_async_request(request)
        answer = await exchange.find_async()
        if answer is not None:
            stream = _kinds(self.module).async_pieces(answer.pieces())
            return _replay(self.module, answer, stream)
        await exchange.open_async()
        return await self._answer(request, exchange)

    async def _answer(self, request: Any, exchange: Exchange) -> Any:
        __tracebackhide__ = True
        pump = Pump(exchange, partial(self._send, request), _is_unsold)
        remember(self.client, pump)
        source = await pump.head()
        response = source.response
        if pump.passes:
            return response
        if source.decoded:
            while await pump.next() is not None:
                pass
        else:
            response.stream = _kinds(self.module).pumped(pump)
        return response

    async def _send(self, request: Any) -> Source:
        response = await self.transport.handle_async_request(request)
        stream, read = response.stream, response.is_closed
        if read:
            stream = _kinds(self.module).async_pieces([response.content])
        return Source(
            response=response,
            status=response.status_code,
            headers=_headers(response),
            chunks=aiter(stream),
            close=stream.aclose,
            genuine=_is_genuine(self.transport, response, self.module),
            decoded=read,
        )


class _Pumped:
    """A body that is read by its exchange, and asked for here."""

    def __init__(self, pump: Pump) -> None:
        self.pump = pump

    def __aiter__(self) -> "_Pumped":
        return self

    async def __anext__(self) -> bytes:
        __tracebackhide__ = True
        piece = await self.pump.next()
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        await self.pump.close()

    def __del__(self) -> None:
        self.pump.forget()


class _AsyncPieces:
    """A body that was kept."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = list(reversed(pieces))

    def __aiter__(self) -> "_AsyncPieces":
        return self

    async def __anext__(self) -> bytes:
        if not self.pieces:
            raise StopAsyncIteration
        return self.pieces.pop()

    async def aclose(self) -> None:
        self.pieces.clear()
