"""What the report says of steps, calls and items, and of failures that come again."""

from milepost import report, retold
from milepost.events import PhaseEvent, RunRecord


def _record(**more: object) -> RunRecord:
    record = RunRecord(test_id="pipeline_abc12345", run="r")
    for name, value in more.items():
        setattr(record, name, value)
    return record


def _lines(record: RunRecord, *, passed: bool = False) -> list[str]:
    return report.test_lines("test_a.py::test_a", record.to_dict(whole=True), passed=passed)


def test_steps_calls_and_items_stand_under_their_phase() -> None:
    """A phase's line is followed by what of it was paid before and what was new."""
    event = PhaseEvent(phase="code", word="ran", seconds=1.0)
    event.steps_restored, event.steps_ran = 28, 5
    event.calls_replayed, event.calls_bought = 1, 0
    event.items["write_task"] = 33, 33
    event.notes.append("step review ran, not kept: a client is live")

    assert _lines(_record(events=[event]), passed=True) == [
        "test_a.py::test_a",
        "  code  ran, 1.0 s",
        "      28 steps restored, 5 ran; 1 call replayed, 0 bought",
        "      write_task: 33 of 33 items",
        "      step review ran, not kept: a client is live",
    ]


def test_a_test_without_phases_is_told_as_one() -> None:
    """What the whole test had bought before is said, and what that saved."""
    record = _record()
    whole = record.event("")
    whole.calls_replayed, whole.calls_bought = 32, 1
    whole.saved_usd = 0.5

    assert _lines(record) == [
        "test_a.py::test_a",
        "  restored: 32 calls replayed, 1 bought",
        "  saved $0.50",
    ]
    told = report.last_line([record.to_dict(whole=True)])
    assert told.startswith("milepost: 32 calls replayed, 1 bought")


def test_what_is_outside_of_phases_is_told_as_such() -> None:
    """Calls of a test beside its phases are told apart from those in them."""
    record = _record(events=[PhaseEvent(phase="plan", word="ran", calls_bought=2)])
    record.event("").calls_bought = 1

    assert _lines(record, passed=True)[2:] == [
        "      0 calls replayed, 2 bought",
        "  outside phases: 0 calls replayed, 1 bought",
    ]
    told = report.last_line([record.to_dict(whole=True)])
    assert told == "milepost: 0 of 1 phase restored; 0 calls replayed, 3 bought"


def test_a_run_without_anything_has_nothing_to_tell() -> None:
    """A test that called nobody is not in the report."""
    record = _record()
    assert not record.is_worth_telling
    record.event("").calls_replayed = 1
    assert record.is_worth_telling


def test_a_failure_that_comes_again_names_both_ways_on() -> None:
    """Run again keeps the journal, buy again drops it: both commands are printed."""
    record = _record(repeated=["code"], events=[PhaseEvent(phase="code", word="failed")])
    assert _lines(record)[-4:] == [
        "  code failed as before and bought nothing in between: a",
        "  recorded answer may be wrong",
        "    run again, answers kept:  pytest 'test_a.py::test_a' --milepost-from code",
        "    buy the answers again:    milepost rm pipeline_abc12345 --calls code",
    ]


def test_a_whole_test_that_fails_again_names_no_phase() -> None:
    """Without phases the commands are about the test."""
    record = _record(repeated=[""])
    record.event("").calls_replayed = 3
    assert _lines(record)[-2:] == [
        "    run again, answers kept:  pytest 'test_a.py::test_a'",
        "    buy the answers again:    milepost rm pipeline_abc12345 --calls",
    ]


def test_stacked_retries_are_multiplied_once_for_the_worst() -> None:
    """An SDK's own retries times ours times pytest's: the product is said, with a cure."""
    mild, worst = {"sdk": 2, "phase": 0}, {"sdk": 2, "phase": 3, "reruns": 1}
    records = [{"attempts": mild}, {"attempts": worst}, {}]
    parts = "3 (max_retries of the SDK) x 4 (retry of milepost) x 2 (reruns of pytest)"
    assert retold.stacked(records) == [
        f"one call may be made 24 times: {parts}",
        "  set max_retries=0 where the SDK's client is made: milepost tries again",
    ]


def test_retries_that_are_not_stacked_are_not_told() -> None:
    """An SDK that does not try again, or alone, needs no advice."""
    assert retold.stacked([{"attempts": {"sdk": 0, "phase": 3}}]) == []
    assert retold.stacked([{"attempts": {"sdk": 2, "phase": 0}}]) == []
    assert retold.stacked([{}]) == []
