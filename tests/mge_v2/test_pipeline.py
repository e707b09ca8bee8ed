"""The pipeline from a request to a project."""

from pathlib import Path
from typing import Any

import pytest

from examples.mge_v2.errors import MissingRowsError
from examples.mge_v2.phases import (
    PHASES,
    atomization,
    code_generation,
    file_writing,
    infrastructure,
    masterplan,
    wave_execution,
)
from examples.mge_v2.stand_in import StandIn
from tests.mge_v2.run import Run, failure_of, whole_run


def test_every_phase_returns_what_a_checkpoint_shows(finished: Run) -> None:
    """The phases come in the documented order, with the documented counts."""
    results = finished.results
    discovered, planned = results["discovery"], results["masterplan"]
    written, waved = results["code_generation"], results["wave_execution"]

    assert tuple(results) == PHASES
    assert discovered["domain"] == "Task Management System"
    assert discovered["bounded_contexts_count"] == 3
    assert discovered["aggregates_count"] == 4
    assert discovered["entities_count"] == 8
    assert planned["project_name"] == "task_management_api"
    assert planned["total_phases"] == 5
    assert planned["total_milestones"] == 12
    assert planned["generated_tasks_count"] == 33
    assert written["generated_code_count"] == 33
    assert waved["atoms_executed"] == results["atomization"]["atoms_count"] > 200
    assert results["file_writing"]["files_written_count"] == 33
    assert results["infrastructure"]["infrastructure_files_count"] == 6


def test_the_database_holds_what_the_results_count(finished: Run) -> None:
    """A count that a phase returns is a count of rows."""
    results = finished.results

    assert finished.count("entities") == results["discovery"]["entities_count"]
    assert finished.count("planned_tasks") == 33
    assert finished.count("generated_files") == 33
    assert finished.count("atoms") == results["atomization"]["atoms_count"]
    assert finished.count("atom_checks") == finished.count("atoms")
    assert finished.count("written_files") == 33 + 6


def test_the_lines_counted_are_the_lines_written(finished: Run) -> None:
    """The files on the disk have as many lines as were generated."""
    lines = sum(
        path.read_text(encoding="utf-8").count("\n")
        for path in finished.project.rglob("*.py")
    )

    assert lines == finished.results["code_generation"]["total_code_lines"] > 1500


def test_one_call_a_task_and_all_are_paid_once(finished: Run) -> None:
    """The stand-in served one call a task, and charged what the phases say."""
    served, results = finished.served, finished.results
    calls: list[dict[str, Any]] = served["calls"]
    costs = [results[name]["total_cost_usd"] for name in PHASES[:3]]
    targets = [call["target"] for call in calls if call["phase"] == "code_generation"]

    assert served["begun"] == served["completed"] == 2 + 33
    assert len(set(targets)) == 33
    assert {call["stream"] for call in calls} == {True, False}
    assert served["cost_usd"] == pytest.approx(sum(costs), abs=1e-6)
    assert sum(costs) > 0.1


def test_two_runs_come_to_the_same_result(
    finished: Run, model: StandIn, tmp_path: Path
) -> None:
    """Another run, elsewhere, makes the same files and the same rows."""
    other = whole_run(tmp_path / "elsewhere", model.provider())

    assert other.results == finished.results
    assert other.digest == finished.digest


def test_the_digest_sees_every_file_and_every_row(finished: Run, tmp_path: Path) -> None:
    """A file changed, added or missing, or rows gone, make another result."""
    digests = {finished.digest}
    copies = [finished.copy(tmp_path / str(number)) for number in range(3)]
    (copies[0].project / "app" / "main.py").write_text("app = None\n", encoding="utf-8")
    (copies[1].project / "extra.txt").write_text("", encoding="utf-8")
    (copies[2].folder / "mge.db").unlink()

    assert len(digests | {copy.digest for copy in copies}) == 4


def test_the_digest_overlooks_what_tools_leave(finished: Run, tmp_path: Path) -> None:
    """Compiled files beside the sources are no part of the result."""
    copy = finished.copy(tmp_path / "copy")
    cache = copy.project / "app" / "__pycache__"
    cache.mkdir()
    (cache / "main.pyc").write_bytes(b"compiled")

    assert copy.digest == finished.digest


def test_the_project_has_what_it_needs_to_run(finished: Run) -> None:
    """The infrastructure fits the code: what it imports is required."""
    project = finished.project
    needed = (project / "requirements.txt").read_text(encoding="utf-8")
    names = {line.partition(">=")[0].lower() for line in needed.splitlines()}

    assert {path.name for path in project.iterdir() if path.is_file()} == {
        "Dockerfile",
        "docker-compose.yml",
        ".env.example",
        ".gitignore",
        "requirements.txt",
        "README.md",
    }
    assert names == {
        *("fastapi", "httpx", "pydantic", "pyjwt", "pytest", "sqlalchemy", "uvicorn")
    }
    assert "Task Management System" in (project / "README.md").read_text("utf-8")


def test_an_id_of_another_database_is_refused(model: StandIn, tmp_path: Path) -> None:
    """A phase whose input rows are missing says so, and asks no model."""
    url, out, provider = f"sqlite:///{tmp_path / 'new.db'}", str(tmp_path), model.provider()
    phases = [
        masterplan("missing", url, provider),
        code_generation("missing", url, provider),
        atomization("missing", url),
        wave_execution("missing", url),
        file_writing("missing", url, out),
        infrastructure("missing", url, out),
    ]

    for phase in phases:
        error = failure_of(phase)
        assert isinstance(error, MissingRowsError)
        assert "missing" in str(error)
    assert model.report()["begun"] == 0
