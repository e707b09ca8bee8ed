"""A real SDK of a model provider is carried over real faults of a server."""

import asyncio

import anthropic
import pytest

from milepost.retry import PhaseRetryHandler
from tests.unit.flaky import (
    SEED,
    failure,
    replace_clock,
)
from tests.unit.loopback import RESET, answer, serving


@pytest.fixture
def time(monkeypatch):
    """Replace milepost's clock for the length of a test."""
    return replace_clock(monkeypatch)


def _client(url, kind=anthropic.Anthropic):
    return kind(api_key="test", base_url=url, max_retries=0, timeout=5.0)


MESSAGE = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
ASKING = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "?"}]}
FAULTS = (RESET, answer(429, {}, {"retry-after": "11"}), answer(529), answer(200, MESSAGE))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_a_real_sdk_is_carried_over_real_faults(time):
    """A reset, a 429 with Retry-After and a 529 are waited out as each asks for."""
    with serving(*FAULTS) as url, _client(url) as client:
        message = PhaseRetryHandler(SEED).execute_with_retry(
            "code_generation", client.messages.create, **ASKING
        )
    assert message.content[0].text == "hello"
    assert time.waits == [5.0, 11.0, 20.0]


def test_a_real_async_sdk_is_carried_over_real_faults(time):
    """The same for the async client, whose attempts are awaited."""

    async def main(url):
        async with _client(url, anthropic.AsyncAnthropic) as client:
            return await PhaseRetryHandler(SEED).execute_with_retry(
                "code_generation", client.messages.create, **ASKING
            )

    with serving(*FAULTS) as url:
        message = asyncio.run(main(url))
    assert message.content[0].text == "hello"
    assert time.waits == [5.0, 11.0, 20.0]


def test_a_real_authentication_error_is_not_retried(time):
    """A wrong key costs one request."""
    with serving(answer(401)) as url, _client(url) as client:
        error = failure(
            PhaseRetryHandler(SEED).execute_with_retry,
            "p",
            client.messages.create,
            **ASKING,
        )
    assert isinstance(error, anthropic.AuthenticationError)
    assert time.waits == []
