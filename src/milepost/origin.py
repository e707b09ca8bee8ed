"""The other public names of the original system's retry module.

Its suites import them beside RetryConfig and PhaseRetryHandler; new code has no need
of them.
"""

import builtins
import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar, cast

from milepost.retry import PhaseRetryHandler, RetryConfig
from milepost.retry.transient import Selector

P = ParamSpec("P")
T = TypeVar("T")


class RetryableError(Exception):
    """An error that asks for another attempt; milepost counts it as transient."""


class ConnectionError(RetryableError):  # noqa: A001 - the original's public name
    """A connection could not be made, or broke."""


class TimeoutError(RetryableError):  # noqa: A001 - the original's public name
    """An answer did not come in time."""


class RateLimitError(RetryableError):
    """A server asks for fewer requests."""


class TransientAPIError(RetryableError):
    """A server failed, with a status from 500 on."""


RETRYABLE_EXCEPTIONS: Final[dict[type[Exception], type[RetryableError]]] = {
    builtins.ConnectionResetError: ConnectionError,
    builtins.ConnectionAbortedError: ConnectionError,
    builtins.ConnectionRefusedError: ConnectionError,
    builtins.BrokenPipeError: ConnectionError,
    builtins.TimeoutError: TimeoutError,
}


def calculate_backoff_delay(attempt: int, config: RetryConfig) -> float:
    """Choose the wait after a failed attempt.

    Args:
        attempt: Which attempt failed: 0 for the first.
        config: The delays.

    Returns:
        Seconds.
    """
    return config.delay(attempt)


def retry_with_backoff(
    config: RetryConfig | None = None,
    retryable_exceptions: tuple[type[Exception], ...] | None = None,
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a function, plain or async, so that each call of it is retried.

    Args:
        config: How often and after what waits.
        retryable_exceptions: The only types to retry; None: what is transient.

    Returns:
        The decorator.
    """
    chosen = config or RetryConfig()
    if retryable_exceptions is not None:
        chosen = _only(retryable_exceptions, chosen)

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        name = getattr(function, "__name__", type(function).__name__)
        return _retried(name, function, chosen)

    return decorate


def execute_phase_with_retry(
    phase_name: str,
    phase_func: Callable[..., T],
    retry_config: RetryConfig | None = None,
    *args: Any,
    **kwargs: Any,
) -> T:
    """Run a phase, and again while what it raises is transient.

    Args:
        phase_name: The phase, for the log and the note.
        phase_func: The phase's function, plain or a coroutine function.
        retry_config: How often and after what waits; None: as PhaseRetryHandler().
        *args: The function's arguments.
        **kwargs: Its keyword arguments.

    Returns:
        What the function returns; for a coroutine function a coroutine.
    """
    __tracebackhide__ = True
    handler = PhaseRetryHandler(retry_config)
    return handler.execute_with_retry(phase_name, phase_func, *args, **kwargs)


def phase_with_retry(
    phase_name: str, config: RetryConfig | None = None
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a phase's function, plain or async, so that each call is retried.

    Args:
        phase_name: The phase, for the log and the note.
        config: How often and after what waits; None: as PhaseRetryHandler().

    Returns:
        The decorator.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        return _retried(phase_name, function, config)

    return decorate


def _only(types: tuple[type[Exception], ...], config: RetryConfig) -> RetryConfig:
    before = config.give_up_on

    def gives_up(error: Exception) -> bool:
        return not isinstance(error, types) or _selected(before, error)

    return replace(config, retry_on=types, give_up_on=gives_up)


def _selected(selector: Selector | None, error: Exception) -> bool:
    if isinstance(selector, type | tuple):
        return isinstance(error, selector)
    return selector is not None and bool(selector(error))


def _retried(
    phase_name: str, function: Callable[P, T], config: RetryConfig | None
) -> Callable[P, T]:
    handler = PhaseRetryHandler(config)

    @wraps(function)
    def plain(*args: P.args, **kwargs: P.kwargs) -> T:
        __tracebackhide__ = True
        return handler.execute_with_retry(phase_name, function, *args, **kwargs)

    @wraps(function)
    async def waiting(*args: P.args, **kwargs: P.kwargs) -> Any:
        __tracebackhide__ = True
        return await cast("Any", plain(*args, **kwargs))

    # Whoever looks whether the function is a coroutine function must still see one.
    is_async = inspect.iscoroutinefunction(function)
    return cast("Callable[P, T]", waiting) if is_async else plain
