"""The ledger: all totals come from the records, and every purchase counts once."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.money.ledger import LOST, NO_USAGE, Totals, totals
from tests.money.records import Made, call

PHASES = ("writing", "testing")
STEPS = ("write#0a1b2c3d", "ask#ffffffff")
DOLLARS = st.one_of(
    st.none(), st.floats(0, 100, allow_nan=False), st.just(float("nan")), st.just(-1.0)
)


def test_a_purchase_counts_wherever_it_belongs() -> None:
    """One call is in its test, its phase, its attempt, each step around it, and its run."""
    path = ("writing", "write#0a1b2c3d", "ask#ffffffff")
    found = totals([call("1-1", 0.25, path=path, attempt=3)])
    parts = [
        found.test,
        found.phase("writing"),
        found.attempts["writing", 3],
        found.steps[path[:2]],
        found.steps[path],
        found.run("run-1"),
        found.run("run-1", "writing"),
    ]
    assert {(part.paid, part.calls, part.tokens) for part in parts} == {
        (Decimal("0.25"), 1, 10)
    }
    assert found.phase("testing") == Totals()


def test_a_step_outside_of_phases_belongs_to_the_test() -> None:
    """Where a test is recorded as one, its steps are no phases."""
    found = totals([call("1-1", 1.0, path=("write#0a1b2c3d",)), call("1-2", 2.0, path=())])
    assert found.phase("").paid == 3
    assert found.steps["write#0a1b2c3d",].paid == 1


def test_what_was_dropped_is_paid_and_wasted() -> None:
    """Buying again adds to what was paid, and takes nothing back."""
    records = [
        call("1-1", 0.5),
        call("1-2", 0.25),
        Made(id="2-1", kind="dropped", body={"ids": ["1-1"], "reason": "bought again"}),
        call("2-2", 0.5, run="run-2"),
    ]
    found = totals(records).test
    assert (found.paid, found.wasted, found.worth) == (
        Decimal("1.25"),
        Decimal("0.5"),
        Decimal("0.75"),
    )


def test_an_answer_that_is_not_kept_is_wasted() -> None:
    """A refusal that was paid settles its call and is wasted."""
    sent = Made(id="1-1", kind="sent", body={"worst_usd": 0.9})
    cost = Made(id="1-2", kind="cost", body={"usd": 0.1, "tokens": 7, "sent": "1-1"})
    found = totals([sent, cost]).test
    assert (found.paid, found.wasted, found.tokens) == (Decimal("0.1"), Decimal("0.1"), 7)
    assert found.unknown_calls == 0


@pytest.mark.parametrize("end", ["call", "unsold", "cost"])
def test_what_was_sent_and_ended_is_not_lost(end: str) -> None:
    """A call, an error that cost nothing and a refusal each end what was sent."""
    sent = Made(id="1-1", kind="sent", body={"worst_usd": 0.9})
    ending = {
        "call": call("1-2", 0.1, sent="1-1"),
        "unsold": Made(id="1-2", kind="unsold", body={"sent": "1-1", "status": 529}),
        "cost": Made(id="1-2", kind="cost", body={"sent": "1-1", "usd": 0.1}),
    }[end]
    found = totals([ending, sent]).test
    assert found.unknown_calls == 0
    assert found.spent_at_most == (0.0 if end == "unsold" else 0.1)


def test_what_is_lost_in_flight_is_unknown() -> None:
    """A call without an end is counted, is not worth 0 dollars, and has a worst case."""
    sent = Made(id="1-1", kind="sent", body={"worst_usd": 0.9})
    found = totals([sent, call("1-2", 0.1)]).test
    assert found.unknown == {LOST: 1}
    assert found.paid == Decimal("0.1")
    assert found.spent_at_most == pytest.approx(1.0)
    assert found.to_dict()["unknown_calls"] == 1


def test_without_a_worst_case_the_dearest_call_stands_for_it() -> None:
    """What nobody can bound counts for a budget like the dearest call of the test."""
    sent = Made(id="1-1", kind="sent", body={"worst_usd": None})
    found = totals([sent, call("1-2", 0.1), call("1-3", 0.4)]).test
    assert found.spent_at_most == pytest.approx(0.9)


def test_a_call_without_a_price_says_why() -> None:
    """What has no price is counted with its reason: the model, or no usage at all."""
    silent = Made(id="1-2", body={"usage": None, "cost": {"usd": None}})
    found = totals([call("1-1", None), silent]).test
    assert found.unknown == {"no price of m": 1, NO_USAGE: 1}
    assert found.paid == 0


def test_a_call_without_a_price_costs_at_most_what_was_reserved() -> None:
    """The worst case with which a call was sent stands where its price is unknown."""
    sent = Made(id="1-1", kind="sent", body={"worst_usd": 0.9})
    found = totals([sent, call("1-2", None, sent="1-1")]).test
    assert found.spent_at_most == pytest.approx(0.9)


def test_what_the_test_says_counts() -> None:
    """Money and tokens that the test records itself are paid."""
    said = Made(id="1-1", kind="cost", body={"usd": 0.03, "tokens": 120})
    found = totals([said, call("1-2", 0.01)])
    assert found.test.paid == Decimal("0.04")
    assert found.test.tokens == 130
    assert found.test.calls == 1


def test_restoring_saves_what_is_still_worth_something() -> None:
    """A restored phase saved its kept calls and what its last attempt said, no more."""
    records = [
        Made(id="1-1", kind="cost", attempt=1, body={"usd": 8.0}),
        Made(id="1-2", kind="cost", attempt=2, body={"usd": 4.0}),
        call("1-3", 2.0, attempt=1),
        call("1-4", 1.0, attempt=1),
        Made(id="1-5", kind="dropped", body={"ids": ["1-4"]}),
        call("1-6", 16.0, path=("testing",)),
        Made(id="1-7", kind="sent", body={"worst_usd": 0.9}),
    ]
    worth = totals(records).worth_of_phase("writing", 2)
    assert worth.worth == 6
    assert worth.unknown_calls == 0


@st.composite
def journals(draw: st.DrawFn) -> list[Made]:
    """Make the records of a test with phases, steps, losses and drops."""
    records: list[Made] = []
    for number in range(draw(st.integers(0, 12))):
        path = draw(st.sampled_from(PHASES)), *STEPS[: draw(st.integers(0, 2))]
        place: dict[str, Any] = {
            "path": path if draw(st.booleans()) else (),
            "attempt": draw(st.integers(1, 3)),
            "run": draw(st.sampled_from(["run-1", "run-2"])),
        }
        sent = f"1-{number}s"
        kind = draw(st.sampled_from(["call", "lost", "unsold", "cost"]))
        worst = draw(DOLLARS)
        records.append(Made(id=sent, kind="sent", body={"worst_usd": worst}, **place))
        usd = draw(DOLLARS)
        if kind == "call":
            records.append(call(f"1-{number}", usd, sent=sent, **place))
        elif kind != "lost":
            body = {"sent": sent, "usd": usd}
            records.append(Made(id=f"1-{number}", kind=kind, body=body, **place))
    ids = [record.id for record in records if record.kind == "call"]
    if ids:
        dropped = draw(st.lists(st.sampled_from(ids)))
        records.append(Made(id="9-9", kind="dropped", body={"ids": dropped}))
    return draw(st.permutations(records))


def added(parts: Iterable[Totals]) -> Totals:
    """Add totals up."""
    found = Totals()
    for part in parts:
        found.add(part)
    return found


@settings(max_examples=300)
@given(journals())
def test_the_parts_make_the_whole(records: list[Made]) -> None:
    """Phases, attempts, runs and single purchases each add up to the test, to the cent."""
    found = totals(records)
    for parts in (found.phases, found.attempts, found.runs):
        assert added(parts.values()) == found.test
    assert added(bought for _, bought in found.entries.values()) == found.test
    assert found.test.worth + found.test.wasted == found.test.paid
    for phase in PHASES:
        attempts = [t for (name, _), t in found.attempts.items() if name == phase]
        assert added(attempts) == found.phase(phase)
        steps = [
            t for path, t in found.steps.items() if path[0] == phase and len(path) == 2
        ]
        assert added(steps).paid <= found.phase(phase).paid
    sold = {r.body.get("sent") for r in records if r.kind in ("call", "cost", "unsold")}
    lost = [r for r in records if r.kind == "sent" and r.id not in sold]
    assert found.test.unknown[LOST] == len(lost)


@given(journals(), st.data())
def test_replaying_adds_nothing(records: list[Made], data: st.DataObject) -> None:
    """However often and in whatever order a record is met, it counts once."""
    again = data.draw(st.lists(st.sampled_from(records))) if records else []
    assert totals([*records, *again]) == totals(records)
