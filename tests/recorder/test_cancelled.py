"""Who is cancelled does not take along what was paid for; who closes early stops it."""

import asyncio
import gc
import threading
import time
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import trio

from milepost import clock
from tests.recorder.clients import PATH, body
from tests.recorder.serving import (
    PIECE,
    Reply,
    Request,
    Server,
    chat,
    chat_events,
    event,
    stream,
    whole,
)
from tests.recorder.world import World

LIBRARY = pytest.mark.parametrize("library", ["httpx", "httpx2", "aiohttp"])


class FirstFailedError(Exception):
    """What breaks the group of tasks."""


def open_client(library: str) -> Any:
    """Give a client to be entered."""
    if library == "aiohttp":
        return aiohttp.ClientSession()
    return {"httpx": httpx, "httpx2": httpx2}[library].AsyncClient(verify=False)


async def ask(client: Any, address: str, prompt: str, *, streamed: bool = False) -> bytes:
    """Ask, and read the whole answer."""
    given = body(prompt, stream=streamed)
    if isinstance(client, aiohttp.ClientSession):
        async with client.post(address + PATH, json=given) as answer:
            return await answer.read()
    answer = await client.post(address + PATH, json=given)
    return bytes(answer.content)


def gated(server: Server, gate: threading.Event, *, streamed: bool) -> None:
    """Let every answer begin at once, and end when the gate opens."""

    def reply(request: Request) -> Reply:
        if not streamed:
            answer = whole(chat(request.prompt))
            return Reply([gate, *answer.pieces])
        first, *rest = chat_events(request.prompt, "end")
        pieces: list[PIECE] = [first, gate, *rest]
        return stream(*pieces)

    server.reply = reply


async def until(server: Server, hits: int) -> None:
    """Wait until so many requests are on their way."""
    sleep = trio.sleep if clock.runs_trio() else asyncio.sleep
    for _ in range(2000):
        if server.hits >= hits:
            break
        await sleep(0.005)
    await sleep(0.05)  # what the answers begin with is on its way back


async def ask_many(client: Any, server: Server, *, streamed: bool) -> list[bytes]:
    """Ask eight questions at once."""
    asked = [ask(client, server.address, f"q{n}", streamed=streamed) for n in range(8)]
    return list(await asyncio.gather(*asked))


async def fail_beside(
    client: Any, server: Server, gate: threading.Event, *, streamed: bool
) -> None:
    """Ask eight questions, and fail while all answers are on their way."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ask_many(client, server, streamed=streamed))
        await until(server, 8)
        threading.Timer(0.1, gate.set).start()
        raise FirstFailedError


@LIBRARY
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "open"])
@pytest.mark.filterwarnings("ignore")
def test_siblings_of_a_failure_are_kept(
    library: str, streamed: bool, is_closed: bool, server: Server, world: World
) -> None:
    """Eight calls are on their way when a task beside them fails: all eight are kept."""
    gate = threading.Event()
    gated(server, gate, streamed=streamed)

    async def fail() -> None:
        client = open_client(library)
        stack = AsyncExitStack()
        if is_closed:
            await stack.enter_async_context(client)
        async with stack:
            await fail_beside(client, server, gate, streamed=streamed)

    with world.run() as run, pytest.raises(ExceptionGroup):
        asyncio.run(fail())
    gc.collect()
    assert run.bought == len(world.records("call")) == 8

    async def again() -> list[bytes]:
        async with open_client(library) as client:
            return await ask_many(client, server, streamed=streamed)

    with world.run():
        answers = asyncio.run(again())
    assert [f"q{n}".encode() in answer for n, answer in enumerate(answers)] == [True] * 8
    assert server.hits == 8


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_trio_keeps_them_too(module: Any, server: Server, world: World) -> None:
    """Under trio, too, calls go on when their nursery is cancelled."""
    gate = threading.Event()
    gated(server, gate, streamed=False)

    async def main() -> None:
        async with (
            module.AsyncClient(verify=False) as client,
            trio.open_nursery() as nursery,
        ):
            for number in range(4):
                nursery.start_soon(ask, client, server.address, f"q{number}")
            await until(server, 4)
            threading.Timer(0.1, gate.set).start()
            nursery.cancel_scope.cancel()

    with world.run():
        trio.run(main)
    assert len(world.records("call")) == 4

    async def again() -> None:
        async with module.AsyncClient(verify=False) as client:
            for number in range(4):
                await ask(client, server.address, f"q{number}")

    with world.run():
        trio.run(again)
    assert server.hits == 4


@LIBRARY
def test_a_timeout_of_the_asker_does_not_waste_the_answer(
    library: str, server: Server, world: World
) -> None:
    """Asking again after a timeout waits for the answer that is on its way."""
    gate = threading.Event()
    gated(server, gate, streamed=False)

    async def main() -> bytes:
        async with open_client(library) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await ask(client, server.address, "slow")
            threading.Timer(0.1, gate.set).start()
            return await ask(client, server.address, "slow")

    with world.run() as run:
        assert b"slow" in asyncio.run(main())
    assert server.hits == 1
    assert (run.bought, run.replayed) == (1, 0) or run.replayed == 1


@LIBRARY
def test_closing_early_stops_the_call(library: str, server: Server, world: World) -> None:
    """Who closes a stream before its end does not pay for the rest, and keeps nothing."""
    gate = threading.Event()
    ended = threading.Event()
    first, *_ = chat_events("first")

    def reply(request: Request) -> Reply:
        return stream(first, gate, *[event("x" * 60_000)] * 200)

    server.reply = reply
    given = body("long", stream=True)

    async def main() -> None:
        async with open_client(library) as client:
            if library == "aiohttp":
                async with client.post(server.address + PATH, json=given) as answer:
                    assert await answer.content.readany() == first
            else:
                async with client.stream(
                    "POST", server.address + PATH, json=given
                ) as answer:
                    assert await anext(answer.aiter_raw()) == first
        ended.set()

    with world.run() as run:
        asyncio.run(main())
        assert ended.is_set()
        assert run.memory.flights.of(None) == []
    gate.set()
    assert world.records("call") == []
    assert server.sent == 0


@LIBRARY
@pytest.mark.filterwarnings("ignore")
def test_a_stream_that_nobody_closes_holds_nobody_up(
    library: str, server: Server, world: World
) -> None:
    """A stream that is neither read on nor closed does not keep the loop from ending."""
    gate = threading.Event()
    server.reply = lambda _: stream(chat_events("first")[0], gate)
    given = body("long", stream=True)
    held = []

    async def main() -> None:
        client = open_client(library)
        held.append(client)
        if library == "aiohttp":
            answer = await client.post(server.address + PATH, json=given)
            await answer.content.readany()
        else:
            request = client.build_request("POST", server.address + PATH, json=given)
            answer = await client.send(request, stream=True)
            await anext(answer.aiter_raw())
        held.append(answer)

    with world.run() as run:
        began = time.monotonic()
        asyncio.run(main())
        assert time.monotonic() - began < 3
        assert run.memory.flights.of(None) == []
    gate.set()
    held.clear()
    gc.collect()
