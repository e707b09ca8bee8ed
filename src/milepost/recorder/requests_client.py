"""The adapter of requests: what a session sends with is wrapped, whatever that is."""

from collections.abc import Callable, Iterator
from functools import wraps
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from milepost.recorder import adapters, mocks, nesting
from milepost.recorder.answer import Answer
from milepost.recorder.exchange import Exchange
from milepost.recorder.patches import Patch
from milepost.recorder.tee import Tee, keep_whole

if TYPE_CHECKING:
    from milepost.steps.scope import Scope

NAMES: Final = ("requests",)


def patches(module: Any) -> list[Patch]:
    """Give what has to be replaced in requests."""
    return [Patch(module.Session, "get_adapter", _choosing)]


def _choosing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def get_adapter(session: Any, url: Any) -> Any:
        adapter = original(session, url)
        scope = adapters.recording_scope(str(url))
        known = isinstance(adapter, _Recording) or mocks.is_mock(adapter)
        if scope is None or known or not adapters.is_watched(scope, str(url)):
            return adapter
        return _Recording(adapter, scope)

    return get_adapter


class _Recording:
    """Sends what another adapter sends, and keeps the answers of models."""

    def __init__(self, adapter: Any, scope: "Scope") -> None:
        self.adapter = adapter
        self.scope = scope

    def __getattr__(self, name: str) -> Any:
        return getattr(self.adapter, name)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        exchange = self._exchange(request)
        if exchange is None:
            return self.adapter.send(request, *args, **kwargs)
        answer = exchange.find()
        if answer is not None:
            return _replay(request, answer)
        exchange.open()
        return self._send(exchange, request, args, kwargs)

    def _exchange(self, request: Any) -> Exchange | None:
        if not adapters.may_record(self.scope, str(request.method), request.url):
            return None
        return adapters.exchange_for(
            self.scope,
            request.method,
            request.url,
            _body(request),
            content_type=_text(request.headers.get("Content-Type", "")),
            content_encoding=_text(request.headers.get("Content-Encoding", "")),
        )

    def _send(
        self, exchange: Exchange, request: Any, args: tuple[Any, ...], kwargs: Any
    ) -> Any:
        __tracebackhide__ = True
        try:
            with nesting.inside():
                response = self.adapter.send(request, *args, **kwargs)
        except BaseException as error:
            if _is_unsold(error):
                exchange.unsold(None)
            exchange.close()
            raise
        headers = list(response.headers.items())
        if exchange.answered(response.status_code, headers, decoded=True):
            _listen(response, exchange)
        else:
            exchange.unsold(response.status_code)
        return response


def _listen(response: Any, exchange: Exchange) -> None:
    """Keep a body as it is read, in whichever of its ways."""
    raw = response.raw
    if getattr(response, "_content_consumed", False) or not hasattr(raw, "stream"):
        keep_whole(exchange, response.content)
        return
    close = raw.close
    plain = raw.stream

    def stream(amount: Any = 2**16, decode_content: Any = None) -> Iterator[bytes]:
        pieces = iter(plain(amount, decode_content=decode_content))
        return Tee(exchange, pieces, close)

    def closed() -> None:
        close()
        exchange.close()

    raw.stream, raw.close = stream, closed


def _body(request: Any) -> bytes:
    """Read a request's body; what can be read only once is put back."""
    body = request.body
    if body is None or isinstance(body, bytes | str):
        return (body or "").encode("utf-8") if not isinstance(body, bytes) else body
    if hasattr(body, "read"):
        content = body.read()
    else:
        content = b"".join(_bytes(piece) for piece in body)
    content = _bytes(content)
    request.body = BytesIO(content) if hasattr(body, "read") else iter([content])
    return content


def _bytes(piece: Any) -> bytes:
    return piece.encode("utf-8") if isinstance(piece, str) else bytes(piece)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _is_unsold(error: BaseException) -> bool:
    """Tell whether a request surely did not reach anybody."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ConnectTimeout" in names:
        return True
    return "ConnectionError" in names and "NewConnectionError" in repr(error)


class _Content(BytesIO):
    """A body that says when it has been read, as a connection does."""

    def isclosed(self) -> bool:
        """Tell whether nothing is left."""
        return self.closed or self.tell() >= self.getbuffer().nbytes


def _replay(request: Any, answer: Answer) -> Any:
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 - loaded by its user
    from urllib3 import HTTPResponse  # noqa: PLC0415 - loaded by requests

    raw = HTTPResponse(
        body=_Content(answer.content),
        headers=dict(answer.headers),
        status=answer.status,
        reason="OK",
        version=11,
        preload_content=False,
        decode_content=False,
    )
    return HTTPAdapter().build_response(request, raw)
