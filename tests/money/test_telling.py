"""What people read of money: enough digits, and unknown is said."""

import sys
from typing import Any

import pytest

from milepost import report
from milepost.money.amounts import money
from milepost.money.ledger import totals
from milepost.money.telling import ledger_lines
from tests.money.records import Made, call

WASTED = Made(id="1-9", kind="dropped", body={"ids": ["1-1"]})


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0.0, "$0.00"),
        (12.3456, "$12.35"),
        (0.5, "$0.50"),
        (0.0999, "$0.10"),
        (0.01, "$0.01"),
        (0.0042, "$0.0042"),
        (0.0000123, "$0.000012"),
        (0.00000099, "$0.00000099"),
    ],
)
def test_small_sums_have_digits_enough(usd: float, text: str) -> None:
    """No amount above zero reads as zero."""
    assert money(usd) == text


def event(**fields: Any) -> dict[str, Any]:
    """Make what a record says of a phase."""
    return {"phase": "writing", "word": "ran", "seconds": 1.0} | fields


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"cost_usd": 0.0042}, "paid $0.0042"),
        ({"cost_usd": 0.25, "saved_usd": 0.5}, "paid $0.25, saved $0.50"),
        ({"unknown_calls": 1}, "unknown: what 1 call cost"),
        (
            {"saved_usd": 0.5, "unknown_calls": 2},
            "saved $0.50, unknown: what 2 calls cost",
        ),
    ],
)
def test_a_phase_says_what_it_paid_and_saved(fields: dict[str, Any], line: str) -> None:
    """Paid, saved and unknown stand in one line under the phase."""
    lines = report.test_lines("t", {"phases": [event(**fields)]}, passed=True)
    assert lines[1:] == ["  writing  ran, 1.0 s", f"      {line}"]


def test_a_phase_without_money_says_nothing_of_it() -> None:
    """Where nothing was bought, no line is about money."""
    lines = report.test_lines("t", {"phases": [event()]}, passed=True)
    assert lines == ["t", "  writing  ran, 1.0 s"]


def test_a_restored_phase_says_what_it_saved_once() -> None:
    """What restoring saved stands beside the seconds, and is not repeated."""
    fields = {"word": "restored", "cost_usd": 0.5, "saved_usd": 0.5, "age_seconds": 3.0}
    lines = report.test_lines("t", {"phases": [event(**fields)]}, passed=True)
    assert lines[1:3] == [
        "  writing  restored, 3.0 s old; saved 0.0 s and $0.50",
        "  restored, asserted again",
    ]


def test_the_test_says_what_all_its_runs_cost() -> None:
    """Where earlier runs paid, or calls were lost, all is told, with the reasons."""
    whole = totals([call("1-1", 0.5), call("1-2", None), WASTED]).test.to_dict()
    told = {"paid_usd": 0.25, "calls": 1, "unknown_calls": 0, "test": whole}
    lines = report.test_lines("t", {"phases": [], "money": told}, passed=True)
    assert "\n".join(lines) == (
        "t\n"
        "  in all runs: paid $0.50, of which $0.50 for answers that are not used, "
        "unknown: what 1 call cost; 20 tokens\n"
        "    no price of m: 1"
    )


def test_a_missing_price_list_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no call has a price because the list is not installed, the cure is named."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    whole = totals([call("1-1", None), call("1-2", None)]).test.to_dict()
    lines = report.test_lines("t", {"money": {**whole, "test": whole}}, passed=True)
    assert lines[-2:] == [
        "    no price of m: 2",
        "    Prices need genai-prices: pip install 'milepost[llm]'",
    ]


def test_one_run_that_paid_all_is_not_told_twice() -> None:
    """A test that was paid in this run alone has no second sum."""
    whole = totals([call("1-1", 0.5)]).test.to_dict()
    assert report.test_lines("t", {"money": {**whole, "test": whole}}, passed=True) == ["t"]


def test_the_last_line_has_the_sessions_sum() -> None:
    """The line that even a quiet session ends with says paid, saved and unknown."""
    told = {"paid_usd": 0.25, "unknown_calls": 1}
    record = {"phases": [event(saved_usd=0.5)], "money": told}
    assert report.last_line([record, record]) == (
        "milepost: 0 of 2 phases restored; paid $0.50, saved $1.00, "
        "unknown: what 2 calls cost"
    )


def test_the_command_line_shows_the_totals_by_phase() -> None:
    """The whole test comes first, then each phase, then what is outside of all."""
    records = [
        call("1-1", 0.5),
        call("1-2", 0.25, path=("testing",)),
        call("1-3", 0.125, path=(), tokens=1000),
        Made(id="1-4", kind="sent", body={}),
        WASTED,
    ]
    assert "\n".join(ledger_lines(totals(records))) == (
        "💰 paid $0.88, of which $0.50 for answers that are not used, unknown: what 1 call "
        "cost; 1,020 tokens\n"
        "   lost in flight: 1\n"
        "   writing: paid $0.50, of which $0.50 for answers that are not used, "
        "unknown: what 1 call cost; 10 tokens\n"
        "   testing: paid $0.25; 10 tokens\n"
        "   outside phases: paid $0.12; 1,000 tokens"
    )
    assert ledger_lines(totals([])) == []
