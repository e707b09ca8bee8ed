"""Usage: the same form for every provider, or nothing where the answer does not say it."""

from typing import Any

import genai_prices.data_snapshot
import pytest

from milepost.money.usage import Usage, read_usage
from tests.money import answers as a

WHOLE = {
    "chat": (a.CHAT_URL, a.CHAT, "openai", "chat"),
    "responses": (a.RESPONSES_URL, a.RESPONSES, "openai", "responses"),
    "messages": (a.MESSAGES_URL, a.MESSAGE, "anthropic", "default"),
    "gemini": (a.GEMINI_URL, a.GEMINI, "google", "default"),
    "embeddings": (a.EMBEDDINGS_URL, a.EMBEDDING, "openai", "embeddings"),
}
STREAMS = {
    "chat": a.chat_chunks(with_usage=True),
    "responses": a.response_events(),
    "messages": a.message_events(),
    "gemini": a.gemini_chunks(),
}


def read(url: str, answer: Any, request: Any = None) -> Usage:
    """Read a usage that is there."""
    found = read_usage(url, request or {}, answer)
    assert found is not None
    return found


@pytest.mark.parametrize("form", WHOLE)
def test_it_counts_as_the_price_list_does(form: str) -> None:
    """Every unit that has a price is read as the price list's own reader reads it."""
    url, answer, provider, flavor = WHOLE[form]
    snapshot = genai_prices.data_snapshot.get_snapshot()
    expected = snapshot.extract_usage(answer, provider_id=provider, api_flavor=flavor)
    counted = {unit: n for unit, n in vars(expected.usage).items() if n}

    found = read(url, answer)

    assert found.units == counted
    assert (found.provider, found.model) == (
        provider,
        answer.get("model") or answer["modelVersion"],
    )


@pytest.mark.parametrize("form", STREAMS)
def test_a_stream_counts_as_its_whole_answer(form: str) -> None:
    """Being streamed changes nothing of what a call used."""
    url, answer, *_ = WHOLE[form]
    streamed, whole = read(url, STREAMS[form]), read(url, answer)
    assert (streamed.units, streamed.model) == (whole.units, whole.model)
    named = [{"event": e.get("type"), "data": e} for e in STREAMS[form]]
    assert read(url, named).units == whole.units


def test_a_stream_without_usage_is_unknown() -> None:
    """A stream of chunks that was not asked for its usage is unknown, never zero."""
    assert read_usage(a.CHAT_URL, {}, a.chat_chunks(with_usage=False)) is None


@pytest.mark.parametrize(
    "answer",
    [None, "text", 3, [], {}, {"usage": None}, {"usage": []}, {"usage": {"a": 1}}, [[1]]],
    ids=repr,
)
def test_what_says_nothing_is_unknown(answer: Any) -> None:
    """An answer of an unknown form has no usage."""
    assert read_usage(a.CHAT_URL, {}, answer) is None


def test_counts_that_are_none_do_not_count() -> None:
    """Texts, negative numbers and truth values among the counts are left out."""
    usage = {"prompt_tokens": "9", "completion_tokens": -1, "total_tokens": True}
    assert read(a.CHAT_URL, {"usage": usage, "model": "m"}).units == {}


@pytest.mark.parametrize(
    ("url", "provider", "model"),
    [
        ("http://127.0.0.1:8000/v1/chat/completions", "", "asked"),
        ("https://api.groq.com/openai/v1/chat/completions", "groq", "asked"),
        (
            "https://mine.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=1",
            "azure",
            "asked",
        ),
        ("https://not-openrouter.ai/api/v1/chat/completions", "", "asked"),
        ("https://openrouter.ai/api/v1/chat/completions", "openrouter", "asked"),
        ("https://[broken/v1/chat/completions", "", "asked"),
    ],
)
def test_the_seller_is_known_by_the_host(url: str, provider: str, model: str) -> None:
    """The address says who sells, and the request which model where the answer does not."""
    answer = {"usage": a.CHAT["usage"]}
    found = read(url, answer, {"model": "asked"})
    assert (found.provider, found.model) == (provider, model)


@pytest.mark.parametrize(
    ("url", "model"),
    [
        (a.GEMINI_URL, "gemini-2.5-flash"),
        ("https://x.openai.azure.com/openai/deployments/gpt-4o/chat/completions", "gpt-4o"),
        (
            "https://bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.claude-v1%3A0/invoke",
            "anthropic.claude-v1:0",
        ),
    ],
)
def test_an_address_can_name_the_model(url: str, model: str) -> None:
    """The model stands in the address where neither body names it."""
    answer = {"usage": a.CHAT["usage"]}
    assert read(url, answer).model == model


def test_counting_tokens_is_free() -> None:
    """A call that only counts tokens used none."""
    found = read(f"{a.MESSAGES_URL}/count_tokens", {"input_tokens": 12})
    assert found.total_tokens == 0


def test_it_is_plain_data_in_a_record() -> None:
    """A record holds provider, model, the main counts, their sum and what else there is."""
    assert read(a.MESSAGES_URL, a.MESSAGE).to_dict() == {
        "provider": "anthropic",
        "model": "claude-sonnet-4-5-20250929",
        "input_tokens": 4595,
        "output_tokens": 503,
        "cache_read_tokens": 700,
        "cache_write_tokens": 1800,
        "total_tokens": 5098,
        "tier": "standard",
        "details": {"cache_write_5m_tokens": 1000, "cache_write_1h_tokens": 800},
    }
