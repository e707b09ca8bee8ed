"""What the log says of a retried phase."""

import logging

import pytest

from milepost import RetryConfig
from milepost.retry import call

KEY = "sk-ant-api03-" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5kL7nP9rS1uV3xY5zA7cE9"


def test_a_secret_in_an_error_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The log of a retried error shows no key that the error's text holds."""

    def refuse() -> None:
        raise ConnectionResetError(f"the gateway refused {KEY}")

    config = RetryConfig(max_retries=1, initial_delay=0.0)
    with caplog.at_level(logging.WARNING), pytest.raises(ConnectionResetError):
        call("ask", refuse, config)

    assert "the gateway refused ***" in caplog.text
    assert KEY not in caplog.text
