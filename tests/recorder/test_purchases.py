"""Money: reserved before a call goes out, and written with what was bought."""

import asyncio
import threading

import httpx
import httpx2
import pytest

from milepost.errors import StoreError
from milepost.money.budget import Budget, BudgetError
from milepost.money.ledger import totals
from tests.recorder.clients import CLIENTS, PATH, body
from tests.recorder.serving import RESET, Reply, Server, chat_events, stream
from tests.recorder.world import World

CLIENT = pytest.mark.parametrize("client", CLIENTS)
BOUNDED = body("x") | {"max_tokens": 1000}


@CLIENT
def test_a_call_is_written_with_its_price(
    client: str, server: Server, world: World
) -> None:
    """The record of a purchase says what was used, and what that costs."""
    with world.run():
        CLIENTS[client](server.address, "x")
    (call,), (sent,) = world.records("call"), world.records("sent")
    assert call.body["sent"] == sent.id
    assert call.body["usage"]["total_tokens"] == 15
    assert call.body["cost"]["usd"] == pytest.approx(10 * 2.5e-6 + 5 * 1e-5)
    assert call.path == sent.path == ("ask",)


@CLIENT
def test_a_call_over_the_budget_does_not_go_out(
    client: str, server: Server, world: World
) -> None:
    """Before the call that may go over, and not after it, the budget refuses."""
    world.budget = Budget(0.0001, dearest_usd=0.00005)
    with world.run() as run:
        CLIENTS[client](server.address, "x")
        with pytest.raises(BudgetError):
            CLIENTS[client](server.address, "y")
        assert run.memory.flights.of(None) == []
    assert server.hits == 1
    with world.run():
        assert CLIENTS[client](server.address, "x") == "answer 1"


def test_what_was_reserved_is_settled(server: Server, world: World) -> None:
    """The worst case is reserved while a call is on its way, its price afterwards."""
    gate = threading.Event()
    server.reply = lambda _: stream(gate, *chat_events("x"))
    world.budget = budget = Budget(1.0)
    till = budget._tills[0]
    with world.run():
        thread = threading.Thread(
            target=httpx.post, args=(server.address + PATH,), kwargs={"json": BOUNDED}
        )
        thread.start()
        while not server.hits:
            pass
        assert till.look().reserved > 0.009
        gate.set()
        thread.join()
    assert (till.look().reserved, till.look().unknown) == (0, 1)


@CLIENT
def test_what_costs_nothing_is_released(client: str, server: Server, world: World) -> None:
    """A refused connection, and a 500, cost nothing; a reset may have cost something."""
    world.budget = Budget(1.0)
    ask = CLIENTS[client]
    account = world.budget._tills[0].look
    with world.run():
        with pytest.raises(Exception, match=r"."):
            ask("http://127.0.0.1:1", "nobody")
        server.reply = lambda _: Reply([b"{}"], status=500)
        with pytest.raises(Exception, match="500"):
            ask(server.address, "x")
        assert (account().unknown, account().reserved) == (0, 0)
        server.reply = lambda _: Reply([b'{"half', RESET])
        with pytest.raises((OSError, httpx.HTTPError, httpx2.HTTPError, Exception)):
            ask(server.address, "x")
    assert (account().unknown, account().open) == (1, {})
    assert [record.body["status"] for record in world.records("unsold")] == [None, 500]
    ledger = totals(world.records())
    assert (ledger.test.unknown_calls, ledger.test.calls) == (1, 0)


@CLIENT
def test_a_full_disk_does_not_cost_the_answer(
    client: str, server: Server, world: World
) -> None:
    """Where the answer cannot be written, its caller has it, and that is said."""

    class FullError(StoreError):
        def __init__(self) -> None:
            super().__init__("write", "the journal", OSError(28, "no space left"))

    with world.run() as run:

        def reply(_: object) -> Reply:
            run.host.refused = FullError()
            return stream(*chat_events("x"))

        server.reply = reply
        assert CLIENTS[client](server.address, "x", stream=True) == "x"
        run.host.refused = None
        assert run.memory.flights.of(None) == []
    assert "an answer was not kept, and is bought again" in run.notes
    assert world.records("call") == []


@pytest.mark.parametrize("client", ["httpx", "httpx-async"])
def test_a_call_that_cannot_be_written_down_does_not_go_out(
    client: str, server: Server, world: World
) -> None:
    """Where not even its departure can be written, nothing is spent."""
    with world.run() as run:
        run.host.refused = StoreError("write", "the journal", OSError(28, "full"))
        with pytest.raises(StoreError):
            CLIENTS[client](server.address, "x")
        run.host.refused = None
        assert run.memory.flights.of(None) == []
    assert server.hits == 0


def test_33_calls_at_once_are_bought_once(server: Server, world: World) -> None:
    """33 tasks with two clients buy 33 answers, and get the same ones again."""

    async def ask(client: httpx.AsyncClient | httpx2.AsyncClient, number: int) -> str:
        answer = await client.post(server.address + PATH, json=body(f"q{number}"))
        return str(answer.json()["choices"][0]["message"]["content"])

    async def ask_all() -> list[str]:
        async with httpx.AsyncClient() as one, httpx2.AsyncClient() as other:
            asked = [ask(one if n % 2 else other, n) for n in range(33)]
            return list(await asyncio.gather(*asked))

    first, second, run = world.ask_twice(lambda: asyncio.run(ask_all()))
    assert first == second
    assert len(set(first)) == server.hits == run.replayed == 33
