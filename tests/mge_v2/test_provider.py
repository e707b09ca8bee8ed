"""Which model is asked, and what it costs."""

import pytest

from examples.mge_v2.errors import NoModelError, UnknownModelError
from examples.mge_v2.prices import cost_usd
from examples.mge_v2.provider import Provider


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting has its variable."""
    monkeypatch.setenv("MGE_MODEL_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MGE_MODEL", "claude-haiku-4-5")
    monkeypatch.setenv("MGE_MAX_RETRIES", "2")
    monkeypatch.setenv("MGE_TIMEOUT_SECONDS", "1.5")
    monkeypatch.setenv("MGE_PARALLEL_CALLS", "9")

    assert Provider.from_environment() == Provider(
        base_url="http://127.0.0.1:9",
        model="claude-haiku-4-5",
        max_retries=2,
        timeout_seconds=1.5,
        parallel_calls=9,
    )


def test_no_model_is_said_before_anything_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key and without a stand-in the error names both cures."""
    monkeypatch.delenv("MGE_MODEL_URL", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)

    with pytest.raises(NoModelError, match=r"ANTHROPIC_API_KEY.*MGE_MODEL_URL"):
        Provider.from_environment()


def test_the_real_client_does_not_retry_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own retries are off for the real provider as well."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made up")

    client = Provider().client()

    assert client.max_retries == 0
    assert client.api_key == "made up"


def test_tokens_are_priced_by_the_table() -> None:
    """A million tokens cost what the list says, with or without a date in the name."""
    assert cost_usd("claude-sonnet-5-5", 1_000_000, 1_000_000) == 12.0
    assert cost_usd("claude-haiku-4-5-20251001", 1_000_000, 0) == 1.0
    assert cost_usd("claude-opus-5-5", 1, 1) == 0.000024


def test_a_model_without_a_price_is_refused_first() -> None:
    """An unknown price is an error before the call, never a cost of nothing."""
    with pytest.raises(UnknownModelError, match="claude-next"):
        Provider(model="claude-next")
