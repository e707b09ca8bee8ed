"""The stand-in itself: its answers, its count, its life."""

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import anthropic
import pytest

from examples.mge_v2.messages import ask
from examples.mge_v2.pipeline import REQUEST
from examples.mge_v2.prompts import discovery_prompt
from examples.mge_v2.provider import Provider
from examples.mge_v2.stand_in import StandIn, available_model, running_stand_in
from tests.mge_v2.run import failure_of

ROOT = Path(__file__).parents[2]


async def question(provider: Provider, request: str = REQUEST) -> str:
    """Ask for a domain model and return what was said."""
    async with provider.client() as client:
        return (await ask(client, provider.model, discovery_prompt(request))).text


async def question_about(provider: Provider, text: str, max_tokens: int = 100) -> Any:
    """Ask anything, and return the SDK's message."""
    async with provider.client() as client:
        return await client.messages.create(
            model=provider.model,
            max_tokens=max_tokens,
            messages=[{"role": "user", "content": text}],
        )


def test_the_answer_depends_on_the_prompt_alone(model: StandIn) -> None:
    """The same prompt gets the same answer, another request another one."""
    provider = model.provider()
    first, second = (asyncio.run(question(provider)) for _ in range(2))
    other = asyncio.run(question(provider, f"Urgent. {REQUEST}"))

    keys = [call["key"] for call in model.report()["calls"]]
    assert first == second != other
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "Phase: discovery\n\nRequest:\nA shop for bicycles",
        "Phase: code_generation\nTarget file: app/payments.py",
        "Phase: code_generation\nTarget file: ../answers.py",
    ],
    ids=["question", "other-project", "other-file", "outside"],
)
def test_what_it_does_not_know_it_refuses(model: StandIn, text: str) -> None:
    """The stand-in is no model: a prompt without a stored answer is a 400."""
    error = failure_of(question_about(model.provider(), text))

    assert isinstance(error, anthropic.BadRequestError)
    assert model.report()["calls"][0]["outcome"] == "refused"


def test_an_answer_is_cut_at_its_longest(model: StandIn) -> None:
    """max_tokens is honoured, and the reason for stopping says so."""
    text = discovery_prompt(REQUEST).text

    message = asyncio.run(question_about(model.provider(), text, max_tokens=10))

    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 10


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, "{}", 401),
        ({"x-api-key": "old SDKs"}, "no JSON", 400),
        ({"x-api-key": "old SDKs"}, '{"model": "m"}', 400),
        ({"x-api-key": "old SDKs"}, "[]", 400),
    ],
    ids=["no-key", "no-json", "no-messages", "no-object"],
)
def test_a_request_that_is_none_is_refused_as_the_api_does(
    model: StandIn, headers: dict[str, str], body: str, status: int
) -> None:
    """Errors have the API's shape, and are not counted as calls."""
    request = urllib.request.Request(f"{model.url}/v1/messages", body.encode(), headers)

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
    with refused.value as answer:
        content = json.loads(answer.read())

    assert answer.code == status
    assert content["type"] == "error"
    assert content["error"]["message"]
    assert model.report()["begun"] == 0


def test_the_count_survives_a_restart(tmp_path: Path) -> None:
    """With a state file a later stand-in counts on, until it is told to forget."""
    state = tmp_path / "calls.jsonl"
    with running_stand_in(state=state) as first:
        first.fault("overloaded")
        failure_of(question(first.provider()))
        asyncio.run(question(first.provider()))
        before = first.report()
    with running_stand_in(state=state) as second:
        after = second.report()
        asyncio.run(question(second.provider()))
        numbers = [call["number"] for call in second.report()["calls"]]
        second.reset()
        forgotten = second.report()["begun"]

    assert after == before
    assert (before["begun"], before["completed"]) == (2, 1)
    assert numbers == [1, 2, 3]
    assert forgotten == 0
    assert not state.exists()


def test_it_takes_the_time_that_it_is_told() -> None:
    """A latency makes every answer last at least that long, streamed or not."""
    with running_stand_in(latency=0.2) as slow:
        started = time.monotonic()
        asyncio.run(question(slow.provider()))

        assert time.monotonic() - started >= 0.2


def test_a_call_can_be_waited_for(model: StandIn) -> None:
    """Waiting ends when the call arrives, and says so when it does not."""
    asyncio.run(question(model.provider()))

    assert model.wait_for_call(1, timeout=10.0)
    assert not model.wait_for_call(2, timeout=0.05)


def test_it_writes_its_port_where_it_is_told(tmp_path: Path) -> None:
    """Whoever cannot read its output finds the port in a file."""
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "examples.mge_v2.model_server", "--port", "0"]
    command += ["--port-file", str(port_file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        said = json.loads(child.stdout.readline())
        written = int(port_file.read_text(encoding="utf-8"))
        served = StandIn(f"http://127.0.0.1:{written}").report()
        child.terminate()

    assert said == {"port": written}
    assert served["begun"] == 0
    assert child.returncode == 0


# Starts a stand-in, says where it is, and waits to be killed.
PARENT = """
import sys, threading
from examples.mge_v2.stand_in import running_stand_in
with running_stand_in() as stand_in:
    print(stand_in.url, flush=True)
    threading.Event().wait()
"""


def test_it_ends_with_a_parent_that_is_killed() -> None:
    """SIGKILL for the process that started it ends the stand-in too."""
    command = [sys.executable, "-c", PARENT]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        orphan = StandIn(parent.stdout.readline().strip())
        alive = orphan.report()["begun"]
        parent.kill()

    assert alive == 0
    assert _is_gone(orphan, patience=30.0)


def _is_gone(stand_in: StandIn, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            stand_in.wait_for_call(1, timeout=0.2)
        except OSError:
            return True
    return False


def test_a_shared_stand_in_is_used(model: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several runs can ask one stand-in, and a key does not change that."""
    monkeypatch.setenv("MGE_MODEL_URL", model.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not used")

    with available_model() as provider:
        asyncio.run(question(provider))

    assert provider.base_url == model.url
    assert model.report()["completed"] == 1


def test_a_key_means_the_real_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key and without a stand-in's address the real provider is asked."""
    monkeypatch.delenv("MGE_MODEL_URL", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made up")

    with available_model() as provider:
        assert provider.base_url is None


def test_without_anything_a_stand_in_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs a key: a stand-in runs as long as the block does."""
    monkeypatch.delenv("MGE_MODEL_URL", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)

    with available_model() as provider:
        asyncio.run(question(provider))

    assert provider.base_url is not None
    with pytest.raises(OSError, match="refused"):
        StandIn(provider.base_url).report()
