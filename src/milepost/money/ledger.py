"""The ledger: every total, derived from the records of what was bought.

A purchase is written once, in the record of its call; being replayed writes nothing, so
that nothing is counted twice, whoever was killed and whenever.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Protocol

_STEP: Final = re.compile(r".*#[0-9a-f]{8}", re.DOTALL)
LOST: Final = "lost in flight"
NO_USAGE: Final = "the answer does not say its usage"
NO_PRICE: Final = "no price of "


class Entry(Protocol):
    """A record of the journal, as far as money goes."""

    @property
    def id(self) -> str:
        """Its id, unique in a generation."""

    @property
    def kind(self) -> str:
        """What it records."""

    @property
    def run(self) -> str:
        """The run that wrote it."""

    @property
    def path(self) -> tuple[str, ...]:
        """The scope in which it was made: phase, then steps and items."""

    @property
    def attempt(self) -> int:
        """The number of the phase's attempt."""

    @property
    def body(self) -> Mapping[str, Any]:
        """Its fields."""


@dataclass(kw_only=True)
class Totals:
    """What a part of a test has cost.

    Attributes:
        paid: USD, as far as it is known; what was wasted is in it.
        wasted: USD for answers that were refused or dropped.
        worth: USD that it would cost to buy again what is still kept.
        at_risk: USD that calls of unknown cost may have cost at most, where that is
            known.
        unbounded: Calls of which not even that is known.
        dearest: USD of the dearest single call.
        calls: Calls bought.
        tokens: Tokens, as far as they are known.
        unknown: Calls of unknown cost, by the reason.
    """

    paid: Decimal = Decimal(0)
    wasted: Decimal = Decimal(0)
    worth: Decimal = Decimal(0)
    at_risk: Decimal = Decimal(0)
    dearest: Decimal = Decimal(0)
    unbounded: int = 0
    calls: int = 0
    tokens: int = 0
    unknown: Counter[str] = field(default_factory=Counter)

    @property
    def unknown_calls(self) -> int:
        """Count the calls whose cost nobody knows."""
        return self.unknown.total()

    @property
    def spent_at_most(self) -> float:
        """Give USD with what calls of unknown cost may have cost.

        Where not even their worst case is known, the dearest call stands for each.
        """
        return float(self.paid + self.at_risk + self.unbounded * self.dearest)

    def add(self, other: "Totals") -> None:
        """Add another part's totals to these."""
        self.paid += other.paid
        self.wasted += other.wasted
        self.worth += other.worth
        self.at_risk += other.at_risk
        self.dearest = max(self.dearest, other.dearest)
        self.unbounded += other.unbounded
        self.calls += other.calls
        self.tokens += other.tokens
        self.unknown.update(other.unknown)

    def to_dict(self) -> dict[str, Any]:
        """Give the totals as JSON data; what is unknown is counted, never 0 dollars."""
        return {
            "paid_usd": float(self.paid),
            "wasted_usd": float(self.wasted),
            "calls": self.calls,
            "tokens": self.tokens,
            "unknown_calls": self.unknown_calls,
        } | ({"unknown": dict(self.unknown)} if self.unknown else {})


@dataclass(kw_only=True)
class Ledger:
    """The totals of a test and of its parts.

    Attributes:
        test: Of the whole test, over all its runs.
        phases: By phase; the empty name is for what was bought outside of all phases.
        attempts: By phase and number of its attempt.
        steps: By the path of a step, whose first name is its phase's.
        runs: By run and phase.
        entries: Each purchase, and what it cost, by its record's id.
    """

    test: Totals = field(default_factory=Totals)
    phases: dict[str, Totals] = field(default_factory=dict)
    attempts: dict[tuple[str, int], Totals] = field(default_factory=dict)
    steps: dict[tuple[str, ...], Totals] = field(default_factory=dict)
    runs: dict[tuple[str, str], Totals] = field(default_factory=dict)
    entries: dict[str, tuple[Entry, Totals]] = field(default_factory=dict)

    def phase(self, name: str) -> Totals:
        """Give a phase's totals; empty ones where it has bought nothing."""
        return self.phases.get(name, Totals())

    def run(self, run: str, phase: str | None = None) -> Totals:
        """Give what a run bought.

        Args:
            run: The run's id.
            phase: In this phase; in the whole test where it is left out.
        """
        found = Totals()
        for (which, name), totals in self.runs.items():
            if which == run and phase in (None, name):
                found.add(totals)
        return found

    def worth_of(self, ids: Iterable[str]) -> Totals:
        """Give what the purchases of these records cost together, each counted once."""
        found = Totals()
        for each in set(ids) & self.entries.keys():
            found.add(self.entries[each][1])
        return found

    def worth_of_phase(self, phase: str, attempt: int) -> Totals:
        """Give what it would cost to run a finished phase again.

        Args:
            phase: The phase.
            attempt: The one that finished it: what the test said of the cost of
                others was not spent on the value.
        """
        found = Totals()
        for place, bought in self.entries.values():
            is_said = place.kind == "cost" and len(place.path) == 1
            is_other = is_said and place.attempt != attempt
            if _place(place.path)[0] == phase and not is_other and place.kind != "sent":
                found.add(bought)
        return found

    def count(self, entry: Entry, totals: Totals) -> None:
        """Put a purchase under everything that it belongs to."""
        phase, steps = _place(entry.path)
        self.entries[entry.id] = entry, totals
        self.test.add(totals)
        self.phases.setdefault(phase, Totals()).add(totals)
        self.attempts.setdefault((phase, entry.attempt), Totals()).add(totals)
        self.runs.setdefault((entry.run, phase), Totals()).add(totals)
        for step in steps:
            self.steps.setdefault(step, Totals()).add(totals)


# The kinds of record that a ledger is made from.
KINDS: Final = ("call", "sent", "unsold", "dropped", "cost")


def totals(records: Iterable[Entry]) -> Ledger:
    """Derive all totals of a test from its records.

    Args:
        records: Those of one generation, at least of the kinds in ``KINDS``; in any
            order, and however often each is given.

    Returns:
        The totals by test, phase, attempt, step and run.
    """
    found = _Found()
    for record in records:
        found.take(record)
    return found.ledger()


class _Found:
    """What matters of the records: small, for their bodies may be large."""

    def __init__(self) -> None:
        self._bought: dict[str, tuple[_Place, Totals, str]] = {}
        self._sent: dict[str, tuple[_Place, Totals]] = {}
        self._settled: set[str] = set()
        self._dropped: set[str] = set()

    def take(self, record: Entry) -> None:
        body = record.body
        if record.kind == "dropped":
            self._dropped.update(map(str, body.get("ids") or ()))
        sent = str(body.get("sent") or "")
        if record.kind in ("call", "cost", "unsold"):
            self._settled.add(sent)
        if record.kind == "call":
            self._bought[record.id] = _Place.of(record), _of_call(body), sent
        elif record.kind == "cost":
            self._bought[record.id] = _Place.of(record), _of_cost(body), sent
        elif record.kind == "sent":
            self._sent[record.id] = _Place.of(record), _of_sent(body)

    def ledger(self) -> Ledger:
        made = Ledger()
        for name, (place, bought, sent) in self._bought.items():
            if bought.unknown and sent in self._sent:
                _, risk = self._sent[sent]
                bought.at_risk, bought.unbounded = risk.at_risk, risk.unbounded
            if name in self._dropped:
                bought.wasted = bought.paid
            bought.worth = bought.paid - bought.wasted
            made.count(place, bought)
        for name, (place, lost) in self._sent.items():
            if name not in self._settled:
                made.count(place, lost)
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a record stands."""

    id: str
    kind: str
    run: str
    path: tuple[str, ...]
    attempt: int
    body: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Entry) -> "_Place":
        return cls(
            id=record.id,
            kind=record.kind,
            run=record.run,
            path=tuple(record.path),
            attempt=record.attempt,
        )


def _place(path: tuple[str, ...]) -> tuple[str, list[tuple[str, ...]]]:
    """Give the phase of a path, and the paths of the steps around what it names."""
    has_phase = bool(path) and not _STEP.fullmatch(path[0])
    first = 2 if has_phase else 1
    return (
        path[0] if has_phase else "",
        [path[:end] for end in range(first, len(path) + 1)],
    )


def _of_call(body: Mapping[str, Any]) -> Totals:
    usage = body.get("usage")
    cost = body.get("cost")
    usd = usd_of(cost.get("usd")) if isinstance(cost, Mapping) else None
    found = Totals(calls=1, tokens=_tokens(usage))
    if usd is None:
        found.unknown[_why_unknown(usage)] += 1
        found.unbounded = 1
    else:
        found.paid = found.dearest = usd
    return found


def _of_cost(body: Mapping[str, Any]) -> Totals:
    """Read what the test said itself, or what was paid for an answer not to be kept."""
    usd, tokens = usd_of(body.get("usd")), body.get("tokens")
    found = Totals(tokens=tokens if type(tokens) is int else _tokens(body.get("usage")))
    found.paid = usd or Decimal(0)
    if body.get("sent"):
        found.calls, found.wasted, found.dearest = 1, found.paid, found.paid
        if usd is None:
            found.unknown[_why_unknown(body.get("usage"))] += 1
            found.unbounded = 1
    return found


def _of_sent(body: Mapping[str, Any]) -> Totals:
    worst = usd_of(body.get("worst_usd"))
    lost = Totals(at_risk=worst or Decimal(0), unbounded=int(worst is None))
    lost.unknown[LOST] += 1
    return lost


def usd_of(found: object) -> Decimal | None:
    """Read USD from JSON data; None where it is no amount."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return Decimal(repr(found)) if math.isfinite(found) and found >= 0 else None


def _tokens(usage: Any) -> int:
    counted = usage.get("total_tokens") if isinstance(usage, Mapping) else None
    return counted if type(counted) is int else 0


def _why_unknown(usage: Any) -> str:
    if not isinstance(usage, Mapping):
        return NO_USAGE
    return f"{NO_PRICE}{usage.get('model') or 'a model without a name'}"
