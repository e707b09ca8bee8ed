"""The bill of one run: what it paid, and what it saved by replaying and restoring."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from milepost.events import RunRecord
from milepost.money.ledger import Ledger, Totals
from milepost.words import RESTORED


class Used(Protocol):
    """An attempt at a phase, or the test as a whole, and the records that it used."""

    attempt: int
    used: dict[str, None]

    @property
    def phase(self) -> str:
        """The phase's name; empty for the test as a whole."""


def charge(
    record: RunRecord, ledger: Ledger, scopes: Iterable[Used], finished: Mapping[str, int]
) -> None:
    """Write into a run's record what its phases and the run as a whole cost and saved.

    Args:
        record: The run's; its phases are there.
        ledger: The totals of the test.
        scopes: The attempts of this run, with the ids of the records that they used.
        finished: By phase the number of its last attempt.
    """
    replayed = _replayed(record.run, ledger, scopes)
    for event in (*record.events, record.outside):
        if event.word == RESTORED:
            worth = ledger.worth_of_phase(event.phase, finished.get(event.phase, 0))
            event.cost_usd = event.saved_usd = float(worth.worth) or event.cost_usd
        else:
            worth = ledger.run(record.run, event.phase)
            event.cost_usd, event.tokens = float(worth.paid), worth.tokens
            event.saved_usd = float(replayed.get(event.phase, Totals()).paid)
        event.unknown_calls = worth.unknown_calls
    record.money = _summary(record, ledger) if ledger.entries else {}


def _summary(record: RunRecord, ledger: Ledger) -> dict[str, object]:
    bought = ledger.run(record.run).to_dict()
    return {**bought, "saved_usd": record.saved_usd, "test": ledger.test.to_dict()}


def _replayed(run: str, ledger: Ledger, scopes: Iterable[Used]) -> dict[str, Totals]:
    """Add up, by phase, what attempts used and had not bought themselves."""
    found: dict[str, Totals] = {}
    for scope in scopes:
        ids = [
            each
            for each in scope.used
            if each in ledger.entries and not _is_own(run, ledger, each, scope)
        ]
        found.setdefault(scope.phase, Totals()).add(ledger.worth_of(ids))
    return found


def _is_own(run: str, ledger: Ledger, name: str, scope: Used) -> bool:
    place, _ = ledger.entries[name]
    if place.run != run or place.attempt != scope.attempt:
        return False
    return not scope.phase or place.path[:1] == (scope.phase,)
