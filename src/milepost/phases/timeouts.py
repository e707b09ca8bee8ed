"""How long an attempt may take."""

from collections.abc import Awaitable
from typing import TypeVar

from milepost import clock

T = TypeVar("T")


async def within(seconds: float | None, begun: Awaitable[T]) -> T:
    """Await something for a bounded time; it has been cancelled when this raises.

    Args:
        seconds: The bound; None for none.
        begun: What to await, under asyncio or trio.

    Raises:
        TimeoutError: It took longer.
    """
    __tracebackhide__ = True
    if seconds is None:
        return await begun
    if clock.runs_trio():
        return await _within_trio(seconds, begun)
    import asyncio  # noqa: PLC0415 - who has no loop running need not load it

    bound = asyncio.timeout(seconds)
    try:
        async with bound:
            return await begun
    except TimeoutError as error:
        if bound.expired():
            raise _late(seconds) from error
        raise


async def _within_trio(seconds: float, begun: Awaitable[T]) -> T:
    __tracebackhide__ = True
    import trio  # noqa: PLC0415 - it is running, so it is there

    with trio.move_on_after(seconds):
        return await begun
    raise _late(seconds)


def _late(seconds: float) -> TimeoutError:
    return TimeoutError(f"the attempt took longer than {seconds:g} s")
