"""Which answers are kept, and how they come back."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

from tests.recorder.clients import CLIENTS, PATH, body
from tests.recorder.serving import Reply, Server, chat, chat_events, event, stream, whole
from tests.recorder.world import World

CLIENT = pytest.mark.parametrize("client", CLIENTS)
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@CLIENT
@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_a_compressed_answer_comes_back(
    client: str, packing: str, streamed: bool, server: Server, world: World
) -> None:
    """A body that came compressed is kept as what it holds, and read once more."""
    kind = "text/event-stream" if streamed else "application/json"
    plain = b"".join(chat_events("packed")) if streamed else json.dumps(chat("packed"))
    packed = PACKINGS[packing](plain if isinstance(plain, bytes) else plain.encode())
    pieces: list[Any] = [packed[:20], packed[20:]]
    headers = {"content-type": kind, "content-encoding": packing}
    server.reply = lambda _: Reply(pieces, headers=headers)

    ask = CLIENTS[client]
    first, second, _ = world.ask_twice(
        lambda: ask(server.address, "hello", stream=streamed)
    )
    assert first == second == "packed"
    assert server.hits == 1


@CLIENT
def test_a_refusal_is_never_kept(client: str, server: Server, world: World) -> None:
    """A refusal passes, is said, counts as money wasted, and is asked again."""
    server.reply = lambda _: whole(chat("no", finish_reason="content_filter"))
    first, second, run = world.ask_twice(lambda: CLIENTS[client](server.address, "bad"))
    assert first == second == "no"
    assert server.hits == 2
    assert "content_filter" in run.notes
    assert world.records("call") == []
    assert {r.body["reason"] for r in world.records("cost")} == {"refused"}


REFUSALS = {
    "anthropic": {"type": "message", "stop_reason": "refusal", "content": []},
    "openai": {"choices": [{"message": {"refusal": "I cannot"}, "finish_reason": "stop"}]},
    "responses": {"output": [{"content": [{"type": "refusal", "refusal": "no"}]}]},
    "incomplete": {"incomplete_details": {"reason": "content_filter"}},
    "gemini": {"candidates": [{"finishReason": "SAFETY"}]},
    "prompt": {"promptFeedback": {"blockReason": "OTHER"}},
    "error": {"error": {"message": "overloaded"}},
    "failed": {"object": "response", "status": "failed"},
}


@pytest.mark.parametrize("said", REFUSALS)
def test_refusals_and_errors_of_all_providers_are_known(
    said: str, server: Server, world: World
) -> None:
    """However a provider says that there is no answer, that is not kept as one."""
    server.reply = lambda _: whole(REFUSALS[said])
    with world.run():
        httpx.post(server.address + PATH, json=body("bad"))
    assert world.records("call") == []


@pytest.mark.parametrize(
    "content", [b'{"half": ', b"not json", b"", b'"text"'], ids=["half", "no", "empty", "a"]
)
def test_what_is_no_whole_json_is_never_kept(
    content: bytes, server: Server, world: World
) -> None:
    """A 200 without a whole JSON object is said, and asked again."""
    server.reply = lambda _: Reply([content] if content else [])
    with world.run() as run:
        assert httpx.post(server.address + PATH, json=body("x")).content == content
    assert "is not kept: its body is" in run.notes
    assert world.records("call") == []


ENDINGS = {
    "anthropic": [event({"type": "message_stop"}, "message_stop")],
    "responses": [event({"type": "response.completed", "response": {}})],
    "incomplete": [event({"type": "response.incomplete", "response": {}})],
    "gemini": [event({"candidates": [{"finishReason": "STOP"}]})],
    "chat without [DONE]": [event({"choices": [{"index": 0, "finish_reason": "stop"}]})],
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_last_events_of_all_providers_are_known(
    ending: str, server: Server, world: World
) -> None:
    """A stream is whole with the event with which its provider ends it."""
    server.reply = lambda _: stream(event({"type": "begin"}), *ENDINGS[ending])
    with world.run():
        httpx.post(server.address + PATH, json=body("x", stream=True))
    assert len(world.records("call")) == 1


BROKEN = {
    "failed": [event({"type": "response.failed", "response": {}})],
    "refused": [event({"candidates": [{"finishReason": "SAFETY"}]})],
    "one of two": [
        event({"candidates": [{"index": 0}, {"index": 1}]}),
        event({"candidates": [{"index": 0, "finishReason": "STOP"}]}),
    ],
    "garbled": [event('{"half'), event({"type": "message_stop"}, "message_stop")],
    "no end": [event({"choices": [{"index": 0, "delta": {}}]})],
}


@pytest.mark.parametrize("ending", BROKEN)
def test_a_stream_without_a_good_end_is_not_kept(
    ending: str, server: Server, world: World
) -> None:
    """A stream that failed, was refused, or misses one of its answers is not kept."""
    server.reply = lambda _: stream(*BROKEN[ending])
    with world.run():
        httpx.post(server.address + PATH, json=body("x", stream=True))
    assert world.records("call") == []


@CLIENT
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_a_large_answer_lies_in_a_blob(
    client: str, streamed: bool, server: Server, world: World
) -> None:
    """Over 64 KiB the answer lies beside the journal, and comes back from there."""
    text = "x" * 100_000
    server.reply = lambda _: stream(*chat_events(text)) if streamed else whole(chat(text))
    ask = CLIENTS[client]
    first, second, _ = world.ask_twice(lambda: ask(server.address, "long", stream=streamed))
    assert first == second == text
    assert server.hits == 1
    (record,) = world.records("call")
    assert "blob" in record.body
    assert "response" not in record.body


def test_a_blob_that_is_gone_is_bought_again(server: Server, world: World) -> None:
    """A record whose blob cannot be read is a miss, which is said."""
    server.reply = lambda _: whole(chat("x" * 100_000))
    with world.run():
        CLIENTS["httpx"](server.address, "long")
    (record,) = world.records("call")
    (world.folder / record.body["blob"]).unlink()
    with world.run() as run:
        CLIENTS["httpx"](server.address, "long")
    assert server.hits == 2
    assert "cannot be read" in run.notes


def test_numbers_that_json_does_not_know_come_back(server: Server, world: World) -> None:
    """An answer with NaN is kept as the text that it was."""
    server.reply = lambda _: Reply([b'{"choices": [], "score": NaN}'])
    with world.run():
        first = httpx.post(server.address + PATH, json=body("x"))
    with world.run():
        second = httpx.post(server.address + PATH, json=body("x"))
    assert first.content == second.content
    assert server.hits == 1


def test_half_a_surrogate_pair_comes_back(server: Server, world: World) -> None:
    """A text that JSON can say, and UTF-8 cannot, is kept."""
    server.reply = lambda _: Reply([b'{"choices": [], "text": "\\ud83d"}'])
    with world.run():
        first = httpx.post(server.address + PATH, json=body("x"))
    with world.run():
        second = httpx.post(server.address + PATH, json=body("x"))
    assert first.json() == second.json()
    assert server.hits == 1


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_a_replayed_response_is_a_whole_response(
    module: Any, server: Server, world: World
) -> None:
    """Status, headers, request, elapsed and extensions are there as after a real call."""
    extra = {"request-id": "req_1", "set-cookie": "session=abc", "x-org": "acme"}
    server.reply = lambda _: whole(chat("hi"), **extra)
    with world.run():
        module.post(server.address + PATH, json=body("x"))
    with world.run():
        answer = module.post(server.address + PATH, json=body("x"))
    assert (answer.status_code, answer.reason_phrase) == (200, "OK")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["request-id"] == "req_1"
    assert {"set-cookie", "x-org"} & set(answer.headers) == set()
    assert answer.request.url.path == PATH
    assert answer.http_version == "HTTP/1.1"
    assert answer.elapsed.total_seconds() >= 0
    assert answer.json() == chat("hi")


def test_requests_and_aiohttp_get_a_whole_response_too(
    server: Server, world: World
) -> None:
    """What the other clients' users read of a response is there after a replay."""

    def by_requests() -> tuple[Any, ...]:
        answer = requests.post(server.address + PATH, json=body("x"), timeout=20)
        return answer.status_code, answer.ok, answer.json(), answer.request.method

    async def by_aiohttp() -> tuple[Any, ...]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(server.address + PATH, json=body("y")) as answer,
        ):
            data, method = await answer.json(), answer.request_info.method
            about = answer.status, answer.ok, answer.url.path, str(answer.version)
            return *about, data, method

    first, second, _ = world.ask_twice(lambda: [by_requests(), asyncio.run(by_aiohttp())])
    assert first == second
    assert server.hits == 2
