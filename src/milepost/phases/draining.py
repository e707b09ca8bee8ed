"""A failing phase waits, for a bounded time, for the answers that are on their way."""

from typing import TYPE_CHECKING

from milepost.checkpoint import PhaseCheckpoint
from milepost.phases.outcomes import outcome_of
from milepost.words import INTERRUPTED

if TYPE_CHECKING:
    from milepost.phases.execution import Execution
    from milepost.steps.scope import Scope


def drain(execution: "Execution", error: BaseException) -> None:
    """Wait in this thread.

    Args:
        execution: The phase.
        error: Why it fails.
    """
    scope = _in_flight(execution, error)
    if scope:
        seconds = execution.run.manager.settings.drain
        _say(execution, scope.flights.drain(scope, seconds), seconds)


async def drain_async(execution: "Execution", error: BaseException) -> None:
    """Wait in this task, as for ``drain``."""
    scope = _in_flight(execution, error)
    if scope:
        seconds = execution.run.manager.settings.drain
        _say(execution, await scope.flights.drain_async(scope, seconds), seconds)


def _in_flight(execution: "Execution", error: BaseException) -> "Scope | None":
    """Give the attempt if anything of it is in flight; its end is written down first.

    Where a signal ends a run, there may be no time to write it afterwards.
    """
    scope = execution.run.memory.find_attempt(execution.name)
    if isinstance(error, GeneratorExit) or scope is None or not scope.flights.of(scope):
        return None
    event = execution.run.record.event(execution.name)
    if outcome_of(error) == INTERRUPTED:
        execution.attempt_failed(event.attempts, error, None)
    return scope


def _say(execution: "Execution", left: int, seconds: float) -> None:
    if left:
        execution.run.record.event(execution.name).notes.append(
            f"{left} still in flight after {seconds:g} s (milepost_drain): what they "
            "give may be lost, and what they cost is not known"
        )


def count_purchases(phase: PhaseCheckpoint, scope: "Scope | None") -> None:
    """Write with an attempt how many steps and calls it made, and how many it restored.

    Args:
        phase: The phase.
        scope: The attempt.
    """
    if not (scope and (scope.bought or scope.replayed) and phase.milepost.get("attempts")):
        return
    counts = {"bought": scope.bought, "replayed": scope.replayed}
    counts |= {"asked": scope.asked} if scope.asked else {}
    phase.milepost_attempts[-1] |= counts
