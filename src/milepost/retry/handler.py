"""When to try a phase again, and how long to wait.

Says nothing about what is kept of a phase; whoever records its attempts listens.
"""

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from milepost import clock
from milepost.retry.config import RetryConfig
from milepost.retry.decision import AttemptListener, Attempts, Ending

if TYPE_CHECKING:
    from tenacity import RetryCallState

P = ParamSpec("P")
T = TypeVar("T")


def call(
    phase_name: str,
    fn: Callable[[], T],
    config: RetryConfig,
    *,
    listener: AttemptListener | None = None,
    time_left: Callable[[], float | None] | None = None,
) -> T:
    """Call a function, and again while what it raises is transient.

    Args:
        phase_name: The phase, for the log and the note.
        fn: Called once an attempt.
        config: How often and after what waits.
        listener: Told of each attempt as it happens. If it fails, nothing is tried
            again.
        time_left: Tells the seconds until the run's deadline, None without one. No
            wait ends after it.

    Returns:
        What fn returns. If that is awaitable, a coroutine that awaits it, and calls
        fn again while what is raised is transient.

    Raises:
        BaseException: What the last attempt raised, with a note if there were several.
    """
    __tracebackhide__ = True
    attempts = Attempts(phase_name, config, listener, time_left)
    ending = _retry(_attempt(attempts, fn), partial(_attempt, attempts, fn))
    if inspect.isawaitable(ending.value):
        return cast("T", _call_on(attempts, fn, ending.value))
    return ending.give()


async def call_async(
    phase_name: str,
    fn: Callable[[], Awaitable[T]],
    config: RetryConfig,
    *,
    listener: AttemptListener | None = None,
    time_left: Callable[[], float | None] | None = None,
) -> T:
    """Await what a function returns, and call it again while the error is transient.

    An attempt has ended before the next one starts. Runs under asyncio and trio.

    Args:
        phase_name: As for `call`.
        fn: As for `call`.
        config: As for `call`.
        listener: As for `call`.
        time_left: As for `call`.

    Returns:
        What the awaitable gives.

    Raises:
        BaseException: As for `call`.
    """
    __tracebackhide__ = True
    attempts = Attempts(phase_name, config, listener, time_left)
    again = partial(_attempt_async, attempts, fn)
    ending: Ending[T] = await _retry_async(await again(), again)
    return ending.give()


class PhaseRetryHandler:
    """Runs phases and tries them again after transient errors.

    Args:
        config: How often and after what waits; without one 3 retries, after 5, 10 and
            20 seconds.
    """

    def __init__(self, config: RetryConfig | None = None) -> None:
        self.config = config or RetryConfig(
            max_retries=3,
            initial_delay=5.0,
            max_delay=120.0,
            exponential_base=2.0,
            jitter=True,
        )

    def execute_with_retry(
        self,
        phase_name: str,
        fn: Callable[P, T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a phase, and again while what it raises is transient.

        Args:
            phase_name: The phase, for the log and the note.
            fn: The phase's function, plain or a coroutine function.
            *args: Its arguments.
            **kwargs: Its keyword arguments.

        Returns:
            What fn returns; for a coroutine function a coroutine, to be awaited.

        Raises:
            BaseException: What the last attempt raised, with a note if there were
                several.
        """
        __tracebackhide__ = True
        return call(phase_name, partial(fn, *args, **kwargs), self.config)


def _attempt(attempts: Attempts, fn: Callable[[], T]) -> Ending[T]:
    __tracebackhide__ = True
    refused = attempts.begin()
    if refused is not None:
        return Ending(error=refused)
    try:
        return Ending(value=fn())
    except BaseException as error:  # noqa: BLE001 - it comes out again, see Ending.give
        return attempts.end(error)


async def _attempt_async(attempts: Attempts, fn: Callable[[], object]) -> Ending[T]:
    __tracebackhide__ = True
    started: Ending[object] = _attempt(attempts, fn)
    if inspect.isawaitable(started.value):
        return await _await(attempts, started.value)
    return cast("Ending[T]", started)


async def _await(attempts: Attempts, begun: Awaitable[T]) -> Ending[T]:
    __tracebackhide__ = True
    try:
        return Ending(value=await begun)
    except BaseException as error:  # noqa: BLE001 - it comes out again, see Ending.give
        return attempts.end(error)


async def _call_on(attempts: Attempts, fn: Callable[[], object], begun: Awaitable[T]) -> T:
    __tracebackhide__ = True
    again = partial(_attempt_async, attempts, fn)
    ending: Ending[T] = await _retry_async(await _await(attempts, begun), again)
    return ending.give()


def _retry(first: Ending[T], again: Callable[[], Ending[T]]) -> Ending[T]:
    if first.wait is None:
        return first
    from tenacity import Retrying  # noqa: PLC0415 - most phases are never retried

    known = [first]
    # A fresh one a call: it keeps its state on itself.
    retrying = Retrying(retry=_wants_more, wait=_wait, sleep=clock.sleep, reraise=True)
    return retrying(lambda: known.pop() if known else again())


async def _retry_async(
    first: Ending[T], again: Callable[[], Awaitable[Ending[T]]]
) -> Ending[T]:
    if first.wait is None:
        return first
    from tenacity import AsyncRetrying  # noqa: PLC0415 - most phases are never retried

    known = [first]

    async def attempt() -> Ending[T]:
        return known.pop() if known else await again()

    retrying = AsyncRetrying(
        retry=_wants_more, wait=_wait, sleep=clock.async_sleep, reraise=True
    )
    return await retrying(attempt)


def _wants_more(state: "RetryCallState") -> bool:
    outcome = state.outcome
    return outcome is not None and not outcome.failed and outcome.result().wait is not None


def _wait(state: "RetryCallState") -> float:
    return float(cast("float", state.outcome and state.outcome.result().wait))
