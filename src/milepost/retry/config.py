"""How often a phase is tried again, and after what waits."""

import inspect
import math
from dataclasses import dataclass
from typing import Final

from milepost import clock
from milepost.errors import InvalidSettingError
from milepost.retry.transient import Selector, is_never_retried_type

_JITTER: Final = 0.1


class InvalidRetryError(InvalidSettingError):
    """A RetryConfig was given a value that it cannot have."""

    def __init__(self, name: str, given: object, allowed: str) -> None:
        super().__init__(f"RetryConfig.{name}", given, allowed)
        self.cure = "Correct it where the RetryConfig is made."


@dataclass(frozen=True)
class RetryConfig:
    """How often a phase is tried again, and after what waits.

    Args:
        max_retries: Attempts after the first one: 3 retries are 4 attempts.
        initial_delay: Seconds before the first retry.
        max_delay: The longest wait, in seconds.
        exponential_base: Each wait is this many times the one before it.
        jitter: Whether each wait is up to 10 % shorter or longer, by chance.
        max_elapsed: Seconds since the first attempt began after which no wait may
            end; None: no limit.
        retry_on: Errors to retry beside the transient ones: types, which count
            anywhere among an error's causes, or a predicate.
        give_up_on: Errors never to retry: types or a predicate. Wins over retry_on.
        max_retry_after: The longest wait, in seconds, that a server may ask for with
            Retry-After; None: max_delay.

    Raises:
        InvalidRetryError: A value is impossible.
    """

    max_retries: int = 3
    initial_delay: float = 1.0
    max_delay: float = 60.0
    exponential_base: float = 2.0
    jitter: bool = True
    max_elapsed: float | None = None
    retry_on: Selector | None = None
    give_up_on: Selector | None = None
    max_retry_after: float | None = None

    def __post_init__(self) -> None:
        if type(self.max_retries) is not int or self.max_retries < 0:
            raise InvalidRetryError(
                "max_retries", self.max_retries, "a whole number from 0"
            )
        for name in ("initial_delay", "max_delay"):
            _check_number(name, getattr(self, name), 0.0)
        for name in ("max_elapsed", "max_retry_after"):
            if getattr(self, name) is not None:
                _check_number(name, getattr(self, name), 0.0)
        _check_number("exponential_base", self.exponential_base, 1.0)
        if not isinstance(self.jitter, bool):
            raise InvalidRetryError("jitter", self.jitter, "True or False")
        _check_selector("retry_on", self.retry_on)
        _check_selector("give_up_on", self.give_up_on)

    def delay(self, retry: int) -> float:
        """Choose the wait before a retry.

        Args:
            retry: Which one: 0 for the first, after the first attempt.

        Returns:
            Seconds, from 0 to max_delay; another number each time if there is jitter.
        """
        try:
            seconds = self.initial_delay * float(self.exponential_base) ** retry
        except OverflowError:
            seconds = math.inf if self.initial_delay else 0.0
        seconds = min(seconds, self.max_delay)
        if self.jitter:
            seconds *= clock.uniform(1 - _JITTER, 1 + _JITTER)
        return min(seconds, self.max_delay)

    @property
    def longest_asked(self) -> float:
        """The longest wait, in seconds, that a server may ask for."""
        return self.max_delay if self.max_retry_after is None else self.max_retry_after


def _check_number(name: str, value: object, least: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRetryError(name, value, f"a number from {least:g}")
    if not least <= value < math.inf:
        raise InvalidRetryError(name, value, f"a finite number from {least:g}")


def _check_selector(name: str, value: object) -> None:
    allowed = "an exception type, a tuple of them, or a plain function of the error"
    if value is None or (callable(value) and not isinstance(value, type)):
        if inspect.iscoroutinefunction(value):
            raise InvalidRetryError(name, value, allowed)
        return
    kinds = value if isinstance(value, tuple) else (value,)
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise InvalidRetryError(name, value, allowed)
        if name == "retry_on" and is_never_retried_type(kind):
            raise InvalidRetryError(
                name, value, f"no {kind.__name__}, which is never retried"
            )
