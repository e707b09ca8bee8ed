"""Phases that had failed when another one finished: it saw the world as they left it."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Final

from milepost import attempts
from milepost.checkpoint import PhaseStatus
from milepost.phases.run import Run

KEY: Final = "after_failed"
_FAILED: Final = (attempts.FAILED, attempts.CRASHED, attempts.INTERRUPTED)


def failed_before(run: Run, name: str) -> list[str]:
    """Name the phases of a checkpoint that had failed when another one began.

    Args:
        run: The run.
        name: The phase that finishes now.
    """
    phases = run.checkpoint.phases if run.checkpoint else {}
    own = phases[name].milepost_attempts if name in phases else []
    began = str(own[-1].get("started_at", "")) if own else ""
    before = takewhile(lambda phase: phase.phase_name != name, phases.values())
    return [
        phase.phase_name
        for phase in before  # what comes after it builds on it, and not the other way
        if phase.status != PhaseStatus.COMPLETED
        and phase.milepost_outcome in _FAILED
        and str(phase.milepost_attempts[-1].get("ended_at") or "") <= began
    ]


def doubts(run: Run, name: str, kept: Mapping[str, Any]) -> list[str]:
    """Say for people why a restored value may be of another world, and the cure.

    Args:
        run: The run.
        name: The phase that is restored.
        kept: What stands beside its value in the document.
    """
    phases = run.checkpoint.phases if run.checkpoint else {}
    finished = {n: p for n, p in phases.items() if p.status == PhaseStatus.COMPLETED}
    since = [each for each in kept.get(KEY, ()) if each in finished]
    own = str(phases[name].completed_at or "")
    again = [
        each
        for each in kept.get("consumed", ())
        if each in finished and str(finished[each].completed_at or "") > own
    ]
    lines = []
    if since:
        failed = f"{', '.join(since)} had failed, which {_have(since)} finished since"
        lines.append(f"{name} finished when {failed}\n{_cure(name)}")
    if again:
        lines.append(f"{name} finished before {', '.join(again)} ran again\n{_cure(name)}")
    return lines


def _cure(name: str) -> str:
    return (
        "It is restored as it was: its inputs are equal, what it found in the world need "
        "not be\n"
        f"If it builds on that, run it again: --milepost-from {name}"
    )


def _have(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"
