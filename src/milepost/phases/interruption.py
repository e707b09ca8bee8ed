"""What becomes of phases that were cut off: by the end of a test, or by its timeout."""

from typing import TYPE_CHECKING

from milepost import attempts
from milepost.words import FAILED, INTERRUPTED, NOT_KEPT, RUNNING

if TYPE_CHECKING:
    from milepost.phases.run import Run


def interrupt_active(run: "Run") -> None:
    """Set the phases back that have not ended."""
    phases = run.checkpoint.phases.values() if run.checkpoint else ()
    for phase in phases:
        if phase.milepost_clock is not None:
            event = run.record.event(phase.phase_name)
            refused = event.word == NOT_KEPT
            attempts.set_back(phase, attempts.NOT_KEPT if refused else attempts.INTERRUPTED)
            run.is_changed = True
            event.word = INTERRUPTED if event.word == RUNNING else event.word


def blame_timeout(run: "Run", error: str) -> None:
    """Count as failed what this run's timeout cut off.

    Args:
        run: The run.
        error: What the test's report says.
    """
    document, own = run.checkpoint, run.record.run
    for phase in document.phases.values() if document else ():
        last = phase.milepost_attempts[-1] if phase.milepost.get("attempts") else {}
        if document and last.get("run") == own and last.get("outcome") == INTERRUPTED:
            attempts.count_as_failed(document, phase, error)
            run.is_changed = True
            event = run.record.event(phase.phase_name)
            event.word, event.error = FAILED, error
