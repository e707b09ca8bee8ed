"""A refusal of the budget stops the run, whatever an SDK makes of it."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from milepost.errors import DeadlineError
from milepost.money.budget import Budget, BudgetError
from milepost.retry import RetryConfig, call
from milepost.retry.transient import is_transient, what_stops


def refusal() -> BudgetError:
    """Give what the budget raises."""
    with pytest.raises(BudgetError) as refused:
        Budget(0.01).reserve(1.0)
    return refused.value


class Refusing(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Stands where recorded calls go out, and counts how often the SDK tried."""

    def __init__(self) -> None:
        self.budget = Budget(0.01)
        self.asked = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        self.budget.reserve(1.0)
        raise AssertionError("it was let out")

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        await self.budget.reserve_async(1.0)
        raise AssertionError("it was let out")


MESSAGES: list[Any] = [{"role": "user", "content": "hi"}]


def _anthropic(transport: Refusing) -> None:
    import anthropic

    client = anthropic.Anthropic(
        api_key="k", max_retries=1, http_client=httpx2.Client(transport=transport)
    )
    client.messages.create(model="claude", max_tokens=9, messages=MESSAGES)


def _openai(transport: Refusing) -> None:
    import openai

    client = openai.OpenAI(
        api_key="k", max_retries=1, http_client=httpx2.Client(transport=transport)
    )
    client.chat.completions.create(model="gpt-4.1", messages=MESSAGES)


def _openai_async(transport: Refusing) -> None:
    import openai

    client = openai.AsyncOpenAI(
        api_key="k", max_retries=1, http_client=httpx2.AsyncClient(transport=transport)
    )
    asyncio.run(client.chat.completions.create(model="gpt-4.1", messages=MESSAGES))


@pytest.mark.parametrize("buy", [_anthropic, _openai, _openai_async])
def test_an_sdk_cannot_hide_it(buy: Callable[[Refusing], None]) -> None:
    """Whatever comes out after the SDK's own retries, no phase tries it again."""
    transport = Refusing()
    retry = RetryConfig(max_retries=3, initial_delay=0.0, max_delay=0.0)
    with pytest.raises(Exception, match=r"budget|Connection error") as raised:
        call("buying", lambda: buy(transport), retry)
    assert isinstance(what_stops(raised.value), BudgetError)
    assert transport.asked <= 2  # as often as the SDK itself tries


def _caused(error: BaseException) -> BaseException:
    wrapped = ConnectionError("connection lost")
    wrapped.__cause__ = error
    return wrapped


def _unsaid(error: BaseException) -> BaseException:
    wrapped = ConnectionError("connection lost")
    wrapped.__context__ = error
    wrapped.__suppress_context__ = True
    return wrapped


def _grouped(error: BaseException) -> BaseException:
    return BaseExceptionGroup("all", [ConnectionResetError(104, "reset"), _unsaid(error)])


@pytest.mark.parametrize("hide", [_caused, _unsaid, _grouped])
def test_it_wins_wherever_it_is_hidden(hide: Callable[[BaseException], Any]) -> None:
    """As a cause, as a context that nobody names, in a group: it is never retried."""
    for error in (refusal(), DeadlineError("p", "late")):
        assert what_stops(hide(error)) is error
        assert not is_transient(hide(error), retry_on=Exception)


def test_other_errors_of_ours_do_not_stop_it() -> None:
    """What was handled on the way to another error does not decide about that one."""
    handled = ConnectionError("lost")
    handled.__context__ = ValueError("handled")
    assert what_stops(handled) is None
    assert is_transient(handled)
