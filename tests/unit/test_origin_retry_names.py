"""The names that the original's retry module has, at its place, doing what they say."""

import asyncio
import builtins
import importlib
import inspect

import pytest

from milepost import clock
from milepost.retry import PhaseRetryHandler
from tests.e2e import retry_handler
from tests.e2e.retry_handler import (
    RETRYABLE_EXCEPTIONS,
    RetryConfig,
    calculate_backoff_delay,
    execute_phase_with_retry,
    phase_with_retry,
    retry_with_backoff,
)

SEED = RetryConfig(3, 5.0, 120.0, 2.0, jitter=False)
ERRORS = ["ConnectionError", "TimeoutError", "RateLimitError", "TransientAPIError"]


@pytest.fixture
def waits(monkeypatch):
    """Replace the waits by a list of them."""
    asked = []

    async def async_sleep(seconds):
        asked.append(float(seconds))

    monkeypatch.setattr(clock, "sleep", lambda seconds: asked.append(float(seconds)))
    monkeypatch.setattr(clock, "async_sleep", async_sleep)
    return asked


def failing(*errors):
    """Make a function that raises each error in turn, then returns its arguments."""
    left = list(errors)

    def phase(*args, **kwargs):
        """Do the phase's work."""
        if left:
            raise left.pop(0)
        return args, kwargs

    return phase


def later(phase):
    """Make a coroutine function of a plain one."""

    async def phase_later(*args, **kwargs):
        await asyncio.sleep(0)
        return phase(*args, **kwargs)

    return phase_later


def test_the_seeds_import_lines_work():
    """The module is found from the root and, inside its package, relatively."""
    from tests.e2e.retry_handler import PhaseRetryHandler as Found

    assert Found is PhaseRetryHandler
    assert importlib.import_module(".retry_handler", "tests.e2e") is retry_handler
    assert retry_handler.__package__ == "tests.e2e"
    assert all(hasattr(retry_handler, name) for name in retry_handler.__all__)


def test_the_handler_is_made_as_the_original_client_makes_it():
    """By keyword, its numbers read back through .config."""
    config = RetryConfig(
        max_retries=3,
        initial_delay=5.0,
        max_delay=120.0,
        exponential_base=2.0,
        jitter=True,
    )
    handler = retry_handler.PhaseRetryHandler(config=config)
    read = handler.config
    assert (read.max_retries, read.initial_delay, read.exponential_base) == (3, 5.0, 2.0)


def test_delays_count_from_attempt_0():
    """The first attempt that failed has number 0, and the cap holds."""
    found = [calculate_backoff_delay(attempt, SEED) for attempt in range(6)]
    assert found == [5.0, 10.0, 20.0, 40.0, 80.0, 120.0]


def test_the_delays_jitter_is_ten_percent():
    """With jitter a delay is within 10 % of its middle."""
    found = {calculate_backoff_delay(0, RetryConfig(3, 5.0)) for _ in range(50)}
    assert len(found) > 1
    assert all(4.5 <= delay <= 5.5 for delay in found)


def test_a_phase_is_executed_with_its_arguments(waits):
    """Positional arguments follow the config; keyword arguments are the function's."""
    phase = failing(ConnectionResetError())
    assert execute_phase_with_retry("p", phase, SEED, 1, key=2) == ((1,), {"key": 2})
    assert waits == [5.0]
    assert execute_phase_with_retry("p", failing()) == ((), {})


def test_a_coroutine_function_is_executed_and_awaited(waits):
    """The original gave such a function's coroutine out as a success."""
    waiting = execute_phase_with_retry("p", later(failing(TimeoutError())), SEED, 1)
    assert asyncio.run(waiting) == ((1,), {})
    assert waits == [5.0]


@pytest.mark.parametrize(
    "decorate",
    [phase_with_retry("p", SEED), retry_with_backoff(SEED)],
    ids=["phase_with_retry", "retry_with_backoff"],
)
def test_a_decorated_function_is_retried_each_time(waits, decorate):
    """Plain or async, it stays what it was, and every call has its own attempts."""
    plain = decorate(failing(*[ConnectionResetError()] * 2))
    waiting = decorate(later(failing(*[ConnectionResetError()] * 2)))

    assert plain.__doc__ == "Do the phase's work."
    assert not inspect.iscoroutinefunction(plain)
    assert inspect.iscoroutinefunction(waiting)
    assert plain(1, key=2) == asyncio.run(waiting(1, key=2)) == ((1,), {"key": 2})
    assert waits == [5.0, 10.0] * 2
    assert plain() == ((), {})


def test_a_decorator_without_a_config_has_the_originals_defaults(waits):
    """retry_with_backoff() waits from 1 s on, phase_with_retry() from 5 s on."""
    for decorate, least, most in (
        (retry_with_backoff(), 0.9, 1.1),
        (phase_with_retry("p"), 4.5, 5.5),
    ):
        waits.clear()
        decorate(failing(ConnectionResetError()))()
        assert len(waits) == 1
        assert least <= waits[0] <= most


def test_the_note_names_the_decorated_function(waits):
    """Where no phase is named the function's own name stands for it."""
    with pytest.raises(ConnectionResetError) as failure:
        retry_with_backoff(SEED)(failing(*[ConnectionResetError()] * 9))()
    assert "phase 'phase' failed after 4 attempts" in failure.value.__notes__[0]


def test_retryable_exceptions_are_the_only_ones(waits):
    """A choice of types leaves the transient errors out; the config's own no counts."""
    decorate = retry_with_backoff(SEED, (KeyError, LookupError))
    assert decorate(failing(KeyError()))() == ((), {})
    assert waits == [5.0]
    with pytest.raises(ConnectionResetError):
        decorate(failing(ConnectionResetError()))()
    assert waits == [5.0]

    for gives_up in (IndexError, lambda error: isinstance(error, IndexError)):
        config = RetryConfig(3, 5.0, jitter=False, give_up_on=gives_up)
        waits.clear()
        assert retry_with_backoff(config, (LookupError,))(failing(KeyError()))() == ((), {})
        with pytest.raises(IndexError):
            retry_with_backoff(config, (LookupError,))(failing(IndexError()))()
        assert waits == [5.0]


@pytest.mark.parametrize("name", ["RetryableError", *ERRORS])
def test_the_originals_errors_are_retried(waits, name):
    """An error of one of these classes asks for another attempt, and gets it."""
    kind = getattr(retry_handler, name)
    assert issubclass(kind, retry_handler.RetryableError)
    assert execute_phase_with_retry("p", failing(kind("again")), SEED) == ((), {})
    assert waits == [5.0]


def test_two_of_the_originals_errors_are_not_the_builtin_ones():
    """They shadow the names of builtin errors without being them."""
    for name in ("ConnectionError", "TimeoutError"):
        assert getattr(retry_handler, name) is not getattr(builtins, name)


def test_retryable_exceptions_map_builtin_errors_to_the_originals():
    """Each is a builtin error that is transient, and names the class it stands for."""
    assert RETRYABLE_EXCEPTIONS[ConnectionResetError] is retry_handler.ConnectionError
    assert RETRYABLE_EXCEPTIONS[TimeoutError] is retry_handler.TimeoutError
    for kind, origin in RETRYABLE_EXCEPTIONS.items():
        assert kind.__module__ == "builtins"
        assert issubclass(origin, retry_handler.RetryableError)
