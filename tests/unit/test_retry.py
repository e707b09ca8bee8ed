"""When a phase is tried again, after what waits, and what comes out at the end."""

import asyncio
import gc
import logging
import sys
import traceback
import unittest
import weakref
from contextlib import suppress

import pytest

from milepost import clock, retry
from milepost.errors import MilepostError
from milepost.retry import PhaseRetryHandler, RetryConfig
from tests.unit.flaky import (
    SEED,
    Flaky,
    Listener,
    failure,
    note_on,
    replace_clock,
    resets,
    run_async,
)


@pytest.fixture
def time(monkeypatch):
    """Replace milepost's clock for the length of a test."""
    return replace_clock(monkeypatch)


# --- the seed's policy


def test_three_retries_are_four_attempts_after_5_10_and_20_seconds(time):
    """The seed's numbers: the waits are 5, 10 and 20 s, then the error comes out."""
    flaky = Flaky(*resets(9))
    failure(PhaseRetryHandler(SEED).execute_with_retry, "code_generation", flaky)
    assert flaky.calls == 4
    assert time.waits == [5.0, 10.0, 20.0]


def test_the_first_attempt_that_succeeds_ends_it(time):
    """A reset that goes away costs one wait, and the value comes out."""
    flaky = Flaky(*resets(1), value={"plan": 1})
    handler = PhaseRetryHandler(SEED)
    assert handler.execute_with_retry("masterplan", flaky) == {"plan": 1}
    assert (flaky.calls, time.waits) == (2, [5.0])


def test_arguments_reach_the_function_each_time(time):
    """Keyword arguments are the function's, those with our own names too."""
    seen = []

    def phase(*args, **kwargs):
        seen.append((args, kwargs))
        if len(seen) == 1:
            raise TimeoutError

    PhaseRetryHandler(SEED).execute_with_retry(
        "p", phase, 1, phase_name="a", fn="b", self="c", config="d"
    )
    assert seen == [((1,), {"phase_name": "a", "fn": "b", "self": "c", "config": "d"})] * 2


def test_defaults_are_those_of_the_original():
    """RetryConfig() and PhaseRetryHandler() have different numbers, as they had."""
    config = RetryConfig()
    assert (config.max_retries, config.initial_delay, config.max_delay) == (3, 1.0, 60.0)
    assert (config.exponential_base, config.jitter) == (2.0, True)
    assert PhaseRetryHandler().config == RetryConfig(3, 5.0, 120.0, 2.0, True)
    assert PhaseRetryHandler(config=SEED).config is SEED


def test_no_retries_is_one_attempt(time):
    """With max_retries=0 the first error comes out, unannotated."""
    flaky = Flaky(*resets(1))
    error = failure(retry.call, "p", flaky, RetryConfig(max_retries=0))
    assert (flaky.calls, time.waits) == (1, [])
    assert not hasattr(error, "__notes__")


def test_what_is_not_transient_is_not_tried_again(time):
    """A mistake costs one attempt, and its error is left as it is."""
    flaky = Flaky(ValueError("no"))
    error = failure(retry.call, "p", flaky, SEED)
    assert (flaky.calls, time.waits, str(error)) == (1, [], "no")
    assert not hasattr(error, "__notes__")


def test_retry_on_and_give_up_on_reach_the_decision(time):
    """What the caller chooses decides for plain and for async phases."""
    config = RetryConfig(1, retry_on=KeyError, give_up_on=TimeoutError)
    again, never = Flaky(KeyError("lost")), Flaky(TimeoutError())
    assert retry.call("p", again, config) == "done"
    assert isinstance(failure(retry.call, "p", never, config), TimeoutError)
    assert run_async("p", Flaky(KeyError("lost")).later, config) == "done"
    assert never.calls == 1


# --- limits of time


def test_max_elapsed_ends_it_early_and_says_so(time):
    """A wait that would end too late is not begun; the note has the reason."""
    flaky = Flaky(*resets(9), takes=4.0, time=time)
    config = RetryConfig(3, 5.0, 120.0, jitter=False, max_elapsed=20.0)
    error = failure(retry.call, "p", flaky, config)
    assert time.waits == [5.0]
    assert note_on(error) == (
        "milepost: phase 'p' failed after 2 attempts over 13.0 s (waits: 5.0 s); not tried "
        "again: a wait of 10.0 s would end after max_elapsed (20 s)"
    )


def test_no_wait_ends_after_the_deadline(time):
    """With too little time left there is no retry, and even one attempt has a note."""
    flaky = Flaky(*resets(9), takes=1.2, time=time)
    error = failure(retry.call, "p", flaky, SEED, time_left=lambda: 3.0)
    assert (flaky.calls, time.waits) == (1, [])
    assert note_on(error) == (
        "milepost: phase 'p' failed after 1 attempt over 1.2 s; not tried again: a wait of "
        "5.0 s would end after the run's deadline, 3.0 s away"
    )


def test_a_run_without_a_deadline_is_not_limited(time):
    """time_left may say None."""
    assert retry.call("p", Flaky(*resets(3)), SEED, time_left=lambda: None) == "done"


# --- what comes out at the end


def test_the_last_error_itself_comes_out_with_a_note(time):
    """It is the user's own object, and the note counts attempts, seconds and waits."""
    errors = resets(4)
    flaky = Flaky(*errors, takes=0.025, time=time)
    error = failure(PhaseRetryHandler(SEED).execute_with_retry, "code_generation", flaky)
    assert error is errors[-1]
    assert note_on(error) == (
        "milepost: phase 'code_generation' failed after 4 attempts over 35.1 s "
        "(waits: 5.0 s, 10.0 s, 20.0 s)"
    )
    assert not any(hasattr(each, "__notes__") for each in errors[:-1])


def test_a_mistake_after_a_retry_has_the_note_too(time):
    """Whoever reads a failure sees that it was not the first attempt."""
    error = failure(retry.call, "p", Flaky(*resets(1), AssertionError("no")), SEED)
    assert isinstance(error, AssertionError)
    assert "after 2 attempts" in note_on(error)


@pytest.mark.parametrize("is_async", [False, True])
def test_the_traceback_is_the_users(time, is_async):
    """No frame of the retry library, few of ours, and the function's own at the end."""

    def breaks():
        raise ConnectionResetError

    async def breaks_later():
        await asyncio.sleep(0)
        breaks()

    if is_async:
        error = failure(run_async, "p", breaks_later)
    else:
        error = failure(retry.call, "p", breaks, SEED)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/src/milepost/" in frame.filename]
    assert not any("tenacity" in frame.filename for frame in frames)
    assert len(ours) <= 4
    assert frames[-1].name == "breaks"
    assert error.__cause__ is None
    assert error.__context__ is None


def test_pytest_shows_the_users_lines_only(pytester):
    """In a failing test's report our frames are hidden, and the note is there."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(
        """
        from milepost import clock
        from milepost.retry import PhaseRetryHandler

        def discover():
            raise ConnectionResetError(104, "Connection reset by peer")

        def test_it(monkeypatch):
            monkeypatch.setattr(clock, "sleep", lambda seconds: None)
            PhaseRetryHandler().execute_with_retry("discovery", discover)
        """
    )
    result = pytester.runpytest("-p", "no:logging", "--tb=short")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*milepost: phase 'discovery' failed after 4 attempts*"])
    places = [line for line in result.outlines if ": in " in line]
    assert [place.rsplit(" ", 1)[1] for place in places] == ["test_it", "discover"]


def test_a_failure_holds_nothing_alive(time):
    """When the error is let go, the phase's own objects are free at once."""

    class Big:
        pass

    alive = []

    def phase():
        big = Big()
        alive.append(weakref.ref(big))
        raise ConnectionResetError

    gc.collect()
    gc.disable()
    try:
        with suppress(ConnectionResetError):
            retry.call("p", phase, SEED)
        assert [ref() for ref in alive] == [None] * 4
    finally:
        gc.enable()


def test_an_error_that_refuses_notes_comes_out_all_the_same(time):
    """The note is a help, never a second failure."""

    class StubbornError(ConnectionResetError):
        def add_note(self, note):
            raise TypeError

        def __str__(self):
            raise ValueError

    assert isinstance(
        failure(retry.call, "p", Flaky(*[StubbornError()] * 9), SEED), StubbornError
    )


# --- never retried


def raising(error):
    """Make a function that raises the error."""

    def phase():
        raise error

    return phase


OUTCOMES = {
    "fail": lambda: pytest.fail("no"),
    "skip": lambda: pytest.skip("no"),
    "xfail": lambda: pytest.xfail("no"),
    "exit": lambda: pytest.exit("no"),
    "unittest": lambda: unittest.TestCase().skipTest("no"),
    "sys.exit": lambda: sys.exit(3),
    "assert": raising(AssertionError("no")),
    "interrupt": raising(KeyboardInterrupt()),
    "milepost": raising(MilepostError("no")),
}


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("end", OUTCOMES.values(), ids=OUTCOMES)
def test_an_outcome_inside_a_phase_is_not_retried(time, end, is_async):
    """A skip, fail, xfail, exit, assertion or Ctrl-C ends the phase at once."""
    config, listener, calls = RetryConfig(retry_on=Exception), Listener(), []

    def phase():
        calls.append(1)
        end()

    async def phase_later():
        phase()

    if is_async:
        error = failure(run_async, "p", phase_later, config, listener=listener)
    else:
        error = failure(retry.call, "p", phase, config, listener=listener)
    assert (len(calls), time.waits) == (1, [])
    assert listener.events == [("starts", 1), ("failed", 1, type(error).__name__, None)]


@pytest.mark.parametrize(
    "end", [KeyboardInterrupt(), pytest.skip.Exception("no")], ids=["interrupt", "skip"]
)
def test_an_interruption_after_a_retry_has_no_note(time, end):
    """Whoever was interrupted or skipped did not fail after so many attempts."""
    assert failure(retry.call, "p", Flaky(*resets(1), end), SEED) is end
    assert not hasattr(end, "__notes__")


def test_ctrl_c_during_a_wait_ends_it(time, monkeypatch):
    """An interrupted wait is an interruption, not one more attempt."""
    monkeypatch.setattr(clock, "sleep", Flaky(KeyboardInterrupt()))
    flaky = Flaky(*resets(9))
    assert isinstance(failure(retry.call, "p", flaky, SEED), KeyboardInterrupt)
    assert flaky.calls == 1


# --- the log


def test_the_log_has_the_lines_of_the_seed(time, caplog):
    """Each failed attempt is logged as the seed's first transcript shows it."""
    caplog.set_level(logging.INFO)
    failure(
        PhaseRetryHandler(SEED).execute_with_retry, "code_generation", Flaky(*resets(9))
    )
    failed = "⚠️ Phase code_generation failed (attempt {}/4)"
    error = "   Error: ConnectionResetError: [Errno 104] Connection reset by peer"
    again = "⏳ Retrying in {}s with exponential backoff..."
    assert caplog.messages == [
        *(failed.format(1), error, again.format("5.0")),
        *(failed.format(2), error, again.format("10.0")),
        *(failed.format(3), error, again.format("20.0")),
        *(failed.format(4), error),
    ]
    assert {record.name for record in caplog.records} == {"milepost.retry"}


def test_the_log_shows_one_line_of_an_error(time, caplog):
    """A page of HTML in an error's text does not fill the log."""
    errors = [TimeoutError("x" * 5000 + "\nsecond line"), TimeoutError()]
    retry.call("p", Flaky(*errors), SEED)
    shown = [line for line in caplog.messages if "Error:" in line]
    assert shown == ["   Error: TimeoutError: " + "x" * 300, "   Error: TimeoutError"]


def test_what_is_not_retried_is_not_logged(time, caplog):
    """Pytest shows such a failure; a second account of it would be noise."""
    failure(retry.call, "p", Flaky(ValueError("no")), SEED)
    assert caplog.messages == []
