"""Whoever records the attempts hears of each, and cannot hide an error."""

import pytest

from milepost import retry
from milepost.errors import MilepostError
from milepost.retry import RetryConfig
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


def test_every_attempt_is_told_as_it_happens(time):
    """The listener hears of each start, and of each failure with the wait that follows."""
    listener = Listener()
    retry.call("p", Flaky(*resets(2)), SEED, listener=listener)
    name = "ConnectionResetError"
    assert listener.events == [
        ("starts", 1),
        ("failed", 1, name, 5.0),
        ("starts", 2),
        ("failed", 2, name, 10.0),
        ("starts", 3),
    ]


def test_the_last_failure_is_told_without_a_wait(time):
    """The listener can see that nothing follows."""
    listener = Listener()
    failure(retry.call, "p", Flaky(*resets(9)), RetryConfig(1), listener=listener)
    assert listener.events[-1] == ("failed", 2, "ConnectionResetError", None)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_record_that_fails_does_not_hide_the_phases_error(time, is_async):
    """The phase's own error comes out, with a note; nothing is tried unrecorded."""
    error, flaky = ConnectionResetError("mine"), None
    flaky = Flaky(error)
    listener = Listener(failed_1=OSError(28, "No space left on device"))
    if is_async:
        found = failure(run_async, "p", flaky.later, listener=listener)
    else:
        found = failure(retry.call, "p", flaky, SEED, listener=listener)
    assert found is error
    assert (flaky.calls, time.waits) == (1, [])
    assert note_on(found) == (
        "milepost: attempt 1 of phase 'p' could not be recorded: OSError: [Errno 28] No "
        "space left on device"
    )


def test_a_retry_that_cannot_be_recorded_is_not_started(time):
    """After a wait, a start that cannot be recorded brings out the error before it."""
    error = ConnectionResetError("mine")
    flaky = Flaky(error)
    listener = Listener(starts_2=MilepostError("the lease is gone"))
    assert failure(retry.call, "p", flaky, SEED, listener=listener) is error
    assert flaky.calls == 1
    assert note_on(error) == (
        "milepost: phase 'p' failed after 1 attempt over 5.0 s (waits: 5.0 s); not tried "
        "again: the next attempt could not be recorded: MilepostError: milepost: the lease "
        "is gone"
    )


def test_a_first_attempt_that_cannot_be_recorded_is_not_started(time):
    """Where the phase has no error of its own, the record's comes out, unretried."""
    flaky, broken = Flaky(), ConnectionResetError("the store is away")
    listener = Listener(starts_1=broken)
    assert failure(retry.call, "p", flaky, SEED, listener=listener) is broken
    assert (flaky.calls, time.waits) == (0, [])


def test_ctrl_c_while_recording_gets_through(time):
    """An interruption inside the record is not swallowed."""
    for event in ("starts_1", "failed_1", "starts_2"):
        flaky = Flaky(*resets(9))
        listener = Listener(**{event: KeyboardInterrupt()})
        found = failure(retry.call, "p", flaky, SEED, listener=listener)
        assert isinstance(found, KeyboardInterrupt), event


def test_a_predicate_that_raises_does_not_hide_the_phases_error(time):
    """A mistake in retry_on is said in a note, and nothing is tried again."""
    error = ConnectionResetError("mine")
    config = RetryConfig(retry_on=lambda error: 1 / 0)
    assert failure(retry.call, "p", Flaky(error), config) is error
    assert note_on(error) == (
        "milepost: a retry after attempt 1 of phase 'p' could not be decided: "
        "ZeroDivisionError: division by zero"
    )
