"""What ``@pytest.mark.milepost(...)`` takes, and what it means."""

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from milepost.errors import InvalidSettingError
from milepost.retry.config import RetryConfig
from milepost.settings import Settings, check_patterns
from milepost.steps.memory import Recording


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(_is_text(each) for each in value)


def _are_patterns(value: object) -> bool:
    if not (isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)):
        return False
    try:
        check_patterns("", value)
    except InvalidSettingError:
        return False
    return True


def _is_retry(value: object) -> bool:
    return isinstance(value, RetryConfig) or (type(value) is int and value >= 0)


def is_amount(value: object) -> bool:
    """Tell whether a value is an amount of money."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= cast("float", value) < math.inf


# Argument of the marker -> whether a value fits, and what does.
_VALUES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "id": (_is_text, "a text"),
    "test_name": (_is_text, "a text"),
    "user_request": (lambda value: isinstance(value, str), "a text"),
    "retry": (_is_retry, "a number of retries from 0, or a RetryConfig"),
    "keep": (lambda value: value in ("failed", "all"), "'failed' or 'all'"),
    "remember": (_are_texts, "a list of the names of fixtures"),
    "record": (lambda value: isinstance(value, bool), "True or False"),
    "record_ignore": (_are_patterns, "a list of regular expressions"),
    "max_cost_usd": (is_amount, "a number of dollars from 0"),
}


class _MarkerError(InvalidSettingError):
    """The marker was given what it cannot have."""

    def __init__(self, argument: str, given: object, allowed: str) -> None:
        super().__init__(f"@pytest.mark.milepost{argument}", given, allowed)
        self.cure = "Correct it where the test is marked."


def check_marker(
    marker: Mapping[str, Any], unnamed: tuple[object, ...]
) -> InvalidSettingError | None:
    """Find an argument of the marker that cannot be; None if there is none.

    Args:
        marker: Its arguments.
        unnamed: Those without a name; there are none to give.
    """
    unknown = [argument for argument in marker if argument not in _VALUES]
    if unknown or unnamed:
        allowed = ", ".join(f"{argument}=" for argument in _VALUES)
        return _MarkerError("", ", ".join(unknown) or unnamed, allowed)
    for argument, value in marker.items():
        fits, allowed = _VALUES[argument]
        if not fits(value):
            return _MarkerError(f"({argument}=)", value, allowed)
    return None


def retry_of(marker: Mapping[str, Any], settings: Settings) -> RetryConfig:
    """Give the retry policy of a test: the marker's, else the configured one."""
    given = marker.get("retry")
    if isinstance(given, RetryConfig):
        return given
    retries = settings.retry if given is None else given
    return RetryConfig(max_retries=retries, initial_delay=5.0, max_delay=120.0)


def recording_of(marker: Mapping[str, Any], settings: Settings) -> Recording:
    """Tell what is recorded of a test's calls: as its marker says, else as configured."""
    return Recording(
        record=bool(marker.get("record", settings.record)),
        hosts=settings.record_hosts,
        ignore=(*settings.record_ignore, *marker.get("record_ignore", ())),
    )
