"""Run something to its end, though nobody may wait for it any more."""

import contextvars
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from milepost import clock

if TYPE_CHECKING:
    from milepost.steps.flights import Flight

T = TypeVar("T")


async def shielded(make: Callable[[], Awaitable[T]], flight: "Flight") -> T:
    """Await something that goes on when the caller is cancelled.

    Args:
        make: Gives what to await; called in a task of its own.
        flight: Stands for it; it is ended with it, and left when the caller goes.

    Returns:
        What it gives.

    Raises:
        BaseException: What it raised, or the cancellation of the caller.
    """
    __tracebackhide__ = True
    flight.is_task = True
    if clock.runs_trio():
        return await _shielded_trio(make, flight)
    import asyncio  # noqa: PLC0415 - who has no loop running need not load it

    async def fly() -> T:
        try:
            return await make()
        finally:
            flight.end()

    task = asyncio.ensure_future(fly())
    _tasks.add(task)
    task.add_done_callback(_done)
    try:
        await asyncio.wait((task,))
    except BaseException:
        flight.leave()
        raise
    return task.result()


# A loop holds its tasks weakly.
_tasks: set[Any] = set()


def _done(task: Any) -> None:
    _tasks.discard(task)
    if not task.cancelled():
        task.exception()  # it is told by whoever waits, or by nobody


async def _shielded_trio(make: Callable[[], Awaitable[T]], flight: "Flight") -> T:
    __tracebackhide__ = True
    trio: Any = sys.modules["trio"]
    ended = trio.Event()
    outcome: list[Any] = []

    async def fly() -> None:
        try:
            outcome[:] = [await make(), None]
        except trio.Cancelled:  # the whole of trio ends
            raise
        except BaseException as error:  # noqa: BLE001 - it comes out where it is awaited
            outcome[:] = [None, error]
        finally:
            flight.end()
            ended.set()

    trio.lowlevel.spawn_system_task(fly, context=contextvars.copy_context())
    try:
        await ended.wait()
    except BaseException:
        flight.leave()
        raise
    value, error = outcome
    if error is not None:
        raise error
    result: T = value
    return result
