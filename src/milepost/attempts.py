"""What happens to a phase: started, completed, failed, superseded, taken back.

Changes the document in memory, in place, and writes nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from milepost import clock
from milepost.checkpoint import PhaseCheckpoint, PhaseStatus, TestCheckpoint

EARLIER_KEPT: Final = 50
# How an attempt can end; the document shows all but the first two as pending.
COMPLETED, FAILED = "completed", "failed"
CRASHED, INTERRUPTED, SKIPPED, NOT_KEPT = "crashed", "interrupted", "skipped", "not_kept"

_VALUE_RECORDS = (
    "value",
    "inputs",
    "live",
    "fingerprint",
    "consumed",
    "awaitable",
    "temporary",
    "after_failed",
    "steps",
)


def begin(checkpoint: TestCheckpoint, phase: PhaseCheckpoint, run: str) -> None:
    """Start an attempt at a phase; a value that it has goes under ``earlier``."""
    if phase.status == PhaseStatus.COMPLETED:
        supersede(phase, "stale")
    if phase.milepost_clock is not None:
        end(phase, INTERRUPTED)
    phase.status = PhaseStatus.IN_PROGRESS
    phase.retry_count = (phase.retry_count or 0) + 1
    phase.started_at, phase.completed_at = clock.now_at(), None
    phase.duration_seconds = phase.error = phase.milepost_unkept = None
    phase.milepost_attempts.append(
        {"run": run, "started_at": phase.started_at, "outcome": None}
    )
    phase.milepost_clock = clock.monotonic()
    checkpoint.current_phase = phase.phase_name


def withdraw(phase: PhaseCheckpoint) -> None:
    """Take an attempt back whose beginning could not be written: nothing was called."""
    phase.milepost_attempts.pop()
    phase.retry_count -= 1
    phase.milepost_clock = None
    phase.status = PhaseStatus.PENDING


def end(phase: PhaseCheckpoint, outcome: str, error: str | None = None) -> None:
    """End the running attempt, or record one that was never started."""
    if not phase.milepost.get("attempts") or phase.milepost_outcome:
        phase.milepost_attempts.append({"run": None, "started_at": clock.now_at()})
        phase.started_at = phase.started_at or clock.now_at()
    started, phase.milepost_clock = phase.milepost_clock, None
    seconds = None if started is None else round(clock.monotonic() - started, 3)
    phase.completed_at, phase.duration_seconds = clock.now_at(), seconds
    phase.error = error
    phase.milepost_attempts[-1] |= {
        "ended_at": phase.completed_at,
        "seconds": seconds,
        "outcome": outcome,
        "error": error,
    }


def complete(
    phase: PhaseCheckpoint,
    data: Any,
    record: Mapping[str, Any],
    more: Mapping[str, Any] | None = None,
) -> None:
    """End the running attempt with a value.

    Args:
        phase: The phase.
        data: The value as plain JSON; left out of the document where it is a blob.
        record: The value's form, keys, hashes and codec.
        more: What the value depends on: inputs, fingerprint and the rest.
    """
    if phase.status == PhaseStatus.COMPLETED:
        supersede(phase, "stale")
    end(phase, COMPLETED)
    phase.status = PhaseStatus.COMPLETED
    if "value" not in phase.milepost:
        phase.milepost_extra |= phase.milepost_data  # no value: fields nobody here knows
    clear_value(phase)
    _place(phase, data, record)
    phase.milepost |= dict(more or {})


def _place(phase: PhaseCheckpoint, data: Any, record: Mapping[str, Any]) -> None:
    phase.milepost["value"] = dict(record)
    if record["form"] == "flat":
        phase.milepost_data = data
    elif record["form"] == "inline":
        phase.milepost_extra["result"] = data


def fail(checkpoint: TestCheckpoint, phase: PhaseCheckpoint, error: str) -> None:
    """End the running attempt as failed."""
    end(phase, FAILED, error)
    phase.status = PhaseStatus.FAILED
    checkpoint.total_retries += 1


def count_as_failed(checkpoint: TestCheckpoint, phase: PhaseCheckpoint, error: str) -> None:
    """Turn the last attempt, which was interrupted, into a failed one."""
    phase.milepost_attempts[-1] |= {"outcome": FAILED, "error": error}
    phase.status, phase.error = PhaseStatus.FAILED, error
    checkpoint.total_retries += 1


def set_back(phase: PhaseCheckpoint, outcome: str, error: str | None = None) -> None:
    """End the running attempt without a value to keep: the phase is to be run again."""
    end(phase, outcome, error)
    phase.status = PhaseStatus.PENDING


def skip(phase: PhaseCheckpoint) -> None:
    """Mark a phase skipped; one that has completed stays so, with its value."""
    if phase.status != PhaseStatus.COMPLETED:
        if phase.milepost_clock is not None:
            end(phase, SKIPPED)
        phase.status = PhaseStatus.SKIPPED


def supersede(phase: PhaseCheckpoint, reason: str) -> None:
    """Move a phase's value under ``earlier``; the phase is pending then.

    Args:
        phase: A completed phase.
        reason: ``stale``, whose value is found again when its code and inputs come
            back; or ``dropped``, which is shown and never restored.
    """
    kept = {key: phase.milepost[key] for key in _VALUE_RECORDS if key in phase.milepost}
    kept |= {
        "reason": reason,
        "completed_at": phase.completed_at,
        "duration_seconds": phase.duration_seconds,
        "data": phase.milepost_extra.get("result", phase.milepost_data),
    }
    phase.milepost["earlier"] = [*phase.milepost_earlier, kept][-EARLIER_KEPT:]
    clear_value(phase)
    phase.status = PhaseStatus.PENDING


def take_back(phase: PhaseCheckpoint, number: int) -> None:
    """Make an earlier value the phase's value again."""
    found = phase.milepost_earlier.pop(number)
    if phase.status == PhaseStatus.COMPLETED:
        supersede(phase, "stale")
    phase.status = PhaseStatus.COMPLETED
    phase.completed_at, phase.error = found.get("completed_at"), None
    phase.duration_seconds = found.get("duration_seconds")
    phase.milepost |= {key: found[key] for key in _VALUE_RECORDS if key in found}
    _place(phase, found.get("data"), found["value"])


def clear_value(phase: PhaseCheckpoint) -> None:
    """Take a phase's value and all that it depended on out of the document."""
    phase.milepost_data, phase.milepost_unkept = {}, None
    phase.milepost_extra.pop("result", None)
    forget_basis(phase)


def forget_basis(phase: PhaseCheckpoint) -> None:
    """Take out what says that a phase's value is one, and what it depended on."""
    for key in _VALUE_RECORDS:
        phase.milepost.pop(key, None)


def mark_crashed(checkpoint: TestCheckpoint) -> list[str]:
    """Turn what a dead run left in progress into crashed.

    Returns:
        The names of the phases concerned.
    """
    crashed = []
    for phase in checkpoint.phases.values():
        if phase.status == PhaseStatus.IN_PROGRESS:
            if not phase.milepost.get("attempts"):
                phase.milepost_attempts.append(
                    {"run": None, "started_at": phase.started_at}
                )
            phase.milepost_attempts[-1] |= {"outcome": CRASHED}
            phase.status = PhaseStatus.PENDING
            crashed.append(phase.phase_name)
    return crashed


def crashes_in_a_row(phase: PhaseCheckpoint) -> list[int]:
    """Give the numbers of the attempts up to the last one that crashed, newest first."""
    numbers = []
    for back, attempt in enumerate(reversed(phase.milepost.get("attempts", []))):
        if attempt.get("outcome") != CRASHED:
            break
        numbers.append(phase.retry_count - back)
    return numbers


def drop_from(checkpoint: TestCheckpoint, name: str) -> list[str]:
    """Set back a phase and all that were first started after it.

    Returns:
        The names of the phases set back; empty if there is no phase of that name.
    """
    started = sorted(
        (phase for phase in checkpoint.phases.values() if phase.retry_count),
        key=_first_started,
    )
    names = [phase.phase_name for phase in started]
    dropped = names[names.index(name) :] if name in names else []
    for phase in (checkpoint.phases[each] for each in dropped):
        if phase.status == PhaseStatus.COMPLETED:
            supersede(phase, "dropped")
        for kept in phase.milepost.get("earlier", []):
            kept["reason"] = "dropped"
    return dropped


def _first_started(phase: PhaseCheckpoint) -> str:
    attempts = phase.milepost.get("attempts") or [{}]
    return str(attempts[0].get("started_at") or phase.started_at or "")
