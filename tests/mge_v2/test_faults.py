"""Every fault of the stand-in, as the real SDK sees it."""

import asyncio
from typing import Any

import anthropic
import httpx2
import pytest

from examples.mge_v2.errors import StreamCutError
from examples.mge_v2.messages import Answer, Prompt, ask
from examples.mge_v2.pipeline import REQUEST
from examples.mge_v2.prompts import discovery_prompt, masterplan_prompt
from examples.mge_v2.provider import Provider
from examples.mge_v2.stand_in import StandIn, StandInError
from tests.mge_v2.run import failure_of

WHOLE = discovery_prompt(REQUEST)
STREAMED = masterplan_prompt(REQUEST, "{}")
BOTH = pytest.mark.parametrize("prompt", [WHOLE, STREAMED], ids=["whole", "streamed"])


async def call_sdk(provider: Provider, prompt: Prompt) -> "anthropic.types.Message":
    """Ask with the SDK alone."""
    arguments: dict[str, Any] = {
        "model": provider.model,
        "max_tokens": prompt.max_tokens,
        "messages": [{"role": "user", "content": prompt.text}],
    }
    async with provider.client() as client:
        if not prompt.streamed:
            message: anthropic.types.Message = await client.messages.create(**arguments)
            return message
        async with client.messages.stream(**arguments) as stream:
            return await stream.get_final_message()


async def call_ours(provider: Provider, prompt: Prompt) -> Answer:
    """Ask as the phases do."""
    async with provider.client() as client:
        return await ask(client, provider.model, prompt)


def causes(error: BaseException | None) -> list[type[BaseException]]:
    """List the types of an error and of what lies beneath it."""
    found = []
    while error is not None:
        found.append(type(error))
        error = error.__cause__ or error.__context__
    return found


@BOTH
def test_a_reset_before_the_body_is_a_connection_error(
    model: StandIn, prompt: Prompt
) -> None:
    """A real TCP reset reaches the SDK, and lies beneath its error."""
    model.fault("reset")

    error = failure_of(call_sdk(model.provider(), prompt))

    assert isinstance(error, anthropic.APIConnectionError)
    assert ConnectionResetError in causes(error)


def test_a_reset_inside_a_body_breaks_the_answer(model: StandIn) -> None:
    """A reset in the middle of a JSON body reaches the SDK as a connection error."""
    model.fault("reset_body")

    error = failure_of(call_sdk(model.provider(), WHOLE))

    assert isinstance(error, anthropic.APIConnectionError)
    assert ConnectionResetError in causes(error)


def test_a_reset_inside_a_stream_comes_out_raw(model: StandIn) -> None:
    """A reset in the middle of a stream is not wrapped by the SDK."""
    model.fault("reset_body")

    error = failure_of(call_sdk(model.provider(), STREAMED))

    assert isinstance(error, httpx2.ReadError)
    assert ConnectionResetError in causes(error)


@BOTH
@pytest.mark.parametrize("kind", ["reset", "reset_body"])
def test_the_pipeline_raises_pythons_own_reset(
    model: StandIn, prompt: Prompt, kind: str
) -> None:
    """Whatever the SDK wraps it in, a reset is a ConnectionResetError with its cause."""
    model.fault(kind)

    error = failure_of(call_ours(model.provider(), prompt))

    assert type(error) is ConnectionResetError
    assert "reset by peer" in str(error)
    assert isinstance(error.__cause__, anthropic.APIConnectionError | httpx2.ReadError)


@BOTH
def test_a_rate_limit_says_when_to_come_back(model: StandIn, prompt: Prompt) -> None:
    """A 429 has the Retry-After header that was ordered."""
    model.fault("rate_limit", retry_after=7)

    error = failure_of(call_ours(model.provider(), prompt))

    assert isinstance(error, anthropic.RateLimitError)
    assert error.response.headers["retry-after"] == "7"


@BOTH
def test_an_overloaded_provider_is_a_529(model: StandIn, prompt: Prompt) -> None:
    """A 529 reaches the SDK with the provider's words."""
    model.fault("overloaded")

    error = failure_of(call_ours(model.provider(), prompt))

    assert isinstance(error, anthropic.APIStatusError)
    assert error.status_code == 529
    assert "Overloaded" in str(error)


@BOTH
def test_a_hanging_call_times_out(model: StandIn, prompt: Prompt) -> None:
    """A call that is never answered ends with the client's own timeout."""
    model.fault("hang")

    error = failure_of(call_ours(model.provider(timeout_seconds=0.3), prompt))

    assert isinstance(error, anthropic.APITimeoutError)
    assert [call["outcome"] for call in model.report()["calls"]] == ["hang"]


def test_a_cut_stream_looks_whole_to_the_sdk_only(model: StandIn) -> None:
    """A stream without its end is a success for the SDK and a failure for the phases."""
    model.fault("truncate", times=2)

    message = asyncio.run(call_sdk(model.provider(), STREAMED))
    error = failure_of(call_ours(model.provider(), STREAMED))

    assert message.stop_reason is None
    assert isinstance(error, StreamCutError)
    assert isinstance(error, ConnectionAbortedError)


def test_a_cut_body_is_a_connection_error(model: StandIn) -> None:
    """A JSON body that is shorter than announced is not taken for an answer."""
    model.fault("truncate")

    error = failure_of(call_ours(model.provider(), WHOLE))

    assert isinstance(error, anthropic.APIConnectionError)
    assert httpx2.RemoteProtocolError in causes(error)


def test_the_sdk_does_not_retry_unless_told(model: StandIn) -> None:
    """Retries belong to whoever runs the phase: one question is one call."""
    model.fault("overloaded")
    failure_of(call_ours(model.provider(), WHOLE))
    alone = model.report()["begun"]

    model.fault("reset")
    asyncio.run(call_ours(model.provider(max_retries=1), WHOLE))

    assert alone == 1
    assert model.report()["begun"] == 3


def test_a_fault_hits_the_calls_that_it_names(model: StandIn) -> None:
    """A fault waits for its call, breaks as many as it was told, and is gone."""
    provider = model.provider()
    model.fault("overloaded", call=2, times=2)

    for broken in (False, True, True, False):
        if broken:
            assert failure_of(call_ours(provider, WHOLE))
        else:
            asyncio.run(call_ours(provider, WHOLE))

    outcomes = [call["outcome"] for call in model.report()["calls"]]
    assert outcomes == ["answered", "overloaded", "overloaded", "answered"]


def test_a_fault_can_wait_for_a_text(model: StandIn) -> None:
    """A fault that names a text leaves other prompts alone."""
    provider = model.provider()
    model.fault("reset", match="Phase: masterplan")

    asyncio.run(call_ours(provider, WHOLE))
    error = failure_of(call_ours(provider, STREAMED))

    assert isinstance(error, ConnectionResetError)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"kind": "earthquake"}, "earthquake"),
        ({"kind": "reset", "times": 0}, "at least 1"),
        ({"kind": "reset", "call": "second"}, "number"),
    ],
    ids=["kind", "times", "call"],
)
def test_a_fault_that_cannot_be_is_refused(
    model: StandIn, order: dict[str, Any], reason: str
) -> None:
    """An order that would never break anything is an error at once."""
    with pytest.raises(StandInError, match=reason):
        model.fault(**order)


def test_only_whole_answers_are_paid(model: StandIn) -> None:
    """What broke costs nothing in the count, what was answered does."""
    provider = model.provider()
    for kind in ("reset", "reset_body", "truncate", "rate_limit"):
        model.fault(kind)
        failure_of(call_ours(provider, WHOLE))
    broken = model.report()
    answer = asyncio.run(call_ours(provider, WHOLE))

    assert (broken["begun"], broken["completed"], broken["cost_usd"]) == (4, 0, 0.0)
    assert model.report()["cost_usd"] == answer.cost_usd > 0
