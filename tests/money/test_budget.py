"""The budget: whatever happens at once, no call goes out that may go over it."""

import asyncio
import multiprocessing
import os
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost import clock
from milepost.money import budget as budget_module
from milepost.money.account import Account
from milepost.money.budget import Budget, BudgetError
from milepost.money.till import SharedTill, make_shared
from milepost.stores.purse import open_purse, remove_purse


@pytest.fixture
def shared() -> Iterator[Path]:
    """Give the file of a session's budget of one dollar."""
    path = make_shared(1.0)
    yield path
    remove_purse(path)
    assert not path.parent.exists()


def test_it_refuses_before_the_call_that_would_go_over() -> None:
    """What fits goes out, to the last cent, and the next one does not."""
    budget = Budget(0.3)
    for _ in range(3):
        budget.reserve(0.1).settle(0.1)
    with pytest.raises(BudgetError, match=r"over the budget of \$0.30"):
        budget.reserve(0.000001)


def test_it_says_what_why_and_what_to_do() -> None:
    """The refusal names the limit, what is spent, who gave it, and how to go on."""
    budget = Budget(0.0042, spent_usd=0.003)
    budget.reserve(0.001).settle(None)
    with pytest.raises(BudgetError) as refused:
        budget.reserve(0.00071)
    assert str(refused.value) == (
        "milepost: stopped before a call: it may cost up to $0.00071 and may go over the "
        "budget of $0.0042.\n"
        "  $0.004 are spent, and 1 call had a cost that is unknown. The budget was given "
        "by max_cost_usd= of its marker.\n"
        "  Run again with a larger one: what has been bought is kept, and the test goes "
        "on from there."
    )


def test_what_is_settled_leaves_room() -> None:
    """A call that cost less than its worst case leaves the rest to others."""
    budget = Budget(1.0)
    budget.reserve(0.9).settle(0.1)
    budget.reserve(0.9).release()
    budget.reserve(0.9).settle(0.9)
    with pytest.raises(BudgetError):
        budget.reserve(0.1)


def test_an_unknown_price_counts_as_the_worst_case() -> None:
    """Where nobody knows what a call cost, what was reserved for it is spent."""
    budget = Budget(1.0)
    budget.reserve(0.6).settle(None)
    with pytest.raises(BudgetError):
        budget.reserve(0.6)


def test_only_the_first_end_counts() -> None:
    """A call that is settled twice, or settled and released, is settled once."""
    budget = Budget(1.0)
    given = budget.reserve(0.5)
    given.settle(0.5)
    given.settle(0.5)
    given.release()
    with budget.reserve(0.2) as other:
        other.release()
    budget.reserve(0.5).release()


def test_what_nobody_ended_is_settled_as_unknown() -> None:
    """An error on the way leaves the worst case spent, not reserved for ever."""
    budget = Budget(1.0)
    with pytest.raises(ConnectionError), budget.reserve(0.6):
        raise ConnectionError
    with pytest.raises(BudgetError):
        budget.reserve(0.5)


def test_a_refusal_is_final() -> None:
    """After one refusal nothing goes out any more, not even what would fit."""
    told: list[BudgetError] = []
    budget = Budget(1.0, refused=told.append)
    with pytest.raises(BudgetError):
        budget.reserve(1.1)
    for _ in range(3):
        with pytest.raises(BudgetError):
            budget.reserve(0.1)
    assert len(told) == 4


def test_an_unknown_size_reserves_the_dearest_seen() -> None:
    """A call that nobody can bound may cost what the dearest one before it cost."""
    budget = Budget(1.0, dearest_usd=0.3)
    budget.reserve(0.5).settle(0.4)
    first, second = budget.reserve(0.2), budget.reserve(None)
    second.settle(0.0)
    first.settle(0.2001)
    with pytest.raises(BudgetError, match=r"it may cost up to \$0.40 and"):
        budget.reserve(None)


def test_without_anything_seen_unknown_sizes_go_one_by_one() -> None:
    """The first call of which nothing is known goes alone; its price bounds the others."""
    budget = Budget(1.0)
    first = budget.reserve(None)
    budget.reserve(0.2).settle(0.0)
    order: list[str] = []

    def second() -> None:
        budget.reserve(None).settle(0.1)
        order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    thread.join(0.2)
    order.append("first")
    first.settle(0.3)
    thread.join(10)
    assert order == ["first", "second"]


def test_it_waits_for_those_that_may_leave_room() -> None:
    """Where the worst cases of others fill it, a call waits instead of being refused."""
    budget = Budget(1.0)

    async def buy() -> None:
        given = await budget.reserve_async(0.4)
        await asyncio.sleep(0)
        given.settle(0.01)

    async def all_at_once() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(33):
                group.create_task(buy())

    asyncio.run(all_at_once())
    budget.reserve(0.66).release()


def test_trio_waits_just_the_same() -> None:
    """Under trio the other tasks go on while one waits for room."""
    trio = pytest.importorskip("trio")
    budget = Budget(1.0)

    async def buy() -> None:
        given = await budget.reserve_async(0.9)
        await trio.sleep(0)
        given.settle(0.05)

    async def all_at_once() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(buy)

    trio.run(all_at_once)
    budget.reserve(0.85).release()


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that waits for one which waits for it is refused in the end."""
    monkeypatch.setattr(budget_module, "PATIENCE", 0.1)
    budget = Budget(1.0)
    outer = budget.reserve(0.8)
    with pytest.raises(BudgetError, match=r"\$0.80 reserved for calls on their way"):
        budget.reserve(0.8)
    outer.release()


def spend(budget: Budget, rounds: int, seed: int) -> float:
    """Buy until the budget refuses; gives what was spent."""
    chance, spent = random.Random(seed), 0.0
    for _ in range(rounds):
        worst = chance.uniform(0.001, 0.02)
        try:
            given = budget.reserve(worst)
        except BudgetError:
            break
        paid = chance.uniform(0, worst)
        spent += paid
        given.settle(paid)
    return spent


def test_threads_share_it() -> None:
    """Eight threads together spend what fits and not more."""
    budget = Budget(1.0)
    with ThreadPoolExecutor(8) as pool:
        spent = sum(pool.map(lambda seed: spend(budget, 500, seed), range(8)))
    assert 0.9 < spent <= 1.0


def _in_process(path: str, seed: int, answers: Any) -> None:
    answers.put(spend(Budget(shared=Path(path)), 200, seed))


def test_processes_share_it(shared: Path) -> None:
    """Three processes with one session's budget together spend what fits and not more."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    children = [
        context.Process(target=_in_process, args=(str(shared), seed, answers))
        for seed in range(3)
    ]
    for child in children:
        child.start()
    spent = sum(answers.get(timeout=60) for _ in children)
    for child in children:
        child.join(60)
    assert 0.9 < spent <= 1.0


def _die_on_the_way(path: str) -> None:
    budget = Budget(shared=Path(path))
    budget.reserve(0.6)
    budget.reserve(0.1).settle(0.05)
    os._exit(0)


def test_what_the_dead_had_reserved_is_spent(shared: Path) -> None:
    """The worst case of calls that a dead process may have sent counts as spent."""
    child = multiprocessing.get_context("spawn").Process(
        target=_die_on_the_way, args=(str(shared),)
    )
    child.start()
    child.join(60)
    budget = Budget(shared=shared)
    budget.reserve(0.3).release()
    with pytest.raises(BudgetError, match=r"\$0.65 are spent, and 1 call had"):
        budget.reserve(0.4)


def test_a_killed_writer_leaves_the_purse_whole(shared: Path) -> None:
    """The file is readable after each write, however long the one before was."""
    till = SharedTill(shared)
    tickets = [till.reserve(0.001) for _ in range(50)]
    longest = shared.stat().st_size
    for ticket in tickets:
        assert ticket is not None
        till.release(ticket)
    assert shared.stat().st_size == longest
    with open_purse(shared) as content:
        assert Account.from_dict(content).open == {}


def test_an_error_while_it_is_open_changes_nothing(shared: Path) -> None:
    """What raises while it changes the purse leaves it as it was, and unlocked."""

    def change() -> None:
        with open_purse(shared) as content:
            content["spent"] = 5.0
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        change()
    assert SharedTill(shared).look().spent == 0.0


def test_both_budgets_count(shared: Path) -> None:
    """A call needs room in the test's budget and in the session's."""
    first, second = Budget(0.6, shared=shared), Budget(0.6, shared=shared)
    first.reserve(0.5).settle(0.5)
    with pytest.raises(BudgetError, match=r"of \$0.60") as own:
        first.reserve(0.2)
    with pytest.raises(BudgetError, match=r"of \$1.00") as sessions:
        second.reserve(0.6)
    assert (own.value.of_session, sessions.value.of_session) == (False, True)
    Budget(shared=shared).reserve(0.5).settle(0.5)


def test_what_the_test_says_counts() -> None:
    """Money that the test spent itself leaves less, and an overdrawn budget says so."""
    budget = Budget(1.0)
    budget.add(0.9)
    budget.check("phase 'next'")
    budget.add(0.2)
    with pytest.raises(
        BudgetError, match=r"before phase 'next': the budget of .* is spent"
    ):
        budget.check("phase 'next'")
    with pytest.raises(BudgetError):
        budget.reserve(0.0)


def test_without_a_limit_nothing_is_refused() -> None:
    """A budget without any limit lets everything go."""
    budget = Budget()
    budget.reserve(1e9).settle(1e9)
    budget.reserve(None).settle(None)
    budget.check("more")


@given(
    st.floats(0, 2),
    st.lists(st.tuples(st.none() | st.floats(0, 1), st.none() | st.floats(0, 1))),
)
def test_known_worst_cases_are_never_overdrawn(
    limit: float, calls: list[tuple[float | None, float | None]]
) -> None:
    """As long as calls cost no more than their worst case, spent stays within the limit."""
    account = Account(limit=limit)
    for number, (worst, part) in enumerate(calls):
        if worst is None or not account.reserve(str(number), worst):
            continue
        account.settle(str(number), None if part is None else worst * part)
        assert account.spent + account.reserved <= limit + 1e-9


def test_a_waiting_task_can_be_cancelled() -> None:
    """A task that is cancelled while it waits for room holds nothing."""
    budget = Budget(1.0)
    held = budget.reserve(0.9)

    async def cancelled() -> None:
        waiting = asyncio.create_task(budget.reserve_async(0.5))
        await clock.async_sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancelled())
    held.release()
    budget.reserve(1.0).release()
