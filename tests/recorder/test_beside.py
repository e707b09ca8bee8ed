"""Other libraries that stand between a client and the network go on as before."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import requests
import respx
import vcr  # type: ignore[import-untyped]
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_httpx import HTTPXMock

from milepost import recorder
from milepost.steps.context import active
from tests.recorder.clients import CLIENTS, PATH, body
from tests.recorder.serving import Request, Server, chat
from tests.recorder.world import World

MOCKED = "http://127.0.0.1:1" + PATH
WAYS: dict[str, Callable[[], Any]] = {
    "blocking": lambda: httpx.post(MOCKED, json=body("x")).json(),
    "awaited": lambda: asyncio.run(_post()),
}
WAY = pytest.mark.parametrize("way", WAYS)


async def _post() -> Any:
    async with httpx.AsyncClient() as client:
        return (await client.post(MOCKED, json=body("x"))).json()


@WAY
def test_respx_answers_in_every_run(way: str, world: World) -> None:
    """What respx answers is not kept, so that its routes are called in each run."""
    for _ in range(2):
        with world.run() as run, respx.mock() as router:
            route = router.post(MOCKED).respond(json=chat("mocked"))
            assert WAYS[way]() == chat("mocked")
            assert route.call_count == 1
        assert (run.bought, run.replayed) == (0, 0)


@WAY
def test_pytest_httpx_answers_in_every_run(
    way: str, world: World, httpx_mock: HTTPXMock
) -> None:
    """What pytest-httpx answers is not kept, so that its answers are asked for."""
    for _ in range(2):
        httpx_mock.add_response(json=chat("mocked"))
        with world.run() as run:
            assert WAYS[way]() == chat("mocked")
        assert (run.bought, run.replayed) == (0, 0)
    assert len(httpx_mock.get_requests()) == 2


@pytest.mark.parametrize("client", ["httpx", "httpx-async", "httpx2", "requests"])
def test_vcr_records_and_plays(
    client: str, world: World, server: Server, tmp_path: Path
) -> None:
    """A cassette is recorded and played around recorded calls."""
    cassette = str(tmp_path / "cassette.yaml")
    for mode in ("all", "none"):
        with world.run(), vcr.VCR(record_mode=mode).use_cassette(cassette):
            assert CLIENTS[client](server.address, "hello") == "answer 1"
    assert server.hits == 1


@pytest.mark.parametrize("client", ["httpx", "httpx-async"])
def test_opentelemetry_sees_each_call_that_is_made(
    client: str, world: World, server: Server
) -> None:
    """A call that is made has its span, with its parent; a replayed one has none."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    try:
        for _ in range(2):
            with world.run(), provider.get_tracer("test").start_as_current_span("outer"):
                assert CLIENTS[client](server.address, "hello") == "answer 1"
    finally:
        instrumentor.uninstrument()
    inner = [span for span in exporter.get_finished_spans() if span.name != "outer"]
    assert len(inner) == 1
    assert inner[0].parent is not None
    assert server.hits == 1


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_custom_transports_are_recorded(module: Any, server: Server, world: World) -> None:
    """Whatever transport a client was given, its calls are seen."""

    class Counting(module.BaseTransport):  # type: ignore[misc]
        def __init__(self) -> None:
            self.inner = module.HTTPTransport()
            self.calls = 0

        def handle_request(self, request: Any) -> Any:
            self.calls += 1
            return self.inner.handle_request(request)

        def close(self) -> None:
            self.inner.close()

    class Renewed(module.HTTPTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            answer = super().handle_request(request)
            return module.Response(answer.status_code, content=answer.read())

    def ask(kind: Any) -> Any:
        with module.Client(transport=kind()) as client:
            given = body(kind.__name__)
            return client.post(server.address + PATH, json=given).json()

    for kind in (Counting, Renewed):
        first, second, _ = world.ask_twice(partial(ask, kind))
        assert first == second
    assert server.hits == 2


def test_custom_adapters_of_requests_are_recorded(server: Server, world: World) -> None:
    """Whatever adapter a session was given, its calls are seen."""

    class Adapter(requests.adapters.HTTPAdapter):
        def send(self, *args: Any, **kwargs: Any) -> Any:
            return super().send(*args, **kwargs)

    def ask() -> Any:
        with requests.Session() as session:
            session.mount("http://", Adapter())
            return session.post(server.address + PATH, json=body("x"), timeout=9).json()

    first, second, _ = world.ask_twice(ask)
    assert first == second
    assert server.hits == 1


def test_a_call_through_two_clients_is_one_call(server: Server, world: World) -> None:
    """A transport that asks through another client makes one purchase."""

    class Over(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = httpx2.post(
                str(request.url), content=request.content, headers=dict(request.headers)
            )
            return httpx.Response(answer.status_code, content=answer.content)

    def ask() -> Any:
        with httpx.Client(transport=Over()) as client:
            return client.post(server.address + PATH, json=body("x")).json()

    first, second, _ = world.ask_twice(ask)
    assert first == second
    assert server.hits == len(world.records("call")) == 1


def test_the_system_under_test_is_never_replayed(server: Server, world: World) -> None:
    """A POST to the system under test goes out in every run."""

    def reply(request: Request) -> Any:
        return server.numbered(request)

    server.reply = reply
    for client in (httpx, httpx2, requests):
        for _ in range(2):
            with world.run() as run:
                client.post(server.address + "/orders", json=body("x"), timeout=9)
            assert run.notes == ""
    assert server.hits == 6
    assert world.records() == []


def test_without_a_run_nothing_is_touched() -> None:
    """When nobody records any more, the clients are what they were."""
    names = ("_transport_for_url", "aclose", "__aexit__")
    before = [httpx.AsyncClient.__dict__[name] for name in names]
    recorder.start()
    recorder.start()
    recorder.stop()
    assert [httpx.AsyncClient.__dict__[name] for name in names] != before
    recorder.stop()
    assert [httpx.AsyncClient.__dict__[name] for name in names] == before


def test_a_client_without_its_door_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version of a client into which no way is known is named in the report."""
    monkeypatch.delattr(httpx.AsyncClient, "_transport_for_url")
    with world.run():
        pass
    assert world.all_notes[0].startswith(f"calls through httpx {httpx.__version__} may")


def test_threads_record_at_once(server: Server, world: World) -> None:
    """33 calls from eight threads are bought once, whoever asks first."""

    def ask_all() -> list[str]:
        answers: dict[int, str] = {}
        numbers = iter(range(33))
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                answers[number] = CLIENTS["httpx2"](server.address, f"q{number}")

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [answers[number] for number in range(33)]

    first, second, run = world.ask_twice(ask_all)
    assert first == second
    assert server.hits == run.replayed == 33


def test_a_call_that_belongs_nowhere_is_counted_and_made(
    server: Server, world: World
) -> None:
    """With several phases active a bare thread's call is counted, and nothing else is."""

    def ask() -> None:
        httpx.post(server.address + "/orders", json=body("y"))
        CLIENTS["httpx"](server.address, "x")

    with world.run() as run:
        other = run.memory.phase_scope("other", 1)
        with active(other):
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
    assert run.memory.lost_calls == 1
    assert world.records("call") == []
