"""The end-to-end test of MGE V2: it breaks, continues where it broke, and passes.

Asks the model that ``MGE_MODEL_URL`` or ``ANTHROPIC_API_KEY`` names, else a stand-in of
its own. ``MGE_INITIAL_DELAY`` shortens the waits between attempts, for whoever runs this
test hundreds of times; ``MGE_ACCEPTANCE=0`` leaves the start of the generated project out.
"""

import hashlib
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.mge_v2 import phases
from examples.mge_v2.acceptance import run_acceptance
from examples.mge_v2.digest import result_digest
from examples.mge_v2.pipeline import REQUEST
from examples.mge_v2.stand_in import available_model
from milepost.document_errors import DamagedCheckpointError

from .checkpoint_manager import CheckpointManager, TestCheckpoint
from .retry_handler import PhaseRetryHandler, RetryConfig

Execute = Callable[
    [str, Callable[[], Awaitable[dict[str, Any]]]], Awaitable[dict[str, Any]]
]

TEST_NAME = "MGE V2 FastAPI Pipeline"
TEST_ID = f"fastapi_pipeline_{hashlib.sha256(REQUEST.encode()).hexdigest()[:8]}"
# The pipeline's database and files lie with the checkpoints and go with them.
WORKSPACE = Path(__file__).parent / "checkpoints" / f"workspace_{TEST_ID}"
DATABASE_URL = f"sqlite:///{WORKSPACE / 'mge.db'}"
OUTPUT = WORKSPACE / "output"

results: dict[str, dict[str, Any]] = {}


@pytest.fixture
def checkpoint_manager() -> CheckpointManager:
    """Give the manager with its checkpoints beside this file."""
    return CheckpointManager()


@pytest.fixture
def retry_handler() -> PhaseRetryHandler:
    """Give the retry policy of the end-to-end test."""
    config = RetryConfig(
        max_retries=3,
        initial_delay=float(os.environ.get("MGE_INITIAL_DELAY", "5.0")),
        max_delay=120.0,
        exponential_base=2.0,
        jitter=True,
    )
    return PhaseRetryHandler(config=config)


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make a model available to the pipeline."""
    with available_model() as provider:
        if provider.base_url:
            monkeypatch.setenv("MGE_MODEL_URL", provider.base_url)
        yield


async def run_discovery() -> dict[str, Any]:
    """Find the domain model behind the request."""
    WORKSPACE.mkdir(parents=True, exist_ok=True)
    return await phases.discovery(REQUEST, DATABASE_URL)


async def run_masterplan_generation() -> dict[str, Any]:
    """Plan the project: milestones and tasks."""
    return await phases.masterplan(results["discovery"]["discovery_id"], DATABASE_URL)


async def run_code_generation() -> dict[str, Any]:
    """Have the model write one file a task."""
    return await phases.code_generation(_plan(), DATABASE_URL)


async def run_atomization() -> dict[str, Any]:
    """Cut the files into atoms."""
    return await phases.atomization(_plan(), DATABASE_URL)


async def run_wave_execution() -> dict[str, Any]:
    """Check the atoms, wave by wave."""
    return await phases.wave_execution(_plan(), DATABASE_URL)


async def run_file_writing() -> dict[str, Any]:
    """Write the project to the disk."""
    return await phases.file_writing(_plan(), DATABASE_URL, str(OUTPUT))


async def run_infrastructure() -> dict[str, Any]:
    """Add what is needed to run the project."""
    return await phases.infrastructure(_plan(), DATABASE_URL, str(OUTPUT))


def load_or_start_over(manager: CheckpointManager) -> TestCheckpoint | None:
    """Load the checkpoint; a damaged file is set aside by the one created anew."""
    try:
        return manager.load_checkpoint(TEST_ID)
    except DamagedCheckpointError as error:
        print(error)
        return None


def _plan() -> str:
    return str(results["masterplan"]["masterplan_id"])


PIPELINE = {
    "discovery": run_discovery,
    "masterplan": run_masterplan_generation,
    "code_generation": run_code_generation,
    "atomization": run_atomization,
    "wave_execution": run_wave_execution,
    "file_writing": run_file_writing,
    "infrastructure": run_infrastructure,
}


@pytest.mark.asyncio
@pytest.mark.xdist_group("mge_v2_e2e")
async def test_complete_mge_v2_pipeline_fastapi(
    checkpoint_manager: CheckpointManager,
    execute_phase_with_checkpoint: Execute,
) -> None:
    """A request becomes a FastAPI project that serves and passes its own tests."""
    print("🚀 Starting MGE V2 E2E Test - FastAPI Project (with recovery)")
    checkpoint = load_or_start_over(checkpoint_manager)
    if checkpoint:
        print("♻️  Found existing checkpoint - resuming from last state")
        checkpoint_manager.print_checkpoint_status(checkpoint)
        resume_phase = checkpoint_manager.get_resume_phase(checkpoint)
        if resume_phase:
            print(f"\n▶️  Resuming from phase: {resume_phase}\n")
    else:
        shutil.rmtree(WORKSPACE, ignore_errors=True)
        checkpoint_manager.create_checkpoint(TEST_NAME, TEST_ID, REQUEST, list(PIPELINE))
        print(f"💾 Created checkpoint: {TEST_ID}")

    for name, run_phase in PIPELINE.items():
        results[name] = await execute_phase_with_checkpoint(name, run_phase)

    assert results["discovery"]["domain"] == "Task Management System"
    assert results["masterplan"]["generated_tasks_count"] >= 30
    assert (
        results["code_generation"]["generated_code_count"]
        == results["masterplan"]["generated_tasks_count"]
    )
    project = OUTPUT / results["file_writing"]["project_directory"]
    for name in ("Dockerfile", "docker-compose.yml", ".env.example", "requirements.txt"):
        assert (project / name).is_file()
    if os.environ.get("MGE_ACCEPTANCE") != "0":
        acceptance = run_acceptance(project)
        assert acceptance.accepted, acceptance.output
    print(f"🏁 Result: {result_digest(DATABASE_URL, str(OUTPUT))}")

    checkpoint_manager.cleanup_checkpoint(TEST_ID)
    shutil.rmtree(WORKSPACE)
