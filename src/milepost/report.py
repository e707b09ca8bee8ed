"""Every line printed for people."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from milepost import retold
from milepost.checkpoint import PhaseCheckpoint, PhaseStatus, TestCheckpoint
from milepost.money import amounts, telling

RULE: Final = "=" * 60
money = amounts.money
_ICONS: Final = {
    PhaseStatus.PENDING: "⏳",
    PhaseStatus.IN_PROGRESS: "🔄",
    PhaseStatus.COMPLETED: "✅",
    PhaseStatus.FAILED: "❌",
    PhaseStatus.SKIPPED: "⏭️",
}

_GONE: Final = (
    "What a phase's value points to may be gone: use phase.cleanup (module_phase.cleanup)",
    "instead of code after yield, phase.directory instead of tmp_path",
)
ANSWER_MISSING: Final = (
    "a call in it was not made, for it might have gone over the budget\n"
    "What was made without the answer would be restored for good.\n"
    "Run again with a larger budget: what has been bought is kept."
)


def say(text: str = "") -> None:
    """Print a line; what the terminal cannot show is replaced, never an error."""
    line = f"{text}\n"
    try:
        sys.stdout.write(line)
        sys.stdout.flush()
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(line.encode(encoding, "replace").decode(encoding))
    except (OSError, ValueError):
        pass  # standard output is closed: nobody reads, and the test must go on


def show_status(checkpoint: TestCheckpoint) -> None:
    """Print where a test stands, phase by phase."""
    say(status_block(checkpoint))


def status_block(checkpoint: TestCheckpoint) -> str:
    """Give the status of a test as the original system shows it."""
    started = checkpoint.started_at[: len("2025-11-10T18:31:48")] or "N/A"
    lines = [
        "",
        RULE,
        f"📋 Checkpoint Status: {checkpoint.test_name}",
        f"🆔 Test ID: {checkpoint.test_id}",
        f"⏱️  Started: {started}",
        f"⏱️  Duration: {checkpoint.total_duration_seconds or 0.0:.1f}s",
        f"🔄 Total Retries: {checkpoint.total_retries or 0}",
        RULE,
        "",
    ]
    return "\n".join(lines + [_status_line(phase) for phase in checkpoint.phases.values()])


def _status_line(phase: PhaseCheckpoint) -> str:
    words = [str(phase.status)]
    if phase.status == PhaseStatus.PENDING and phase.milepost_outcome:
        words.append(f"({phase.milepost_outcome.replace('_', ' ')})")
    if (phase.retry_count or 0) > 1:
        words.append(f"(retry {phase.retry_count})")
    seconds = phase.duration_seconds
    duration = "N/A" if seconds is None else f"{seconds:.1f}s"
    icon = _ICONS.get(phase.status, "❓")
    return f"{icon} {phase.phase_name}: {' '.join(words)} - {duration}"


def checkpoint_created(test_id: str) -> None:
    """Say that a new checkpoint begins."""
    say(f"💾 Created checkpoint: {test_id}")


def checkpoint_found(checkpoint: TestCheckpoint, resume_phase: str | None) -> None:
    """Say that a test goes on, and from where."""
    say("♻️  Found existing checkpoint - resuming from last state")
    show_status(checkpoint)
    if resume_phase:
        say(f"\n▶️  Resuming from phase: {resume_phase}\n")


def phase_starts(name: str, attempt: int) -> None:
    """Say that an attempt at a phase begins; ``attempt`` counts over all runs."""
    say(f"\n▶️  Starting phase: {name}" + (f" (attempt {attempt})" if attempt > 1 else ""))


def phase_completed(name: str) -> None:
    """Say that a phase has finished and is kept."""
    say(f"✅ Phase {name} completed successfully")


def phase_restored(name: str) -> None:
    """Say that a phase is not run again."""
    say(f"⏭️  Phase {name} already completed - skipping")


def phase_stale(name: str, reasons: Sequence[str]) -> None:
    """Say why a saved value is not used."""
    say(f"♻️  Phase {name} is stale: {reasons[0]}")


def phase_not_kept(name: str, reason: str) -> None:
    """Say that a phase ran and its value could not be written."""
    head, *rest = reason.removeprefix("milepost: ").splitlines()
    say(
        "\n".join(
            [f"⚠️ Phase {name} ran, not kept: {head}", *[f"   {line}" for line in rest]]
        )
    )


def attempt_failed(
    name: str, attempt: int, of: int, error: str, wait: float | None, outcome: str
) -> None:
    """Say how an attempt ended that gave no value, and what follows."""
    if outcome != "failed":
        say(f"⏸️  Phase {name} {outcome}: {error}")
        return
    if wait is not None or attempt > 1:
        say(f"⚠️ Phase {name} failed (attempt {attempt}/{of})")
        say(f"   Error: {error}")
    if wait is None:
        say(f"❌ Phase {name} failed: {error}")
    else:
        say(f"⏳ Retrying in {wait:.1f}s with exponential backoff...")


def item_finished(phase: str, name: str, done: int, of: int, label: str) -> None:
    """Tell that an item of a ``step_map`` has finished."""
    say(f"   {phase} / {name}: {done} of {of} ({label})")


def steps_elsewhere(number: int) -> str:
    """Say that steps were called where they cannot be kept."""
    return (
        f"{count(number, 'step')} ran in other processes: plain calls there, not kept. "
        "Call the step around what the other process does"
    )


def calls_unattributed(number: int) -> str:
    """Say that calls were made of which nobody knows to which phase they belong."""
    return (
        f"{count(number, 'call')} made in threads that belong to no phase, while several "
        "were active: not kept. Hand such threads milepost.bind(fn)"
    )


def journal_damaged(lines: int) -> str:
    """Say that lines of the journal could not be used."""
    return (
        f"{count(lines, 'line')} of the journal damaged and left out; all others are used"
    )


def live_input(phase: str, name: str, kind: str) -> str:
    """Give the line about an input that counts by its type only."""
    return (
        f"{phase}: argument {name!r} ({kind}) is live: counted by type. "
        "Add what matters: with_options(inputs=[...])"
    )


def late(phase: str, seconds: float, bound: float) -> str:
    """Give the line about a plain function that took longer than its timeout."""
    return (
        f"{phase} took {duration(seconds)}, and its timeout is {duration(bound)}. A plain "
        "function cannot be cancelled: its late value is kept. Make it a coroutine "
        "function, or use pytest-timeout"
    )


def duration(seconds: float) -> str:
    """Give seconds as people say them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    if seconds < 86400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def resume_line(tests: Sequence[tuple[str, int, int, float]]) -> str:
    """Give the line under the collection: what will resume, and how to undo it.

    Args:
        tests: Name, finished phases, known phases and age in seconds of each.
    """
    shown = [
        f"{name} ({done} of {count(known, 'phase')}, {duration(age)} old)"
        for name, done, known, age in tests[:3]
    ]
    more = f" and {len(tests) - 3} more" if len(tests) > 3 else ""
    return f"milepost: resuming {', '.join(shown)}{more}; to start over: --milepost=fresh"


def section(
    records: Mapping[str, tuple[dict[str, Any], bool]], *, is_ci: bool
) -> list[str]:
    """Give the lines of the terminal section.

    Args:
        records: By node id what the test's run did, and whether the test passed.
        is_ci: Whether this is a CI job, which has to keep the folder by itself.
    """
    lines = []
    for nodeid, (record, passed) in records.items():
        lines += test_lines(nodeid, record, passed=passed)
    lines += retold.stacked([record for record, _ in records.values()])
    kept = [record for record, passed in records.values() if not passed]
    folders = dict.fromkeys(record.get("directory", "") for record in kept)
    return lines + (ci_lines(list(folders)) if folders and is_ci else [])


def test_lines(nodeid: str, record: dict[str, Any], *, passed: bool) -> list[str]:
    """Give the lines of the terminal section about one test.

    Args:
        nodeid: The test.
        record: What its run did; see ``RunRecord.to_dict``.
        passed: Whether the test passed, so that nothing is kept.
    """
    phases: list[dict[str, Any]] = record.get("phases", [])
    lines = [nodeid]
    width = max((len(phase["phase"]) for phase in phases), default=0)
    for phase in phases:
        lines.append(f"  {phase['phase']:<{width}}  {_phase_text(phase)}")
        lines += [f"      {line}" for line in [*_told(phase), *_notes(phase)]]
    lines += _outside_lines(record.get("outside", {}), with_phases=bool(phases))
    for note in record.get("notes", []):
        first, *rest = str(note).splitlines() or [""]
        lines += [f"  {first}", *(f"    {line}" for line in rest)]
    lines += [f"  {line}" for line in telling.test_lines(record)]
    lines += _fixture_lines(record, phases, passed=passed)
    saved = _saved(phases)
    if saved and all(phase["word"] == "restored" for phase in saved):
        lines.append("  restored, asserted again")
        if not passed:
            lines.append("  if a restored value is wrong: --milepost-from PHASE")
            if record.get("money"):
                buy = f"milepost rm {record['test_id']} --calls PHASE"
                lines.append(f"  if a recorded answer is wrong, too: {buy}")
    kept = [phase["phase"] for phase in phases if phase.get("kept")]
    if kept and not passed:
        lines.append(f"  kept: {', '.join(kept)}; run again to go on from there")
    return lines + ([] if passed else retold.repeated(nodeid, record))


def _told(event: Mapping[str, Any]) -> list[str]:
    return [*retold.lines(event), *telling.event_lines(event)]


def _notes(event: Mapping[str, Any]) -> list[str]:
    return [line for note in event.get("notes", []) for line in note.splitlines()]


def _outside_lines(event: Mapping[str, Any], *, with_phases: bool) -> list[str]:
    """Give the lines about what belongs to the test as a whole."""
    told = _told(event)
    if told and event.get("calls_replayed"):
        told[0] = f"restored: {told[0]}"
    if told and with_phases:
        told[0] = f"outside phases: {told[0]}"
    return [f"  {line}" for line in [*told, *_notes(event)]]


def _fixture_lines(
    record: dict[str, Any], phases: Sequence[dict[str, Any]], *, passed: bool
) -> list[str]:
    """Say which fixtures were restored, and which are gone although phases are kept."""
    lines = []
    if record.get("restored_fixtures"):
        lines.append(f"  fixtures restored: {', '.join(record['restored_fixtures'])}")
    is_kept = any(phase.get("kept") for phase in phases) and not passed
    if record.get("torn_down") and is_kept:
        gone = ", ".join(record["torn_down"])
        lines.append(f"  fixtures torn down after the failure: {gone}")
        lines += [f"    {line}" for line in _GONE]
    return lines


def _phase_text(phase: dict[str, Any]) -> str:
    if phase["word"] == "restored":
        saved = duration(phase.get("saved_seconds", 0.0))
        cost = f" and {money(phase['cost_usd'])}" if phase.get("cost_usd") else ""
        return (
            f"restored, {duration(phase.get('age_seconds', 0.0))} old; saved {saved}{cost}"
        )
    text = f"{phase['word']}, {duration(phase.get('seconds', 0.0))}"
    if phase.get("attempts", 0) > 1:
        waited = duration(phase.get("waited_seconds", 0.0))
        text += f"; attempt {phase['attempts']}, waited {waited}"
    error = str(phase.get("error", "")).partition("\n")[0]
    return text + (f"; {error}" if error else "")


def _saved(phases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the phases that run in every run."""
    return [phase for phase in phases if not phase.get("always")]


def last_line(records: Iterable[dict[str, Any]]) -> str:
    """Give the one line that every session ends with, also a quiet one."""
    records = list(records)
    phases = [phase for record in records for phase in record.get("phases", [])]
    restored = [phase for phase in phases if phase["word"] == "restored"]
    retried = [phase for phase in phases if phase.get("attempts", 0) > 1]
    unkept = [phase for phase in phases if phase["word"] == "ran, not kept"]
    outside = [record["outside"] for record in records if record.get("outside")]
    text = f"milepost: {len(restored)} of {count(len(_saved(phases)), 'phase')} restored"
    if restored:
        age = max(phase.get("age_seconds", 0.0) for phase in restored)
        seconds = sum(phase.get("saved_seconds", 0.0) for phase in restored)
        usd = sum(phase.get("cost_usd", 0.0) for phase in restored)
        text += f" (up to {duration(age)} old), {duration(seconds)}"
        text += f" and {money(usd)} saved" if usd else " saved"
    told = retold.counts(retold.total([*phases, *outside]))
    if told:
        text = f"{text}; {told}" if phases else f"milepost: {told}"
    spent = telling.session_text(records)
    text += f"; {spent}" if spent else ""
    text += f"; retried: {', '.join(p['phase'] for p in retried)}" if retried else ""
    text += f"; not kept: {', '.join(p['phase'] for p in unkept)}" if unkept else ""
    standing = [note for record in records for note in _standing_notes(record)]
    return text + (f"; still to clean up: {len(standing)}" if standing else "")


def _standing_notes(record: Mapping[str, Any]) -> list[str]:
    return [note for note in record.get("notes", ()) if "and still stands" in str(note)]


def members_left(ended: Mapping[str, str]) -> str:
    """Say which tests of a scope have yet to pass; nothing where all have.

    Args:
        ended: How each ended last, by name.
    """
    left = [
        f"{name} ({_ENDS.get(outcome, outcome)})"
        for name, outcome in ended.items()
        if outcome not in ("passed", "skipped")
    ]
    more = f" and {len(left) - 3} more" if len(left) > 3 else ""
    return f"kept until these pass, too: {', '.join(left[:3])}{more}" if left else ""


_ENDS: Final = {"pending": "has not run", "blocked": "skipped after a failure"}


def teardown_failed(test: str) -> str:
    """Say that a session's fixtures did not go well.

    Args:
        test: The session's last test, which reports it.
    """
    return f"kept: a teardown failed after the last test, {test}"


def members_unknown(error: str) -> str:
    """Say that nobody can tell which tests a scope has."""
    return f"kept: its tests could not be collected again: {error}"


def count(number: int, noun: str) -> str:
    """Give a number of things as people say it."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def ci_lines(directories: Iterable[str]) -> list[str]:
    """Give what a CI job needs so that its next run goes on from here."""
    lines = ["This is a CI runner: keep the checkpoints for the next run with"]
    for directory in directories:
        lines += [
            f"  before the tests:  actions/cache/restore  path: {directory}",
            f"  after the tests:   actions/cache/save     path: {directory}   if: always()",
        ]
    return lines
