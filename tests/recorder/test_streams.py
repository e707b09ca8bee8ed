"""Streams pass as they come, and are kept before their reader has the last event."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest
import requests

from tests.recorder.clients import PATH, body
from tests.recorder.serving import (
    PIECE,
    Reply,
    Server,
    chat_delta,
    chat_events,
    event,
    stream,
)
from tests.recorder.world import World

MESSAGE = [
    event({"type": "message_start", "message": {"model": "claude"}}, "message_start"),
    event({"type": "content_block_delta", "delta": {"text": "hi"}}, "content_block_delta"),
]
STOPPED = event(
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, "message_delta"
)
STOP = event({"type": "message_stop"}, "message_stop")


def pieces(module: Any, server: Server) -> Iterator[bytes]:
    """Give the pieces of a streamed answer as they come."""
    given = body("hello", stream=True)
    if module is requests:
        with requests.post(server.address + PATH, json=given, stream=True) as answer:
            yield from answer.iter_content(None)
    else:
        with (
            module.Client() as client,
            client.stream("POST", server.address + PATH, json=given) as answer,
        ):
            yield from answer.iter_raw()


MODULE = pytest.mark.parametrize(
    "module", [httpx, httpx2, requests], ids=["httpx", "httpx2", "requests"]
)


@MODULE
def test_the_first_token_is_not_held_back(
    module: Any, server: Server, world: World
) -> None:
    """The first event is there while the server holds the rest of the answer back."""
    gate = threading.Event()
    first, *rest = chat_events("first", "last")
    server.reply = lambda _: stream(first, gate, *rest)
    with world.run():
        found = pieces(module, server)
        assert next(found) == first
        assert not gate.is_set()
        gate.set()
        assert b"[DONE]" in b"".join(found)


@MODULE
def test_it_is_kept_before_the_last_event_is_seen(
    module: Any, server: Server, world: World
) -> None:
    """Whoever reads [DONE] may be killed at once, and has the answer in the next run."""
    gate = threading.Event()
    server.reply = lambda _: stream(*chat_events("all"), gate)
    with world.run():
        found = pieces(module, server)
        for piece in found:
            if b"[DONE]" in piece:
                break
        assert len(world.records("call")) == 1
        assert not gate.is_set()
        gate.set()
        found.close()  # type: ignore[attr-defined]
    with world.run():
        assert b"".join(pieces(module, server)) == b"".join(chat_events("all"))
    assert server.hits == 1


@pytest.mark.parametrize("ending", ["closed", "left"])
def test_a_reader_that_stops_at_the_last_word_keeps_it(
    ending: str, server: Server, world: World
) -> None:
    """A reader that stops at message_delta, in a piece with half of what follows, too."""
    gate = threading.Event()
    replied: list[PIECE] = [*MESSAGE, STOPPED + STOP[:9], gate, STOP[9:]]
    server.reply = lambda _: stream(*replied)
    client = httpx2.Client()
    with world.run():
        given = {"model": "claude", "stream": True}
        request = client.build_request("POST", server.address + "/v1/messages", json=given)
        answer = client.send(request, stream=True)
        found = answer.iter_raw()
        while b"stop_reason" not in next(found):
            pass
        if ending == "closed":
            answer.close()
            assert len(world.records("call")) == 1
    assert len(world.records("call")) == 1
    gate.set()
    client.close()


def test_an_error_inside_a_stream_is_never_kept(server: Server, world: World) -> None:
    """A stream that says that it failed is not kept, though it has its last event."""
    failed = event({"type": "error", "error": {"type": "overloaded"}}, "error")
    server.reply = lambda _: stream(*MESSAGE, failed, STOPPED, STOP)
    with world.run() as run:
        b"".join(pieces(httpx2, server))
    assert world.records("call") == []
    assert "its stream failed" in run.notes


def test_a_stream_is_replayed_event_by_event(server: Server, world: World) -> None:
    """A replayed stream comes in the pieces in which its events were."""
    events = chat_events("one", "two", "three")
    server.reply = lambda _: Reply(
        [b"".join(events)], headers={"content-type": "text/event-stream"}
    )
    with world.run():
        b"".join(pieces(httpx, server))
    with world.run():
        assert list(pieces(httpx, server)) == events


def test_usage_behind_the_last_word_is_kept(server: Server, world: World) -> None:
    """What a stream says of its usage, after the answer is complete, is in the record."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
    ending = [event(chat_delta({}, "stop")), event({"choices": [], "usage": usage})]
    server.reply = lambda _: stream(*chat_events("hi")[:1], *ending, event("[DONE]"))
    with world.run():
        b"".join(pieces(httpx, server))
    (record,) = world.records("call")
    assert record.body["usage"]["total_tokens"] == 1500
