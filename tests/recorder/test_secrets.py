"""No secret is written, wherever it was on its way."""

import httpx
import httpx2
import pytest
import requests

from milepost.recorder.discretion import holds_secret
from tests.recorder.clients import CLIENTS, PATH, body
from tests.recorder.serving import Server, chat, chat_delta, event, stream, whole
from tests.recorder.world import World

KEY = "sk-ant-api03-Xy7Q29bTqL5mZr81KdWvEu"  # made up
PASSWORD = "hunter2Hunter2Hunter2"


def test_no_header_and_no_key_in_an_address_is_written(
    server: Server, world: World
) -> None:
    """Keys in headers, cookies, query and user part are in no byte of the journal."""
    headers = {"authorization": f"Bearer {KEY}", "x-api-key": KEY, "cookie": KEY}
    secret = {"set-cookie": f"session={KEY}", "x-organization": "acme-secret-organization"}
    server.reply = lambda _: whole(chat("fine"), **secret)
    address = server.address.replace("http://", f"http://user:{PASSWORD}@") + PATH
    with world.run() as run:
        for module in (httpx, httpx2, requests):
            url = f"{address}?key={KEY}&api-version=1"
            module.post(url, headers=headers, json=body(module.__name__), timeout=20)
    assert len(world.records("call")) == 3
    written = world.bytes() + run.notes.encode()
    for secret_text in (KEY, PASSWORD, "acme-secret"):
        assert secret_text.encode() not in written


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("where", ["request", "answer", "stream", "pieces"])
def test_a_body_with_a_secret_is_passed_and_not_kept(
    client: str, where: str, server: Server, world: World
) -> None:
    """A call whose body holds a secret works, is said once, and is not written."""
    ask, streamed = CLIENTS[client], where in ("stream", "pieces")
    prompt = f"use {KEY} please" if where == "request" else "tell me"
    if where == "answer":
        server.reply = lambda _: whole(chat(f"it is {KEY}"))
    elif streamed:
        words = [KEY] if where == "stream" else [KEY[:9], KEY[9:]]
        deltas = [event(chat_delta({"content": word})) for word in words]
        done = event(chat_delta({}, "stop"))
        server.reply = lambda _: stream(*deltas, done, event("[DONE]"))

    with world.run() as run:
        first = [ask(server.address, prompt, stream=streamed) for _ in range(2)]
    assert len(first) == server.hits == 2
    assert world.records("call") == []
    assert KEY.encode() not in world.bytes()
    assert run.notes.count("it holds a secret") == 1
    assert KEY not in run.notes


def test_a_long_token_with_its_probability_is_no_secret() -> None:
    """A long word among the probabilities of an answer does not look like a secret."""
    word = {"token": "Internationalisierungsbüro", "logprob": -0.1}
    choices = [{"logprobs": {"content": [word]}}]
    assert holds_secret("https://x.test/", {}, {"choices": choices}) is None
    assert holds_secret("https://x.test/", {}, [{"choices": choices}]) is None
    assert holds_secret("https://x.test/", {}, word) == "$.response.token"


def test_a_secret_that_was_admitted_is_kept(server: Server, world: World) -> None:
    """A path that the user admitted may hold what looks like a secret."""
    object.__setattr__(world.settings, "secret_ok", ("$.request.messages",))
    with world.run():
        CLIENTS["httpx"](server.address, f"use {KEY}")
    assert len(world.records("call")) == 1
