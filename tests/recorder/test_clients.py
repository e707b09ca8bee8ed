"""Every client is seen, whatever form the answer has."""

import aiohttp
import httpx
import httpx2
import pytest
import requests

from milepost.steps.context import active
from tests.recorder.clients import CLIENTS
from tests.recorder.serving import RESET, Reply, Request, Server, chat_events, stream
from tests.recorder.world import World

CLIENT = pytest.mark.parametrize("client", CLIENTS)
BROKEN = (
    httpx.TransportError,
    httpx2.TransportError,
    aiohttp.ClientError,
    requests.RequestException,
)
STREAM = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


@CLIENT
@STREAM
def test_an_answer_is_bought_once(
    client: str, streamed: bool, server: Server, world: World
) -> None:
    """What one run bought is given to the next, without a request."""
    ask = CLIENTS[client]
    first, second, run = world.ask_twice(
        lambda: ask(server.address, "hello", stream=streamed)
    )

    assert first == second == "answer 1"
    assert server.hits == 1
    assert (run.bought, run.replayed) == (0, 1)
    assert run.notes == ""


@CLIENT
@STREAM
def test_equal_questions_have_an_answer_each(
    client: str, streamed: bool, server: Server, world: World
) -> None:
    """Five equal questions buy five answers, and get the same five again, in order."""
    ask = CLIENTS[client]
    first, second, run = world.ask_twice(
        lambda: [ask(server.address, "hello", stream=streamed) for _ in range(5)]
    )

    assert first == second == [f"answer {n}" for n in range(1, 6)]
    assert server.hits == 5
    assert run.replayed == 5


def test_two_phases_that_ask_the_same_have_an_answer_each(
    server: Server, world: World
) -> None:
    """The first run is as without milepost; a later attempt is given what is there."""
    ask = CLIENTS["httpx"]
    with world.run(phase="one") as run:
        answers = [ask(server.address, "hello")]
        for attempt in (1, 2):
            with active(run.memory.phase_scope("two", attempt)):
                answers.append(ask(server.address, "hello"))
            run.memory.end_attempt("two")
    with world.run(phase="three"):
        answers.append(ask(server.address, "hello"))

    assert answers == ["answer 1", "answer 2", "answer 2", "answer 1"]
    assert server.hits == 2


@CLIENT
def test_an_error_is_never_kept(client: str, server: Server, world: World) -> None:
    """A 429 passes through as it is, costs nothing, and is asked again."""
    server.reply = lambda _: Reply([b'{"error": "slow"}'], status=429)

    def refused() -> None:
        with pytest.raises(Exception, match="429"):
            CLIENTS[client](server.address, "hello")

    world.ask_twice(refused)
    assert server.hits == 2
    assert [record.body["status"] for record in world.records("unsold")] == [429, 429]
    assert world.records("call") == []


@CLIENT
def test_a_stream_that_is_cut_is_not_kept(
    client: str, server: Server, world: World
) -> None:
    """A stream that ends without its last event passes, is said, and is bought again."""
    server.reply = lambda _: stream(*chat_events("half")[:1])
    with world.run() as run:
        assert CLIENTS[client](server.address, "hello", stream=True) == "half"
    assert "ended without a terminal event" in run.notes
    server.reply = server.numbered

    with world.run():
        assert CLIENTS[client](server.address, "hello", stream=True) == "answer 2"


@CLIENT
@STREAM
def test_a_reset_is_the_callers_to_see(
    client: str, streamed: bool, server: Server, world: World
) -> None:
    """A connection that is reset raises as without milepost, and nothing is kept."""

    def reset(request: Request) -> Reply:
        pieces = chat_events("half")[:1] if streamed else [b'{"half":']
        return Reply([*pieces, RESET], headers={"content-type": "text/event-stream"})

    server.reply = reset
    with world.run() as run, pytest.raises(BROKEN):
        CLIENTS[client](server.address, "hello", stream=streamed)
    assert world.records("call") == []
    assert run.memory.flights.of(None) == []
