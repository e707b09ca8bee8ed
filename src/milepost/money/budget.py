"""The budget: a call that may go over it does not go out."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

from milepost import clock, report
from milepost.errors import MilepostError
from milepost.money.account import Account
from milepost.money.amounts import money
from milepost.money.till import OwnTill, SharedTill, Till

# Seconds between two looks whether there is room now; other processes tell nobody.
_LOOK_EVERY: Final = 0.02
# Seconds in which no call ends, after which none is waited for any more.
PATIENCE: Final = 120.0


class BudgetError(MilepostError):
    """A call was not made, or a phase not begun, for it may go over the budget.

    Attributes:
        of_session: Whether it is the session's budget, and not one test's.
    """

    stops_run = True

    def __init__(
        self, account: Account, asked: float | None, *, of_session: bool, before: str = ""
    ) -> None:
        self.of_session = of_session
        given = "--milepost-budget" if of_session else "max_cost_usd= of its marker"
        limit, spent = money(account.limit), money(account.spent)
        cost = "it" if asked is None else f"it may cost up to {money(asked)} and"
        what = f"{before}: the budget of {limit} is spent"
        if not before:
            what = f"a call: {cost} may go over the budget of {limit}"
        super().__init__(
            f"stopped before {what}.",
            f"{spent} are spent{_more(account)}. The budget was given by {given}.",
            "Run again with a larger one: what has been bought is kept, and the test "
            "goes on from there.",
        )


def _more(account: Account) -> str:
    reserved = money(account.reserved)
    text = f", {reserved} reserved for calls on their way" if account.open else ""
    unknown = report.count(account.unknown, "call")
    return text + (f", and {unknown} had a cost that is unknown" if account.unknown else "")


class Reservation:
    """What is reserved for one call, until it is settled or released.

    The first of the two counts; as a context manager it settles with an unknown price
    what nobody has ended.

    Args:
        tickets: By till the ticket in it.
    """

    def __init__(self, tickets: list[tuple[Till, str]]) -> None:
        self._tickets = tickets
        self._lock = threading.Lock()

    def settle(self, usd: float | None) -> None:
        """End the call: it was sold, or may have been.

        Args:
            usd: What it cost; None where nobody knows: its worst case counts then.
        """
        for till, ticket in self._taken():
            till.settle(ticket, usd)

    def release(self) -> None:
        """End the call: it cost nothing."""
        for till, ticket in self._taken():
            till.release(ticket)

    def _taken(self) -> list[tuple[Till, str]]:
        with self._lock:
            taken, self._tickets = self._tickets, []
            return taken

    def __enter__(self) -> "Reservation":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.settle(None)


class Budget:
    """What a run may spend: on its test, and on its part of the session.

    Threads and tasks may share it.

    Args:
        limit_usd: USD that the test may cost, over all its runs; None for no limit.
        spent_usd: USD that it has cost so far, at most.
        dearest_usd: USD of the dearest call that it has made.
        shared: The file of the session's budget, see ``make_shared``; None for none.
        refused: Told of each refusal where it happens: the run is to stop.
    """

    def __init__(
        self,
        limit_usd: float | None = None,
        spent_usd: float = 0.0,
        *,
        dearest_usd: float = 0.0,
        shared: Path | None = None,
        refused: Callable[[BudgetError], object] | None = None,
    ) -> None:
        self._tills: list[Till] = []
        if limit_usd is not None:
            account = Account(limit=limit_usd, spent=spent_usd, dearest=dearest_usd)
            self._tills.append(OwnTill(account))
        if shared is not None:
            self._tills.append(SharedTill(shared))
        self._refused = refused
        self._refusal: tuple[Account, bool] | None = None

    def reserve(self, worst_usd: float | None) -> Reservation:
        """Reserve the worst case of a call before it goes out.

        Where others on their way may still leave room for it, it waits for them.

        Args:
            worst_usd: What it may cost at most. None where nobody knows: the dearest
                call seen counts then; where none has been, such calls go one by one.

        Raises:
            BudgetError: It may go over the budget; so may every call after it.
        """
        __tracebackhide__ = True
        asking = _Asking(self, worst_usd)
        while (given := asking.once()) is None:
            clock.sleep(_LOOK_EVERY)
        return given

    async def reserve_async(self, worst_usd: float | None) -> Reservation:
        """Reserve as ``reserve`` does; other tasks go on while it waits."""
        __tracebackhide__ = True
        asking = _Asking(self, worst_usd)
        while (given := asking.once()) is None:
            await clock.async_sleep(_LOOK_EVERY)
        return given

    def add(self, usd: float) -> None:
        """Count what the test says that it has spent itself."""
        for till in self._tills:
            till.add(usd)

    def check(self, before: str) -> None:
        """Make sure that the budget is not overdrawn, before more work begins.

        Args:
            before: What is to begin, for the message.

        Raises:
            BudgetError: It is.
        """
        __tracebackhide__ = True
        for till in self._tills:
            account = till.look()
            if account.spent > account.limit:
                raise self.refuse(account, None, of_session=till.is_shared, before=before)

    def take(self, worst_usd: float | None) -> Reservation | Till:
        """Reserve if there is room now; otherwise give the till that has none."""
        __tracebackhide__ = True
        if self._refusal is not None:
            account, of_session = self._refusal
            raise self.refuse(account, worst_usd, of_session=of_session)
        tickets: list[tuple[Till, str]] = []
        for till in self._tills:
            ticket = till.reserve(worst_usd)
            if ticket is None:
                Reservation(tickets).release()
                return till
            tickets.append((till, ticket))
        return Reservation(tickets)

    def refuse(
        self, account: Account, asked: float | None, *, of_session: bool, before: str = ""
    ) -> BudgetError:
        """Refuse everything from now on; gives the error to raise."""
        error = BudgetError(account, asked, of_session=of_session, before=before)
        self._refusal = self._refusal or (account, of_session)
        if self._refused is not None:
            self._refused(error)
        return error


class _Asking:
    """One call that asks for room, again and again."""

    def __init__(self, budget: Budget, worst: float | None) -> None:
        self._budget = budget
        self._worst = worst
        self._settled = -1
        self._since = clock.monotonic()

    def once(self) -> Reservation | None:
        """Give the reservation, or None where it is worth to ask again."""
        __tracebackhide__ = True
        given = self._budget.take(self._worst)
        if isinstance(given, Reservation):
            return given
        account = given.look()
        if account.settled != self._settled:
            self._settled, self._since = account.settled, clock.monotonic()
        asked = account.amount_for(self._worst)
        if self._is_hopeless(account):
            raise self._budget.refuse(account, asked, of_session=given.is_shared)
        return None

    def _is_hopeless(self, account: Account) -> bool:
        """Tell whether no call on its way can leave room for this one."""
        waited = clock.monotonic() - self._since
        return not account.may_fit_later(self._worst) or waited > PATIENCE
