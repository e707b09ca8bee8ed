"""The bill of a run: what it paid, what it saved, and what nobody knows."""

from dataclasses import dataclass, field

import pytest

from milepost.events import RunRecord
from milepost.money.bill import charge
from milepost.money.ledger import totals
from milepost.words import RAN, RESTORED
from tests.money.records import Made, call


@dataclass
class Attempt:
    """An attempt at a phase, and what it used."""

    phase: str
    attempt: int
    used: dict[str, None] = field(default_factory=dict)


def used(phase: str, attempt: int, *ids: str) -> Attempt:
    """Make an attempt."""
    return Attempt(phase, attempt, dict.fromkeys(ids))


def bill(records: list[Made], *attempts: Attempt, **words: str) -> RunRecord:
    """Charge the second run of a test."""
    record = RunRecord(test_id="t", run="run-2")
    for phase, word in words.items():
        record.event(phase).word = word
    charge(record, totals(records), attempts, {"writing": 2})
    return record


def test_what_is_replayed_is_saved_and_not_paid() -> None:
    """A call of an earlier run is saved, a new one is paid."""
    records = [call("1-1", 0.5), call("2-1", 0.25, run="run-2", attempt=2)]
    record = bill(records, used("writing", 2, "1-1", "2-1"), writing=RAN)
    event = record.event("writing")
    assert (event.cost_usd, event.saved_usd, event.tokens) == (0.25, 0.5, 10)
    assert record.money["paid_usd"] == 0.25
    assert record.money["saved_usd"] == 0.5
    assert record.money["test"]["paid_usd"] == 0.75


def test_each_attempt_saves_what_the_one_before_bought() -> None:
    """A retry in the same run saves what its first attempt has paid."""
    records = [
        call("2-1", 0.5, run="run-2", attempt=2),
        call("2-2", 0.25, run="run-2", attempt=3),
    ]
    attempts = [used("writing", 2, "2-1"), used("writing", 3, "2-1", "2-2")]
    event = bill(records, *attempts, writing=RAN).event("writing")
    assert (event.cost_usd, event.saved_usd) == (0.75, 0.5)


def test_a_restored_phase_saves_all_that_it_had_bought() -> None:
    """Its calls need not be asked for again to be saved."""
    records = [call("1-1", 0.5), call("1-2", 0.25, path=("writing", "w#00000000"))]
    record = bill(records, writing=RESTORED)
    assert record.event("writing").saved_usd == 0.75
    assert dict(record.to_properties())["milepost.saved_usd"] == 0.75
    assert dict(record.to_properties())["milepost.paid_usd"] == 0.0


def test_without_records_a_restored_phase_saves_what_its_value_says() -> None:
    """What the value itself says of its cost stands where nothing was recorded."""
    record = RunRecord(test_id="t", run="run-2")
    record.event("writing").word, record.event("writing").cost_usd = RESTORED, 0.62
    charge(record, totals([]), [], {})
    assert record.saved_usd == 0.62
    assert record.money == {}


def test_calls_outside_of_phases_are_the_tests() -> None:
    """A test that is recorded as one pays and saves without any phase."""
    records = [call("1-1", 0.5, path=()), call("2-1", 0.25, path=(), run="run-2")]
    record = bill(records, used("", 1, "1-1", "2-1"))
    assert (record.outside.cost_usd, record.outside.saved_usd) == (0.25, 0.5)


@pytest.mark.parametrize("word", [RAN, RESTORED])
def test_unknown_is_counted(word: str) -> None:
    """Calls of unknown cost are counted, in a phase that ran and in a restored one."""
    run = "run-2" if word == RAN else "run-1"
    record = bill([call("1-1", None, run=run), call("1-2", 0.5, run=run)], writing=word)
    assert record.event("writing").unknown_calls == 1
