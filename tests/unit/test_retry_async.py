"""Async phases are retried as plain ones are, under asyncio and trio."""

import asyncio
import inspect
from functools import partial, wraps

import pytest
import trio
import trio.testing

from milepost import clock, retry
from milepost.retry import PhaseRetryHandler, RetryConfig
from tests.unit.flaky import (
    SEED,
    Flaky,
    Listener,
    failure,
    note_on,
    replace_clock,
    resets,
    run_async,
)


@pytest.fixture
def time(monkeypatch):
    """Replace milepost's clock for the length of a test."""
    return replace_clock(monkeypatch)


def test_a_coroutine_function_is_retried(time):
    """execute_with_retry gives a coroutine that retries as for a plain function."""
    flaky = Flaky(*resets(2), value=7)
    waiting = PhaseRetryHandler(SEED).execute_with_retry("p", flaky.later, 1, key=2)
    assert inspect.iscoroutine(waiting)
    assert asyncio.run(waiting) == 7
    assert (flaky.calls, time.waits) == (3, [5.0, 10.0])


def test_an_async_failure_comes_out_as_a_plain_one_does(time):
    """The same note, the same object, the same listener's record."""
    errors, listener = resets(4), Listener()
    error = failure(run_async, "p", Flaky(*errors).later, listener=listener)
    assert error is errors[-1]
    assert "failed after 4 attempts over 35.0 s" in note_on(error)
    assert [event for event in listener.events if event[0] == "failed"] == [
        ("failed", number, "ConnectionResetError", wait)
        for number, wait in ((1, 5.0), (2, 10.0), (3, 20.0), (4, None))
    ]


def _wrapped(fn):
    @wraps(fn)
    def plain(*args, **kwargs):
        return fn(*args, **kwargs)

    return plain


class _Awaitable:
    def __init__(self, flaky):
        self.flaky = flaky

    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return self.flaky()


async def _task(flaky):
    return await PhaseRetryHandler(SEED).execute_with_retry(
        "p", lambda: asyncio.get_running_loop().create_task(flaky.later())
    )


async def _awaited(fn):
    return await PhaseRetryHandler(SEED).execute_with_retry("p", fn)


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(lambda flaky: _awaited(flaky.later), id="method"),
        pytest.param(lambda flaky: _awaited(lambda: flaky.later(1)), id="lambda"),
        pytest.param(lambda flaky: _awaited(_wrapped(flaky.later)), id="wrapped"),
        pytest.param(lambda flaky: _awaited(partial(flaky.later, 1)), id="partial"),
        pytest.param(lambda flaky: _awaited(lambda: _Awaitable(flaky)), id="awaitable"),
        pytest.param(_task, id="task"),
    ],
)
def test_the_result_decides_whether_a_phase_is_async(time, run):
    """Whatever returns an awaitable is awaited and retried, whoever made it."""
    flaky = Flaky(*resets(2), value=7)
    assert asyncio.run(run(flaky)) == 7
    assert (flaky.calls, time.waits) == (3, [5.0, 10.0])


def test_a_function_that_fails_before_it_gives_its_awaitable_counts_on(time):
    """Attempts before and after the first awaitable are attempts at one phase."""
    before, after, listener = Flaky(*resets(1)), Flaky(*resets(9)), Listener()

    def connect():
        before()
        return after.later()

    waiting = retry.call("p", connect, SEED, listener=listener)
    error = failure(asyncio.run, waiting)
    assert (before.calls, after.calls, time.waits) == (4, 3, [5.0, 10.0, 20.0])
    assert "after 4 attempts" in note_on(error)
    assert [event[1] for event in listener.events if event[0] == "starts"] == [1, 2, 3, 4]


def test_attempts_never_overlap(time):
    """An attempt has left its last line before the next one enters its first."""
    inside, most = 0, 0

    async def phase():
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        try:
            await asyncio.sleep(0)
            raise ConnectionResetError
        finally:
            await asyncio.sleep(0)
            inside -= 1

    failure(run_async, "p", phase)
    assert (inside, most) == (0, 1)


@pytest.mark.parametrize("where", ["attempt", "wait"])
def test_a_cancelled_phase_stays_cancelled(monkeypatch, where):
    """Cancelling the task ends it, in an attempt and in a wait, without another attempt."""
    calls, listener = [], Listener()

    async def phase():
        calls.append(1)
        if where == "wait":
            raise ConnectionResetError
        await asyncio.sleep(3600)

    async def main():
        task = asyncio.ensure_future(
            retry.call_async("p", phase, RetryConfig(initial_delay=60.0), listener=listener)
        )
        # As many turns as the phase may need to get where it then stays.
        for _ in range(50):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(main())
    assert len(calls) == 1
    last = ("failed", 1, "CancelledError", None)
    assert (listener.events[-1] == last) == (where == "attempt")


def test_a_closed_coroutine_closes_the_phase(time):
    """A coroutine that nobody finishes runs its phase's clean-up and ends."""
    events = []

    async def phase():
        try:
            await asyncio.Future()
        finally:
            events.append("cleaned")

    async def main():
        waiting = retry.call_async("p", phase, SEED)
        waiting.send(None)
        waiting.close()

    asyncio.run(main())
    assert events == ["cleaned"]


def test_many_phases_at_once_have_each_their_own_attempts(time):
    """Concurrent phases with one handler do not take attempts from one another."""
    handler = PhaseRetryHandler(SEED)
    phases = [Flaky(*resets(number), value=number) for number in (0, 3, 1, 2)]

    async def main():
        return await asyncio.gather(
            *(
                handler.execute_with_retry(f"p{n}", each.later)
                for n, each in enumerate(phases)
            )
        )

    assert asyncio.run(main()) == [0, 3, 1, 2]
    assert [each.calls for each in phases] == [1, 4, 2, 3]


def test_waits_run_under_trio():
    """Under trio the waits are trio's: its own clock passes 35 s."""
    flaky = Flaky(*resets(3), value=7)

    async def phase():
        await trio.lowlevel.checkpoint()
        return flaky()

    async def main():
        value = await PhaseRetryHandler(SEED).execute_with_retry("p", phase)
        return value, trio.current_time()

    fast = trio.testing.MockClock(autojump_threshold=0)
    start = fast.current_time()
    value, end = trio.run(main, clock=fast)
    assert value == 7
    assert end - start == pytest.approx(35.0)


def test_cancelling_under_trio_ends_the_wait():
    """A trio deadline cuts a wait, and the scope sees its own cancellation."""
    flaky = Flaky(*resets(9))

    async def phase():
        return flaky()

    async def main():
        with trio.move_on_after(7) as scope:
            await retry.call_async("p", phase, SEED)
        return scope.cancelled_caught

    fast = trio.testing.MockClock(autojump_threshold=0)
    assert trio.run(main, clock=fast)
    assert flaky.calls == 2


def test_waits_let_others_run_under_asyncio():
    """While a phase waits for its next attempt the loop goes on."""
    done = []

    async def other():
        done.append(1)

    async def main():
        task = asyncio.ensure_future(other())
        assert not done
        await clock.async_sleep(0)
        assert done
        await task

    asyncio.run(main())
