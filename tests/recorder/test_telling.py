"""What is said to people: misses, hosts outside the journal, retries of an SDK."""

import asyncio
import json
import socket
import urllib.request
from typing import Any

import httpx
import pytest

from milepost.recorder import audit, seen
from milepost.recorder.stacked import sdk_retries
from tests.recorder.clients import CLIENTS, PATH, body
from tests.recorder.serving import Server
from tests.recorder.world import World

DIFFERENCES = {
    "a timestamp": ("Now: 2026-11-23T07:41:12", "Now: 2026-11-23T09:02:55"),
    "a UUID": (
        "run 8c2f1a52-5a5e-4c53-9d53-6c1f7a5b9f10",
        "run 1f6b2d70-0d9c-4f5d-8a16-2b7f0e6c4d21",
    ),
    "a temporary path": (
        "in /tmp/pytest-of-me/pytest-3/x",
        "in /tmp/pytest-of-me/pytest-4/x",
    ),
    "an object's address": ("<Tool at 0x7f1a2b3c4d50>", "<Tool at 0x7f9f8e7d6c50>"),
}


@pytest.mark.parametrize("kind", DIFFERENCES)
def test_a_miss_is_explained(kind: str, server: Server, world: World) -> None:
    """A prompt that is another one in each run is said, with its place, and its kind."""
    old, new = DIFFERENCES[kind]
    ask = CLIENTS["httpx"]
    with world.run():
        ask(server.address, "equal")
        ask(server.address, f"{'text ' * 300}{old} and more")
    with world.run() as run:
        ask(server.address, "equal")
        ask(server.address, f"{'text ' * 300}{new} and more")
    (line,) = run.host.notes
    assert "$.messages[0].content character 15" in line
    assert f"it looks like {kind}" in line
    at = next(n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    assert old[at : at + 4] in line
    assert new[at : at + 4] in line
    assert "milepost_record_ignore" in line


def test_a_first_run_and_a_longer_run_explain_nothing(server: Server, world: World) -> None:
    """Where nothing is left that could have been meant, nothing is said."""
    ask = CLIENTS["httpx"]
    with world.run() as first:
        ask(server.address, "one")
        ask(server.address, "two")
    with world.run() as second:
        for prompt in ("one", "two", "three"):
            ask(server.address, prompt)
    assert first.notes == second.notes == ""


def test_few_misses_are_explained(server: Server, world: World) -> None:
    """A hundred misses have three lines, not a hundred."""
    ask = CLIENTS["httpx"]

    def ask_eight(second: int) -> int:
        with world.run() as run:
            for number in range(8):
                ask(server.address, f"{number} at 2026-11-23T07:41:1{second}")
        return len(run.host.notes)

    assert [ask_eight(second) for second in range(2)] == [0, 3]


def test_what_is_asked_for_later_is_no_explanation(server: Server, world: World) -> None:
    """A new question before the kept ones were asked for differs from none of them."""
    ask = CLIENTS["httpx"]
    with world.run():
        ask(server.address, "file 1")
        ask(server.address, "file 2")
    with world.run() as run:
        for prompt in ("file 3", "file 2", "file 1"):
            ask(server.address, prompt)
    assert (run.notes, run.bought, run.replayed) == ("", 1, 2)


def test_what_another_phase_has_is_no_explanation(server: Server, world: World) -> None:
    """The calls of a phase that was restored explain nothing in another one."""
    ask = CLIENTS["httpx"]
    with world.run(phase="first"):
        ask(server.address, "at 07:41:12")
    with world.run(phase="second") as run:
        ask(server.address, "at 09:02:55")
    assert run.notes == ""


def test_an_unknown_path_of_a_provider_is_said(world: World) -> None:
    """A POST to a provider that is not remembered is said once, a free one never."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
    with world.run() as run, httpx.Client(transport=transport) as client:
        for _ in range(2):
            client.post("https://api.openai.com/v1/videos?key=AIzaSy", json={})
        client.post("https://api.openai.com/v1/files", json={})
        client.post("https://example.org/v1/videos", json={})
        client.get("https://api.openai.com/v1/videos")
    (line,) = run.host.notes
    assert line.startswith("a POST to https://api.openai.com/v1/videos is not remembered")


def test_what_is_ignored_is_no_miss(server: Server, world: World) -> None:
    """A pattern that names what keeps changing makes the call the same call."""
    world.ignore = (r"at \S+",)
    for time in ("07:41:12", "09:02:55"):
        with world.run() as run:
            assert CLIENTS["httpx"](server.address, f"say at {time}") == "answer 1"
        assert (run.notes, server.hits) == ("", 1)


def test_a_host_outside_the_journal_is_said(server: Server, world: World) -> None:
    """A named host that is asked without a client that is seen is said once."""
    host, port = server.address.removeprefix("http://").split(":")
    world.hosts = (f"{host}:{port}",)
    with world.run() as run:
        for _ in range(2):
            given = json.dumps(body("x")).encode()
            with urllib.request.urlopen(server.address + PATH, given):
                pass
    (line,) = run.host.notes
    assert f"phase 'ask' contacted {host}:{port} outside the journal" in line


def test_a_local_host_that_nobody_named_is_said_in_short(
    server: Server, world: World
) -> None:
    """A model on this machine that is asked past the clients is named once."""
    with world.run() as run:
        for _ in range(2):
            given = json.dumps(body("x")).encode()
            with urllib.request.urlopen(server.address + PATH, given):
                pass
    (line,) = run.host.notes
    place = server.address.removeprefix("http://")
    assert f"contacted {place} outside the journal. If a model is asked there" in line


def test_a_host_that_a_client_asks_is_not_said(server: Server, world: World) -> None:
    """A named host that is asked through a client that is seen is not said."""
    world.hosts = (server.address,)
    with world.run() as run:
        for ask in CLIENTS.values():
            ask(server.address, "x")
    assert run.notes == ""


@pytest.mark.parametrize(
    ("host", "port", "is_said"),
    [
        ("generativelanguage.googleapis.com", 443, True),
        ("api.openai.com", 443, True),
        ("my.openai.azure.com", 443, True),
        ("unknown.example.org", 443, True),
        ("smtp.example.org", 25, False),
        ("postgres", 5432, False),
        ("db.internal", 443, False),
        ("127.0.0.1", 80, False),
        ("localhost", 443, False),
        ("10.1.2.3", 443, False),
        ("named.internal", 9000, True),
    ],
)
def test_what_is_worth_saying(host: str, port: int, is_said: bool) -> None:
    """Providers, named hosts and unknown public hosts are said; local ones are not."""
    assert audit.is_worth_saying(host, port, ("https://named.internal:9000/x",)) is is_said


def test_names_that_are_looked_up_are_seen(world: World) -> None:
    """A look-up of a provider's name in a recording run is enough to be said."""
    with world.run() as run:
        with pytest.raises(OSError, match=r"."):
            socket.getaddrinfo("no-such-host.openai.com", 443, family=12345)
        seen.add("https://seen.openai.com/")
        with pytest.raises(OSError, match=r"."):
            socket.getaddrinfo("seen.openai.com", 443, family=12345)
    (line,) = run.host.notes
    assert "no-such-host.openai.com, where models are asked, outside" in line


class _Client:
    def __init__(self, retries: int) -> None:
        self.max_retries = retries

    def call(self) -> int:
        return sdk_retries()


def _as_sdk(name: str, retries: int) -> int:
    """Call through a frame of a module of that name."""
    names: dict[str, Any] = {"__name__": f"{name}._base_client", "Client": _Client}
    exec("def run(self): return self.call()", names)
    found: int = names["run"](_Client(retries))
    return found


def test_the_retries_of_an_sdk_are_seen() -> None:
    """The SDK's own setting is found in the frames that lead to its call."""
    assert _as_sdk("openai", 2) == 2
    assert _as_sdk("anthropic", 7) == 7
    assert _as_sdk("somebody_else", 7) == 0
    assert sdk_retries() == 0


def test_an_offline_run_asks_nobody(server: Server, world: World) -> None:
    """With --milepost=offline a call that is not kept is an error, and not made."""
    with world.run() as run:
        run.host.is_offline = True
        with pytest.raises(Exception, match="this run is offline"):
            httpx.post(server.address + PATH, json=body("x"))

        async def ask() -> None:
            async with httpx.AsyncClient() as client:
                await client.post(server.address + PATH, json=body("x"))

        with pytest.raises(Exception, match="this run is offline"):
            asyncio.run(ask())
        assert run.memory.flights.of(None) == []
    assert server.hits == 0
