"""What a run may spend, what it did spend, and what its record says of it."""

import math
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from milepost.errors import MilepostError
from milepost.money.bill import charge
from milepost.money.budget import Budget, BudgetError
from milepost.money.ledger import KINDS, Entry, Ledger, totals
from milepost.money.prices import has_prices
from milepost.steps.context import call_scope, context_scope

if TYPE_CHECKING:
    from milepost.phases.run import Run


NO_PRICES: Final = (
    "the budget cannot hold: no price list is installed, so that the cost of recorded "
    "calls is not known; only phase.add_cost() counts\n"
    'Install it: pip install "milepost[llm]"'
)


class UnlikelyCostError(MilepostError, ValueError):
    """Something was given as a cost that is none."""

    def __init__(self, usd: object, tokens: object) -> None:
        super().__init__(
            f"phase.add_cost(usd={usd!r}, tokens={tokens!r}) is not possible.",
            "Money is a number of dollars, tokens are a whole number; neither is negative.",
            "Give what the call cost, and leave out what is not known.",
        )


def open_budget(run: "Run") -> Budget | None:
    """Give what a run may spend; None where nobody has set a limit.

    What its test has spent so far is read from the journal.

    Args:
        run: The run; it is open.
    """
    limit, purse = run.plan.max_cost_usd, run.plan.purse
    if limit is None and purse is None:
        return None
    if not has_prices():
        run.record.notes.append(NO_PRICES)
    spent = _ledger(run).test if limit is not None else Ledger().test

    def stop(error: BudgetError) -> None:
        place = context_scope() or call_scope()
        if place is not None:
            place.miss_answer()
        run.stopped = f"{error.what} The next run goes on from there"
        run.stops_session = error.of_session

    return Budget(
        limit,
        spent.spent_at_most,
        dearest_usd=float(spent.dearest),
        shared=purse,
        refused=stop,
    )


def _ledger(run: "Run") -> Ledger:
    found: Iterable[Entry] = ()
    if run.memory.host.find_journal():
        found = run.memory.journal.records(*KINDS)
    return totals(found)


def add_cost(run: "Run", *, usd: float, tokens: int) -> None:
    """Record what the calling phase or step spent, where milepost cannot see it.

    Args:
        run: The run.
        usd: Money, in USD.
        tokens: Tokens bought.

    Raises:
        UnlikelyCostError: One of them is no such number.
        MilepostError: The store refuses.
    """
    __tracebackhide__ = True
    if not (_is_amount(usd) and type(tokens) is int and tokens >= 0):
        raise UnlikelyCostError(usd, tokens)
    scope = context_scope()
    name = scope.phase if scope else next(iter(run.active), "")
    place = scope or run.memory.find_attempt(name)
    if place is not None:
        place.keep("cost", "", {"usd": usd, "tokens": tokens})
    if run.memory.budget is not None:
        run.memory.budget.add(usd)


def _is_amount(usd: object) -> bool:
    if isinstance(usd, bool) or not isinstance(usd, int | float):
        return False
    return math.isfinite(usd) and usd >= 0


def charge_run(run: "Run") -> None:
    """Write into a run's record what it paid and saved.

    Args:
        run: The run; nothing more is bought in it.
    """
    phases = run.checkpoint.phases.values() if run.checkpoint else ()
    finished = {phase.phase_name: phase.retry_count or 0 for phase in phases}
    with suppress(MilepostError):  # its journal is gone, and its bill with it
        charge(run.record, _ledger(run), run.memory.scopes(), finished)
