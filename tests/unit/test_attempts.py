"""What happens to a phase, in memory and in place."""

import pytest

from milepost import PhaseStatus, attempts, clock
from milepost.checkpoint import PhaseCheckpoint, TestCheckpoint
from tests.unit.seed import RESET


@pytest.fixture
def checkpoint(monkeypatch):
    """Give a checkpoint of three phases; each second that passes is one that is told."""
    seconds = iter(range(1000))
    monkeypatch.setattr(clock, "monotonic", lambda: float(next(seconds)))
    names = ["discovery", "masterplan", "code_generation"]
    phases = {name: PhaseCheckpoint(name) for name in names}
    return TestCheckpoint(test_name="T", test_id="t", phases=phases)


@pytest.fixture
def phase(checkpoint):
    """Give the first of its phases."""
    return checkpoint.phases["discovery"]


FLAT = {"form": "flat", "keys": ["a"], "sha256": "0"}


def completed(checkpoint, name, value=None):
    """Run a phase to its end."""
    phase = checkpoint.phases[name]
    attempts.begin(checkpoint, phase, "run1")
    attempts.complete(phase, value or {"a": 1}, FLAT, {"inputs": {"x": "1"}})
    return phase


def test_a_start_counts_in_place(checkpoint, phase):
    """An object taken before the start shows it: the original's client waits by it."""
    for count in (1, 2, 3):
        attempts.begin(checkpoint, phase, "run1")
        assert phase.retry_count == count
        assert phase.status == PhaseStatus.IN_PROGRESS
        attempts.fail(checkpoint, phase, RESET)
    assert checkpoint.current_phase == "discovery"


def test_duration_is_that_of_the_last_attempt_by_the_monotonic_clock(checkpoint, phase):
    """Seconds are counted from the start of the last attempt to its end."""
    attempts.begin(checkpoint, phase, "run1")
    clock.monotonic()
    attempts.fail(checkpoint, phase, RESET)
    attempts.begin(checkpoint, phase, "run1")
    attempts.complete(phase, {"a": 1}, FLAT)

    assert [each["seconds"] for each in phase.milepost_attempts] == [2.0, 1.0]
    assert phase.duration_seconds == 1.0


def test_a_failure_is_counted_for_the_test_and_forgotten_by_the_next_start(
    checkpoint, phase
):
    """A failed phase shows its error and both times; the next attempt begins clean."""
    attempts.begin(checkpoint, phase, "run1")
    attempts.fail(checkpoint, phase, RESET)
    assert (phase.status, phase.error) == (PhaseStatus.FAILED, RESET)
    assert phase.started_at <= phase.completed_at
    assert checkpoint.total_retries == 1

    attempts.begin(checkpoint, phase, "run2")
    assert phase.error is phase.completed_at is phase.duration_seconds is None
    assert checkpoint.total_retries == 1


@pytest.mark.parametrize("outcome", ["crashed", "interrupted", "skipped", "not_kept"])
def test_other_outcomes_are_pending_with_the_truth_in_the_attempt(
    checkpoint, phase, outcome
):
    """What ended without failing is pending, is no retry, and says what it was."""
    attempts.begin(checkpoint, phase, "run1")
    attempts.set_back(phase, outcome, "why")

    assert phase.status == PhaseStatus.PENDING
    assert phase.milepost_outcome == outcome
    assert checkpoint.total_retries == 0
    assert phase.retry_count == 1


def test_a_phase_that_was_never_started_can_be_completed_and_failed(checkpoint, phase):
    """The original's last client completes a phase without a start."""
    attempts.complete(phase, {"a": 1}, FLAT)
    assert phase.status == PhaseStatus.COMPLETED
    assert phase.a == 1
    assert phase.started_at
    assert phase.retry_count == 0

    attempts.fail(checkpoint, checkpoint.phases["masterplan"], RESET)
    assert checkpoint.phases["masterplan"].status == PhaseStatus.FAILED


def test_a_completed_phase_that_starts_again_keeps_its_value_as_an_earlier_one(
    checkpoint, phase
):
    """A stale value is not lost: going back to what made it finds it again."""
    completed(checkpoint, "discovery", {"a": 1})
    attempts.begin(checkpoint, phase, "run2")
    assert not hasattr(phase, "a")
    assert phase.milepost_earlier[0]["reason"] == "stale"

    attempts.complete(phase, {"a": 2}, FLAT, {"inputs": {"x": "2"}})
    attempts.take_back(phase, 0)
    assert phase.a == 1
    assert phase.milepost["inputs"] == {"x": "1"}
    assert phase.status == PhaseStatus.COMPLETED
    assert [kept["data"] for kept in phase.milepost_earlier] == [{"a": 2}]


def test_whether_a_value_was_awaitable_goes_with_the_value(checkpoint, phase):
    """A plain value that comes back is plain, whatever the function became meanwhile."""
    attempts.begin(checkpoint, phase, "run1")
    attempts.complete(phase, {"a": 1}, FLAT, {"awaitable": False})
    attempts.begin(checkpoint, phase, "run1")
    attempts.complete(phase, {"a": 2}, FLAT, {"awaitable": True})
    attempts.take_back(phase, 0)
    assert phase.milepost["awaitable"] is False


def test_a_second_completion_supersedes_the_first(checkpoint, phase):
    """A value is never overwritten without a trace."""
    attempts.complete(phase, {"a": 1}, FLAT)
    attempts.complete(phase, {"a": 2}, FLAT)
    assert phase.a == 2
    assert [kept["data"] for kept in phase.milepost_earlier] == [{"a": 1}]


def test_earlier_values_are_bounded(checkpoint, phase):
    """The document does not grow for ever with values that nobody wants any more."""
    for number in range(attempts.EARLIER_KEPT + 5):
        completed(checkpoint, "discovery", {"a": number})
    kept = phase.milepost_earlier
    assert len(kept) == attempts.EARLIER_KEPT
    assert kept[-1]["data"] == {"a": attempts.EARLIER_KEPT + 3}


def test_a_start_over_a_running_attempt_ends_it(checkpoint, phase):
    """No attempt stays open for ever because nobody said how it ended."""
    attempts.begin(checkpoint, phase, "run1")
    attempts.begin(checkpoint, phase, "run1")
    assert [each["outcome"] for each in phase.milepost_attempts] == ["interrupted", None]


def test_a_skipped_phase_that_had_completed_stays_completed(checkpoint, phase):
    """Skipping what has finished loses nothing; skipping the rest marks it."""
    completed(checkpoint, "discovery")
    attempts.skip(phase)
    attempts.skip(checkpoint.phases["masterplan"])
    assert (phase.status, phase.a) == (PhaseStatus.COMPLETED, 1)
    assert checkpoint.phases["masterplan"].status == PhaseStatus.SKIPPED


def test_only_what_was_in_progress_has_crashed(checkpoint):
    """A dead run's phase in progress crashed; all others are as they were."""
    completed(checkpoint, "discovery")
    phase = checkpoint.phases["masterplan"]
    attempts.begin(checkpoint, phase, "run1")

    assert attempts.mark_crashed(checkpoint) == ["masterplan"]
    assert phase.status == PhaseStatus.PENDING
    assert phase.milepost_outcome == "crashed"
    assert phase.retry_count == 1
    assert checkpoint.phases["discovery"].status == PhaseStatus.COMPLETED
    assert attempts.mark_crashed(checkpoint) == []


def test_crashes_in_a_row_are_counted_up_to_anything_else(checkpoint, phase):
    """A failure in between is a life in between, and attempts go by their numbers."""
    for outcome in ("crashed", "failed", "crashed", "crashed"):
        attempts.begin(checkpoint, phase, "run1")
        attempts.set_back(phase, outcome)
    assert attempts.crashes_in_a_row(phase) == [4, 3]
    assert attempts.crashes_in_a_row(checkpoint.phases["masterplan"]) == []


def test_a_timeout_turns_an_interruption_into_a_failure(checkpoint, phase):
    """What a timeout cut off has failed, and counts as a retry."""
    attempts.begin(checkpoint, phase, "run1")
    attempts.set_back(phase, attempts.INTERRUPTED)
    attempts.count_as_failed(checkpoint, phase, "Failed: Timeout")
    assert (phase.status, phase.error) == (PhaseStatus.FAILED, "Failed: Timeout")
    assert (phase.milepost_outcome, checkpoint.total_retries) == ("failed", 1)


def test_from_drops_a_phase_and_what_was_first_started_after_it(checkpoint, monkeypatch):
    """Order is that of the first start, whatever order the document has."""
    moments = iter(f"2025-11-10T18:00:{second:02d}.000Z" for second in range(60))
    monkeypatch.setattr(clock, "now_at", lambda: next(moments))
    for name in ("masterplan", "discovery", "code_generation"):
        completed(checkpoint, name)
    completed(checkpoint, "masterplan")

    assert attempts.drop_from(checkpoint, "discovery") == ["discovery", "code_generation"]
    assert checkpoint.phases["masterplan"].status == PhaseStatus.COMPLETED
    dropped = checkpoint.phases["discovery"]
    assert dropped.status == PhaseStatus.PENDING
    assert [kept["reason"] for kept in dropped.milepost_earlier] == ["dropped"]
    assert attempts.drop_from(checkpoint, "nobody") == []
