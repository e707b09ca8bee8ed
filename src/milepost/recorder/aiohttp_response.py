"""An aiohttp response made by hand: fed by an exchange, or from the journal.

It is of the session's own class and leans on parts of it that are not public;
``is_usable`` tries them out.
"""

import inspect
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

from milepost.recorder.pump import Pump

_LIMIT: Final = 2**18
_PROBE: Final = b'{"probe": [1, 2, 3]}'


class _Writer:
    """What a response asks about a request that was sent."""

    output_size = 0


class _Protocol:
    """What a stream of bytes tells to slow down, or to go on."""

    connected = True
    upgraded = False
    _reading_paused = False  # asked by aiohttp before 3.13

    def pause_reading(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: nothing is read ahead."""

    def resume_reading(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: what is wanted is read."""


class _Connection:
    """What a response holds while its body is on its way."""

    protocol = None
    transport = None

    def __init__(self, pump: Pump) -> None:
        self.pump = pump
        self.callbacks: list[Callable[[], object]] = []

    def add_callback(self, callback: Callable[[], object]) -> None:
        self.callbacks.append(callback)

    def release(self) -> None:
        self._end()

    def close(self) -> None:
        self._end()

    def _end(self) -> None:
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            callback()
        self.pump.let_go()


@lru_cache(maxsize=1)
def _content_class() -> Any:
    """Make the class of bodies that ask their pump for what they miss."""
    from aiohttp import StreamReader  # noqa: PLC0415 - loaded by its user

    class Content(StreamReader):  # type: ignore[misc, unused-ignore]
        pump: Pump

        async def _wait(self, func_name: str) -> None:  # noqa: ARG002 - as it is called
            __tracebackhide__ = True
            try:
                piece = await self.pump.next()
            except Exception as error:
                self.set_exception(error)
                raise
            if piece is None:
                self.feed_eof()
            else:
                self.feed_data(piece)

        async def wait_eof(self) -> None:
            while not self.is_eof():
                await self._wait("wait_eof")

    return Content


def live(request: Any, given: Any, pump: Pump) -> Any:
    """Make the response to a call on its way.

    Args:
        request: aiohttp's request.
        given: The response that came.
        pump: Moves its body.
    """
    content = _content_class()(_Protocol(), _LIMIT, loop=request.loop)
    content.pump = pump
    response = _empty(request, content)
    for name in ("version", "status", "reason", "_headers", "_raw_headers"):
        setattr(response, name, getattr(given, name))
    if hasattr(given, "_raw_cookie_headers"):
        response._raw_cookie_headers = given._raw_cookie_headers
    else:
        response.cookies = given.cookies
    response._connection = _Connection(pump)
    content.on_eof(response._response_eof)
    return response


def replayed(
    request: Any, status: int, headers: Iterable[tuple[str, str]], pieces: Iterable[bytes]
) -> Any:
    """Make the response from an answer that was kept.

    Args:
        request: aiohttp's request.
        status: The HTTP status.
        headers: Its headers.
        pieces: Its body.
    """
    from aiohttp import HttpVersion11, StreamReader  # noqa: PLC0415 - loaded by its user
    from multidict import CIMultiDict, CIMultiDictProxy  # noqa: PLC0415 - the same

    content = StreamReader(_Protocol(), _LIMIT, loop=request.loop)  # type: ignore[arg-type]
    response: Any = _empty(request, content)
    given = [(name, value) for name, value in headers]
    response.version, response.status, response.reason = HttpVersion11, status, "OK"
    response._headers = CIMultiDictProxy(CIMultiDict(given))
    response._raw_headers = tuple((n.encode(), v.encode()) for n, v in given)
    for piece in pieces:
        content.feed_data(piece)
    content.feed_eof()
    return response


def _empty(request: Any, content: Any) -> Any:
    kind = request.response_class
    given: dict[str, Any] = {
        "writer": None,
        "continue100": None,
        "timer": None,
        "request_info": request.request_info,
        "traces": getattr(request, "_traces", []),
        "loop": request.loop,
        "session": getattr(request, "_session", None),
        "stream_writer": _Writer(),
    }
    accepted = inspect.signature(kind.__init__).parameters
    known = {name: value for name, value in given.items() if name in accepted}
    response = kind(request.method, request.original_url, **known)
    response.content = content
    response._closed = False
    return response


_tried: dict[Any, bool] = {}


async def is_usable(request: Any) -> bool:
    """Tell whether responses can be made by hand; tried once for each class of them.

    Args:
        request: aiohttp's request, not sent.
    """
    kind = getattr(request, "response_class", None)
    if kind not in _tried:
        try:
            _tried[kind] = await _try(request)
        except Exception:  # noqa: BLE001 - whatever is missing, it is not usable
            _tried[kind] = False
    return _tried[kind]


async def _try(request: Any) -> bool:
    headers = [("content-type", "application/json")]
    response = replayed(request, 200, headers, (_PROBE[:8], _PROBE[8:]))
    whole = await response.json() == {"probe": [1, 2, 3]} and response.ok
    response.release()
    pieces = replayed(request, 200, headers, (_PROBE[:8], _PROBE[8:]))
    read = b"".join([piece async for piece in pieces.content.iter_any()])
    pieces.close()
    return bool(whole and read == _PROBE and hasattr(_content_class(), "_wait"))
