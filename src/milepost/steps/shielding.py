"""Run something to its end, though nobody may wait for it any more."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from milepost import loops

if TYPE_CHECKING:
    from milepost.steps.flights import Flight

T = TypeVar("T")


class _Wanted:
    """Has the end of a loop wait for what runs in it."""

    is_wanted = True


async def shielded(make: Callable[[], Awaitable[T]], flight: "Flight") -> T:
    """Await something that goes on when the caller is cancelled, and when its loop ends.

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
    ended = loops.new_event()
    outcome: list[Any] = []

    async def fly() -> None:
        try:
            outcome[:] = [await make(), None]
        except BaseException as error:
            outcome[:] = [None, error]
            if type(error).__name__ in ("Cancelled", "CancelledError"):
                raise  # the loop has to see that it is over
        finally:
            flight.end()
            ended.set()

    patience = max(flight.scope.memory.settings.drain, 0.0)
    flight.running = loops.run_aside(fly, _Wanted(), patience)
    try:
        await ended.wait()
    except BaseException:
        flight.leave()
        raise
    value, error = outcome
    outcome.clear()  # with its traceback an error would hold this frame
    if error is not None:
        raise error
    result: T = value
    return result
