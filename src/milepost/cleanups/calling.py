"""Make the call of a clean-up, whether its function is plain or a coroutine function."""

import inspect
import threading
from collections.abc import Callable
from typing import Any


def call(make: Callable[[], object]) -> None:
    """Make a call, and await what it gives.

    Raises:
        BaseException: What the call raises.
    """
    found = make()
    if inspect.isawaitable(found):
        _await(found)


def _await(found: Any) -> None:
    """Await in a loop of its own; this thread may have one that runs."""
    import asyncio  # noqa: PLC0415 - only for coroutine functions

    async def give() -> None:
        await found

    errors: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(give())
        except BaseException as error:  # noqa: BLE001 - raised where it was called
            errors.append(error)

    thread = threading.Thread(target=run, name="milepost-cleanup")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
