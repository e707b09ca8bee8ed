"""Phases that had failed when another one finished: it saw the world as they left it."""

from collections.abc import Mapping
from typing import Any, Final

from milepost import attempts
from milepost.checkpoint import PhaseStatus
from milepost.phases.run import Run

KEY: Final = "after_failed"
_FAILED: Final = (attempts.FAILED, attempts.CRASHED, attempts.INTERRUPTED)


def failed_before(run: Run, name: str) -> list[str]:
    """Name the phases of a checkpoint that have failed and not finished since.

    Args:
        run: The run.
        name: The phase that finishes now, which does not count.
    """
    phases = run.checkpoint.phases.values() if run.checkpoint else ()
    return [
        phase.phase_name
        for phase in phases
        if phase.phase_name not in (name, *run.active)
        and phase.status != PhaseStatus.COMPLETED
        and phase.milepost_outcome in _FAILED
    ]


def finished_since(run: Run, kept: Mapping[str, Any]) -> list[str]:
    """Name those of them that have finished meanwhile.

    Args:
        run: The run.
        kept: What stands beside the value that was made when they had failed.
    """
    phases = run.checkpoint.phases if run.checkpoint else {}
    names = [name for name in kept.get(KEY, ()) if name in phases]
    return [name for name in names if phases[name].status == PhaseStatus.COMPLETED]


def note_of(name: str, others: list[str]) -> str:
    """Say for people that a restored value may be of another world, and the cure."""
    failed = f"{', '.join(others)} had failed, which {_have(others)} finished since"
    return (
        f"{name} finished when {failed}\n"
        "It is restored as it was: its inputs are known, not what it found in the world\n"
        f"If it builds on that, run it again with --milepost-from {name}, and give it what "
        "the other returns as an argument"
    )


def _have(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"
