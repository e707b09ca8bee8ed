"""Phases that run again: after success, after a failure, after a crash."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import anthropic
import pytest

from examples.mge_v2.moments import MOMENTS
from examples.mge_v2.phases import PHASES, code_generation
from examples.mge_v2.stand_in import StandIn
from tests.mge_v2.run import Run, failure_of, whole_run

ROOT = Path(__file__).parents[2]
TASKS_API = "Target file: app/api/tasks.py"

# Runs the pipeline in a process of its own, to be killed in the middle.
CHILD = """
import sys
from pathlib import Path
from examples.mge_v2.provider import Provider
from tests.mge_v2.run import whole_run
whole_run(Path(sys.argv[1]), Provider(base_url=sys.argv[2]))
"""


@pytest.mark.parametrize("name", PHASES)
def test_a_phase_that_runs_again_changes_nothing(
    name: str, finished: Run, model: StandIn, tmp_path: Path
) -> None:
    """A phase replaces its own rows and files, and touches no other phase's."""
    copy = finished.copy(tmp_path / "copy")

    assert copy.again(name, model.provider()) == finished.results[name]
    assert copy.digest == finished.digest


def test_a_phase_restores_what_it_had_written(
    finished: Run, model: StandIn, tmp_path: Path
) -> None:
    """A file that was damaged or removed is there again; others stay as they are."""
    copy = finished.copy(tmp_path / "copy")
    (copy.project / "app" / "main.py").write_text("damaged", encoding="utf-8")
    (copy.project / "app" / "errors.py").unlink()
    (copy.project / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")

    copy.again("file_writing", model.provider())
    dockerfile = (copy.project / "Dockerfile").read_text(encoding="utf-8")
    copy.again("infrastructure", model.provider())

    assert dockerfile == "FROM scratch\n"
    assert copy.digest == finished.digest


def test_a_failed_phase_leaves_nothing_that_counts(
    finished: Run, model: StandIn, tmp_path: Path
) -> None:
    """A reset in the middle of code generation is gone without a trace in the rerun."""
    model.fault("reset", match=TASKS_API)
    copy = finished.copy(tmp_path / "copy")

    with pytest.raises(ConnectionResetError):
        copy.again("code_generation", model.provider())
    kept = copy.count("generated_files")
    copy.again("code_generation", model.provider())

    assert 0 < kept < 33
    assert copy.digest == finished.digest


def test_no_call_begins_after_a_failure(
    finished: Run, model: StandIn, tmp_path: Path
) -> None:
    """The first failure comes out itself, when the calls in flight have ended."""
    for target in ("app/schemas/user.py", "app/schemas/tag.py"):
        model.fault("hang", match=f"Target file: {target}")
    model.fault("overloaded", match="Target file: app/schemas/category.py")
    copy = finished.copy(tmp_path / "copy")
    provider = model.provider(timeout_seconds=1.0)

    async def tasks_after_the_failure() -> int:
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            await code_generation(copy.plan, copy.database_url, provider)
        return len(asyncio.all_tasks())

    assert asyncio.run(tasks_after_the_failure()) == 1
    assert model.report()["begun"] <= 6, "the first wave has six tasks"


def test_a_killed_run_is_no_obstacle(finished: Run, model: StandIn, tmp_path: Path) -> None:
    """After SIGKILL in the middle of code generation a new run ends as if nothing was."""
    model.fault("hang", match=TASKS_API)
    folder = tmp_path / "killed"
    command = [sys.executable, "-c", CHILD, str(folder), model.url]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": "."}) as child:
        hung = _wait_for(model, "app/api/tasks.py")
        child.send_signal(signal.SIGKILL)
    half = Run(folder, finished.results, {})
    left = half.count("generated_files")

    assert hung
    assert child.returncode == -signal.SIGKILL
    assert 0 < left < 33
    assert whole_run(folder, model.provider()).digest == finished.digest


# Runs one phase in a process of its own, on what is there.
PHASE = """
import json, sys
from pathlib import Path
from examples.mge_v2.provider import Provider
from tests.mge_v2.run import Run
folder, results, name, url = sys.argv[1:]
Run(Path(folder), json.loads(results), {}).again(name, Provider(base_url=url))
"""


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_phase_killed_in_its_middle_is_mended_by_the_next_run(
    moment: str, finished: Run, model: StandIn, tmp_path: Path
) -> None:
    """SIGKILL inside any phase leaves nothing that another run of it cannot mend."""
    copy, name = finished.copy(tmp_path / "copy"), moment.partition(".")[0]
    command = [sys.executable, "-c", PHASE, str(copy.folder), json.dumps(copy.results)]
    environment = os.environ | {"PYTHONPATH": ".", "MGE_KILL_AT": moment}

    killed = subprocess.run(
        [*command, name, model.url], cwd=ROOT, env=environment, check=False
    )
    copy.again(name, model.provider())

    assert killed.returncode == -signal.SIGKILL
    assert copy.digest == finished.digest


def _wait_for(model: StandIn, target: str) -> bool:
    """Wait until a call for a file has arrived."""
    number = 0
    while model.wait_for_call(number + 1, timeout=60.0):
        number += 1
        if model.report()["calls"][number - 1]["target"] == target:
            return True
    return False


def test_a_project_that_was_not_checked_is_not_written(
    finished: Run, model: StandIn, tmp_path: Path
) -> None:
    """Files are put together from atoms that passed, or not at all."""
    copy = finished.copy(tmp_path / "copy")
    copy.again("code_generation", model.provider())
    _execute(copy, "DELETE FROM atom_checks WHERE number > 100")
    before = copy.digest

    with pytest.raises(Exception, match="was not checked"):
        copy.again("file_writing", model.provider())
    assert copy.digest == before


def test_files_that_are_planned_no_more_are_removed(
    finished: Run, model: StandIn, tmp_path: Path
) -> None:
    """A phase takes back what it wrote before, and leaves other phases' files."""
    copy = finished.copy(tmp_path / "copy")
    for table in ("generated_files", "atoms"):
        _execute(copy, f"DELETE FROM {table} WHERE path = 'tests/test_auth.py'")

    result = copy.again("file_writing", model.provider())

    assert result["files_written_count"] == 32
    assert not (copy.project / "tests" / "test_auth.py").exists()
    assert (copy.project / "Dockerfile").exists()


def test_a_failure_between_two_files_is_mended(
    finished: Run, model: StandIn, tmp_path: Path
) -> None:
    """A disk that refuses one file in the middle leaves nothing for the next run."""
    copy = finished.copy(tmp_path / "copy")
    in_the_way = copy.project / "app" / "models" / "tag.py"
    in_the_way.unlink()
    in_the_way.mkdir()

    with pytest.raises(OSError, match=r"tag\.py"):
        copy.again("file_writing", model.provider())
    in_the_way.rmdir()
    copy.again("file_writing", model.provider())

    assert copy.digest == finished.digest


def _execute(run: Run, statement: str) -> None:
    connection = sqlite3.connect(run.folder / "mge.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_failure_of_says_when_nothing_failed(model: StandIn) -> None:
    """The helper of these tests cannot pass by accident."""

    async def fine() -> int:
        return 1

    with pytest.raises(AssertionError, match="nothing failed"):
        failure_of(fine())
