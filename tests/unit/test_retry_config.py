"""How often a phase is tried again, and after what waits."""

import math
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost import clock, retry
from milepost.errors import InvalidSettingError
from milepost.retry import RetryConfig
from tests.unit.flaky import AskingError, FakeClock, Flaky, failure, replace_clock


@pytest.fixture
def time(monkeypatch):
    """Replace milepost's clock for the length of a test."""
    return replace_clock(monkeypatch)


def test_jitter_is_ten_percent_either_way(time):
    """Chance makes a wait up to 10 % shorter or longer, never longer than the cap."""
    config = RetryConfig(3, 5.0, 20.0)
    found = {}
    for chance in (0.0, 0.5, 1.0):
        time.chance = chance
        found[chance] = [config.delay(retry) for retry in range(4)]
    assert found[0.0] == pytest.approx([4.5, 9.0, 18.0, 18.0])
    assert found[0.5] == pytest.approx([5.0, 10.0, 20.0, 20.0])
    assert found[1.0] == pytest.approx([5.5, 11.0, 20.0, 20.0])


def test_real_chance_varies():
    """Two runs do not wait for the same time."""
    config = RetryConfig()
    assert len({config.delay(0) for _ in range(20)}) > 1


_SECONDS = st.floats(0, 1e6)


@given(
    st.builds(
        RetryConfig,
        initial_delay=_SECONDS,
        max_delay=_SECONDS,
        exponential_base=st.floats(1, 1e300),
        jitter=st.booleans(),
    ),
    st.integers(0, 100_000),
)
def test_every_delay_is_within_its_bounds(config, number):
    """No base and no number of retries gives a wait beyond the cap, or no number."""
    delay = config.delay(number)
    steepness = math.log10(config.exponential_base) * number
    exact = (
        config.initial_delay * config.exponential_base**number
        if steepness < 300
        else (math.inf if config.initial_delay else 0.0)
    )
    middle = min(exact, config.max_delay)
    assert 0 <= delay <= config.max_delay
    assert middle * 0.9 <= delay * (1 + 1e-9)
    assert delay <= middle * 1.1 * (1 + 1e-9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    retries=st.integers(0, 6),
    elapsed=st.none() | st.floats(0, 200),
    left=st.none() | st.floats(0, 200),
    asked=st.none() | st.floats(0, 500),
    takes=st.floats(0, 50),
)
def test_no_wait_ever_ends_after_a_limit(time, retries, elapsed, left, asked, takes):
    """For any limits and any wish of a server: few attempts, and no wait too long."""
    time.waits, ends, start = [], [], time.now
    deadline = None if left is None else start + left
    config = RetryConfig(retries, 5.0, 120.0, max_elapsed=elapsed)
    errors = [AskingError("" if asked is None else f"{asked:.3f}") for _ in range(9)]
    flaky = Flaky(*errors, takes=takes, time=time)

    def sleep(seconds):
        FakeClock.sleep(time, seconds)
        ends.append(time.now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "sleep", sleep)
        failure(
            retry.call,
            "p",
            flaky,
            config,
            time_left=lambda: None if deadline is None else deadline - time.now,
        )

    assert flaky.calls == len(time.waits) + 1 <= retries + 1
    assert all(wait <= 120.0 for wait in time.waits)
    limit = min(start + (math.inf if elapsed is None else elapsed), deadline or math.inf)
    assert all(end <= limit + 1e-6 for end in ends)


@pytest.mark.parametrize(
    ("setting", "allowed"),
    [
        ({"max_retries": -1}, "a whole number from 0"),
        ({"max_retries": 2.0}, "a whole number from 0"),
        ({"max_retries": True}, "a whole number from 0"),
        ({"initial_delay": -0.1}, "a finite number from 0"),
        ({"initial_delay": math.nan}, "a finite number from 0"),
        ({"initial_delay": "5"}, "a number from 0"),
        ({"max_delay": math.inf}, "a finite number from 0"),
        ({"max_elapsed": -1}, "a finite number from 0"),
        ({"max_retry_after": None, "max_delay": None}, "a number from 0"),
        ({"max_retry_after": False}, "a number from 0"),
        ({"exponential_base": 0.5}, "a finite number from 1"),
        ({"jitter": 1}, "True or False"),
        ({"retry_on": "TimeoutError"}, "an exception type, a tuple"),
        ({"retry_on": (TimeoutError, 5)}, "an exception type, a tuple"),
        ({"give_up_on": [TimeoutError]}, "an exception type, a tuple"),
        ({"give_up_on": int}, "an exception type, a tuple"),
        ({"retry_on": AssertionError}, "no AssertionError, which is never retried"),
        ({"retry_on": (OSError, KeyboardInterrupt)}, "no KeyboardInterrupt"),
    ],
    ids=repr,
)
def test_an_impossible_setting_is_refused(setting, allowed):
    """The message names the setting and what it takes."""
    with pytest.raises(InvalidSettingError) as refused:
        RetryConfig(**setting)
    text = str(refused.value)
    assert allowed in text
    assert f"RetryConfig.{list(setting)[-1]} = " in text
    assert "where the RetryConfig is made" in text


def test_a_coroutine_function_cannot_choose_errors():
    """Its coroutine would count as true, whatever it came to."""
    with pytest.raises(InvalidSettingError, match="a plain function of the error"):
        RetryConfig(retry_on=Flaky().later)


def test_unusual_but_possible_settings_are_taken():
    """Zero waits, no growth, whole numbers and every way to choose errors."""
    RetryConfig(0, 0, 0, 1, jitter=False, max_elapsed=0, max_retry_after=0)
    RetryConfig(retry_on=lambda error: True, give_up_on=(KeyboardInterrupt, OSError))
    RetryConfig(retry_on=ExceptionGroup, give_up_on=AssertionError)
    assert hash(RetryConfig()) == hash(RetryConfig())


def test_the_retry_library_is_loaded_only_when_something_failed():
    """A phase that succeeds at once pays for no import."""
    code = (
        "import sys; from milepost.retry import *; "
        "PhaseRetryHandler().execute_with_retry('p', int); "
        "print('tenacity' in sys.modules, 'asyncio' in sys.modules)"
    )
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said.strip() == "False False"
