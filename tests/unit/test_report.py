"""The status block and the lines of the seed's two transcripts, letter by letter."""

import io
import sys

import pytest

from milepost import PhaseStatus, TestCheckpoint, report
from milepost.checkpoint import PhaseCheckpoint
from tests.unit.seed import PHASES, RESET

BLOCK = """
============================================================
📋 Checkpoint Status: MGE V2 FastAPI Pipeline
🆔 Test ID: fastapi_pipeline_abc12345
⏱️  Started: 2025-11-10T18:31:48
⏱️  Duration: 1023.4s
🔄 Total Retries: 1
============================================================

✅ discovery: completed - 36.2s
✅ masterplan: completed - 213.4s
❌ code_generation: failed (retry 2) - 450.1s
⏳ atomization: pending - N/A
⏳ wave_execution: pending - N/A
⏳ file_writing: pending - N/A
⏳ infrastructure: pending - N/A
"""
RESUMED = f"""
♻️  Found existing checkpoint - resuming from last state
{BLOCK}
▶️  Resuming from phase: code_generation

⏭️  Phase discovery already completed - skipping
⏭️  Phase masterplan already completed - skipping

▶️  Starting phase: code_generation (attempt 2)
✅ Phase code_generation completed successfully

▶️  Starting phase: atomization
"""
FIRST = """
💾 Created checkpoint: fastapi_pipeline_abc12345

▶️  Starting phase: discovery
✅ Phase discovery completed successfully

▶️  Starting phase: masterplan
✅ Phase masterplan completed successfully

▶️  Starting phase: code_generation
⚠️ Phase code_generation failed (attempt 1/4)
   Error: ConnectionResetError: [Errno 104] Connection reset by peer
⏳ Retrying in 5.0s with exponential backoff...
"""


@pytest.fixture
def checkpoint() -> TestCheckpoint:
    """Give the checkpoint that the seed's second transcript shows."""
    phases = {name: PhaseCheckpoint(name) for name in PHASES}
    for name, seconds in (("discovery", 36.2), ("masterplan", 213.4)):
        phases[name].status = PhaseStatus.COMPLETED
        phases[name].duration_seconds, phases[name].retry_count = seconds, 1
    failed = phases["code_generation"]
    failed.status, failed.error, failed.retry_count = PhaseStatus.FAILED, RESET, 2
    failed.duration_seconds = 450.1
    return TestCheckpoint(
        test_name="MGE V2 FastAPI Pipeline",
        test_id="fastapi_pipeline_abc12345",
        started_at="2025-11-10T18:31:48.123Z",
        total_duration_seconds=1023.4,
        total_retries=1,
        phases=phases,
    )


def test_the_seeds_status_block(checkpoint, capsys):
    """print_checkpoint_status prints what the README shows, and nothing else."""
    report.show_status(checkpoint)
    assert capsys.readouterr().out == BLOCK


def test_the_seeds_second_transcript(checkpoint, capsys):
    """Resuming says where it goes on, and what it passes over, in the seed's words."""
    report.say()
    report.checkpoint_found(checkpoint, "code_generation")
    report.phase_restored("discovery")
    report.phase_restored("masterplan")
    report.phase_starts("code_generation", 2)
    report.phase_completed("code_generation")
    report.phase_starts("atomization", 1)
    assert capsys.readouterr().out == RESUMED


def test_the_seeds_first_transcript(capsys):
    """A first run and its retry are told in the seed's words."""
    report.say()
    report.checkpoint_created("fastapi_pipeline_abc12345")
    for name in ("discovery", "masterplan"):
        report.phase_starts(name, 1)
        report.phase_completed(name)
    report.phase_starts("code_generation", 1)
    report.attempt_failed("code_generation", 1, 4, RESET, 5.0, "failed")
    assert capsys.readouterr().out == FIRST


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (PhaseStatus.PENDING, "⏳ p: pending - N/A"),
        (PhaseStatus.IN_PROGRESS, "🔄 p: in_progress - N/A"),
        (PhaseStatus.COMPLETED, "✅ p: completed - N/A"),
        (PhaseStatus.FAILED, "❌ p: failed - N/A"),
        (PhaseStatus.SKIPPED, "⏭️ p: skipped - N/A"),
    ],
)
def test_every_status_has_its_line(checkpoint, status, line):
    """A phase that took no time is N/A, one that took 0 seconds is 0.0s."""
    checkpoint.phases = {"p": PhaseCheckpoint("p", status=status)}
    assert report.status_block(checkpoint).splitlines()[-1] == line
    checkpoint.phases["p"].duration_seconds = 0
    assert report.status_block(checkpoint).endswith(" - 0.0s")


@pytest.mark.parametrize("outcome", ["crashed", "interrupted", "skipped", "not_kept"])
def test_a_pending_phase_says_why_it_is_pending_again(checkpoint, outcome):
    """What the document calls pending is told by its last attempt."""
    phase = checkpoint.phases["atomization"]
    phase.retry_count = 2
    phase.milepost_attempts.append({"outcome": outcome})
    expected = f"⏳ atomization: pending ({outcome.replace('_', ' ')}) (retry 2) - N/A"
    assert expected in report.status_block(checkpoint)


@pytest.mark.parametrize(
    "moment",
    [
        "2025-11-10T18:31:48.123Z",
        "2025-11-10T18:31:48Z",
        "2025-11-10T18:31:48.848582",
        "2025-11-10T18:31:48",
        "2025-11-10T18:31:48+00:00",
    ],
)
def test_the_start_is_shown_to_the_second(checkpoint, moment):
    """Ours and the original's times are shown as the seed shows them."""
    checkpoint.started_at = moment
    assert "⏱️  Started: 2025-11-10T18:31:48\n" in report.status_block(checkpoint)


def test_a_terminal_that_knows_no_emoji_is_no_error(checkpoint, monkeypatch):
    """What cannot be shown is replaced, and a closed output is nobody's error."""
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_only)
    report.show_status(checkpoint)
    ascii_only.flush()
    assert b"discovery: completed" in ascii_only.buffer.getvalue()

    ascii_only.close()
    report.show_status(checkpoint)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"),
        (59.9, "59.9 s"),
        (60, "1 min 0 s"),
        (750.1, "12 min 30 s"),
        (3600, "1.0 h"),
        (100_000, "1.2 days"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds, text):
    """Short ones to the tenth of a second, long ones shortly."""
    assert report.duration(seconds) == text


@pytest.mark.parametrize(
    ("usd", "text"), [(0, "$0.00"), (0.62, "$0.62"), (0.0042, "$0.0042"), (7, "$7.00")]
)
def test_money_is_said_with_what_counts(usd, text):
    """A fraction of a cent is not nothing."""
    assert report.money(usd) == text
