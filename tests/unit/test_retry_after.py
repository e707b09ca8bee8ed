"""How long a server asks to wait, and what is made of it."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost import retry
from milepost.retry import RetryConfig
from milepost.retry.retry_after import seconds_asked
from tests.unit.flaky import (
    SEED,
    AskingError,
    Flaky,
    failure,
    note_on,
    replace_clock,
    resets,
)


@pytest.fixture
def time(monkeypatch):
    """Replace milepost's clock for the length of a test."""
    return replace_clock(monkeypatch)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", 30.0),
        (" 7 ", 7.0),
        ("0.5", 0.5),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("1_000", None),
        ("9" * 400, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("Wed, 99 Oct 9999 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_read_or_passed_over(text, expected):
    """Seconds count when they are more than 0; a past date and nonsense do not."""
    assert seconds_asked(AskingError(text)) == expected


def test_retry_after_as_a_date_counts_from_now():
    """An HTTP date is read as the time until then."""
    moment = datetime.now(UTC) + timedelta(seconds=90)
    for text in (
        format_datetime(moment, usegmt=True),
        format_datetime(moment.replace(tzinfo=None)),
        format_datetime(moment.astimezone()),
    ):
        assert 80 < seconds_asked(AskingError(text)) <= 90


def test_retry_after_in_milliseconds_is_more_exact():
    """Where a server sends both, the milliseconds count."""
    error = AskingError("2500", "Retry-After-Ms")
    assert seconds_asked(error) == 2.5
    error.response.headers["retry-after"] = "3"
    assert seconds_asked(error) == 2.5


def test_retry_after_is_found_wherever_an_error_carries_it():
    """On the error itself, on a cause, in a group; in any mapping; the longest counts."""
    bare = ConnectionResetError()
    bare.headers = {"Retry-After": "4"}
    wrapped = RuntimeError()
    wrapped.__cause__ = AskingError("6")
    assert seconds_asked(bare) == 4.0
    assert seconds_asked(wrapped) == 6.0
    assert seconds_asked(ExceptionGroup("g", [bare, wrapped, ValueError()])) == 6.0
    assert seconds_asked(ConnectionResetError()) is None


def test_retry_info_of_google_is_read():
    """google-genai and google-api-core have no header, but a delay in the details."""
    as_json, as_objects = TimeoutError(), TimeoutError()
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.5s"}
    as_json.details = {"error": {"code": 429, "details": [{"@type": "other"}, info]}}
    duration = type("Duration", (), {"seconds": 3, "nanos": 500_000_000})
    as_objects.details = [type("RetryInfo", (), {"retry_delay": duration()})()]
    assert seconds_asked(as_json) == 12.5
    assert seconds_asked(as_objects) == 3.5


@given(st.text(), st.sampled_from(["headers", "details", "response"]))
def test_whatever_a_server_sends_is_no_error_of_ours(text, where):
    """Any text in any place gives a finite number of seconds or nothing."""
    error = ConnectionResetError()
    value = {"retry-after": text, "retry-after-ms": text, "details": [{"retryDelay": text}]}
    setattr(error, where, value)
    found = seconds_asked(error)
    assert found is None or 0 < found < math.inf


def test_retry_after_takes_the_place_of_the_backoff(time, caplog):
    """A shorter wish and a longer one count instead of 5 and 10 s, and the log says so."""
    flaky = Flaky(AskingError("0.5"), AskingError("30"), *resets(1))
    assert retry.call("p", flaky, SEED) == "done"
    assert time.waits == [0.5, 30.0, 20.0]
    assert "⏳ Retrying in 30.0s as the server asks..." in caplog.messages


def test_retry_after_is_clamped(time):
    """A server cannot hold a run longer than max_delay, or max_retry_after where set."""
    retry.call("p", Flaky(AskingError("86400")), SEED)
    retry.call("p", Flaky(AskingError("86400")), RetryConfig(max_retry_after=7.0))
    assert time.waits == [120.0, 7.0]


def test_retry_after_beyond_the_deadline_is_not_waited_for(time):
    """A pause that does not fit into the run is no reason to ask again too early."""
    flaky = Flaky(AskingError("60"))
    error = failure(retry.call, "p", flaky, SEED, time_left=lambda: 50.0)
    assert (flaky.calls, time.waits) == (1, [])
    assert "a wait of 60.0 s would end after the run's deadline" in note_on(error)
