"""What is particular to aiohttp: a response made by hand."""

import asyncio
import gzip
import inspect
import threading
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from milepost.recorder import aiohttp_client, aiohttp_response
from tests.recorder.clients import CLIENTS, PATH, body
from tests.recorder.serving import Reply, Server, chat_events, stream
from tests.recorder.world import World


def test_an_aiohttp_that_gives_no_way_is_left_alone(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a response cannot be made by hand, calls pass, and that is said once."""

    def broken(*_: object) -> Any:
        raise TypeError

    for module in (aiohttp_response, aiohttp_client):
        monkeypatch.setattr(module, "replayed", broken)
    monkeypatch.setattr(aiohttp_response, "_tried", {})
    with world.run() as run:
        for number in (1, 2):
            assert CLIENTS["aiohttp"](server.address, "x") == f"answer {number}"
    assert run.notes.count("calls through aiohttp are not remembered") == 1
    assert world.records("call") == []


def test_an_aiohttp_without_middlewares_is_left_alone(world: World) -> None:
    """A version that knows no middlewares is called as it is, and that is said."""

    class Session:
        async def _request(self, method: str, str_or_url: str) -> str:
            return f"{method} {str_or_url}"

    ask = aiohttp_client._requesting(Session._request)
    with world.run() as run:
        asked = asyncio.run(ask(Session(), "POST", f"http://x.test{PATH}"))
    assert asked == f"POST http://x.test{PATH}"
    assert "calls through aiohttp are not remembered" in run.notes


def test_the_signature_stays(world: World) -> None:
    """Clients read from the signature which options aiohttp has."""
    before = inspect.signature(aiohttp.ClientSession._request)
    with world.run():
        assert inspect.signature(aiohttp.ClientSession._request) == before


async def _joined(pieces: AsyncIterable[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def _tuples(answer: aiohttp.ClientResponse) -> bytes:
    return b"".join([piece async for piece, _ in answer.content.iter_chunks()])


async def _exactly(answer: aiohttp.ClientResponse) -> bytes:
    return await answer.content.readexactly(9) + await answer.content.read()


async def _text(answer: aiohttp.ClientResponse) -> bytes:
    return (await answer.text()).encode()


WAYS: dict[str, Callable[[aiohttp.ClientResponse], Awaitable[bytes]]] = {
    "lines": lambda answer: _joined(answer.content),
    "chunks": lambda answer: _joined(answer.content.iter_any()),
    "sized": lambda answer: _joined(answer.content.iter_chunked(7)),
    "tuples": _tuples,
    "exactly": _exactly,
    "read": lambda answer: answer.read(),
    "text": _text,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_body_can_be_read_in_every_way(way: str, server: Server, world: World) -> None:
    """Live and replayed, all ways of reading give the same bytes."""
    events = chat_events("one", "two", "three")
    server.reply = lambda _: stream(*events)

    async def ask() -> bytes:
        async with (
            aiohttp.ClientSession() as session,
            session.post(server.address + PATH, json=body("x", stream=True)) as answer,
        ):
            return await WAYS[way](answer)

    first, second, _ = world.ask_twice(lambda: asyncio.run(ask()))
    assert first == second == b"".join(events)
    assert server.hits == 1


def test_cookies_and_the_total_timeout_go_on_working(server: Server, world: World) -> None:
    """Cookies of a live answer reach the jar; a total timeout ends a body that hangs."""

    async def ask() -> list[str]:
        timeout = aiohttp.ClientTimeout(total=0.3)
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=jar) as session:
            given = body("x", stream=True)
            async with session.post(server.address + PATH, json=given) as answer:
                assert await answer.content.readany() == chat_events("first")[0]
                with pytest.raises(TimeoutError):
                    await answer.read()
            return [cookie.key for cookie in jar]

    held = threading.Event()
    reply = stream(chat_events("first")[0], held)
    reply.headers = {**reply.headers, "set-cookie": "session=1"}
    server.reply = lambda _: reply
    with world.run() as run:
        assert asyncio.run(ask()) == ["session"]
        assert run.memory.flights.of(None) == []
    held.set()
    assert world.records("call") == []


def test_the_session_may_give_bodies_as_they_came(server: Server, world: World) -> None:
    """A session that leaves the encoding on gets it live, and the plain body replayed."""
    packed = gzip.compress(b'{"choices": []}')
    server.reply = lambda _: Reply([packed], headers={"content-encoding": "gzip"})

    async def ask() -> bytes:
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.post(server.address + PATH, json=body("x")) as answer,
        ):
            return await answer.read()

    first, second, _ = world.ask_twice(lambda: asyncio.run(ask()))
    assert (first, second) == (packed, b'{"choices": []}')
    assert server.hits == 1
