"""What a person sees: the output is that of the original system, line by line.

Between its lines stand those of the items of a phase, which the original had not.
"""

import re

from tests.e2e.conftest import Story

BROKEN = """\
🚀 Starting MGE V2 E2E Test - FastAPI Project (with recovery)
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

CONTINUED = """\
🚀 Starting MGE V2 E2E Test - FastAPI Project (with recovery)
♻️  Found existing checkpoint - resuming from last state

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

▶️  Resuming from phase: code_generation

⏭️  Phase discovery already completed - skipping
⏭️  Phase masterplan already completed - skipping

▶️  Starting phase: code_generation (attempt 2)
✅ Phase code_generation completed successfully

▶️  Starting phase: atomization
"""


def test_the_first_run_reads_as_in_the_original(broken: Story) -> None:
    """A run that breaks prints the original's lines, in its order and its words."""
    assert masked(broken.outcome.text).startswith(masked(BROKEN))


def test_the_second_run_reads_as_in_the_original(continued: Story) -> None:
    """A run that goes on prints the original's lines, in its order and its words."""
    assert masked(continued.outcome.text).startswith(masked(CONTINUED))


def masked(text: str) -> str:
    """Put N for every number and ID for the test's own; begin at the first line."""
    text = text[text.index("🚀") :]
    text = re.sub(r"^   code_generation / write_file: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"fastapi_pipeline_[0-9a-f]{8}\b", "fastapi_pipeline_ID", text)
    return re.sub(r"\d+(\.\d+)?", "N", text)
