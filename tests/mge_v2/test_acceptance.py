"""The generated project is real: it is served and passes its own tests."""

from pathlib import Path

from examples.mge_v2.acceptance import run_acceptance
from tests.mge_v2.run import Run


def files_in(folder: Path) -> set[Path]:
    """List all files, whatever made them."""
    return {path for path in folder.rglob("*") if path.is_file()}


def test_the_generated_project_passes_its_own_tests(finished: Run, tmp_path: Path) -> None:
    """Served by uvicorn, the project answers every generated test; nothing is left."""
    copy = finished.copy(tmp_path / "copy")
    before = files_in(copy.folder)

    acceptance = run_acceptance(copy.project)

    assert acceptance.accepted, acceptance.output
    assert acceptance.passed_count >= 30
    assert acceptance.failed_count == 0
    assert files_in(copy.folder) == before


def test_a_project_with_a_fault_is_not_accepted(finished: Run, tmp_path: Path) -> None:
    """One wrong answer of the server fails the test that asks for it."""
    copy = finished.copy(tmp_path / "copy")
    tags = copy.project / "app" / "services" / "tags.py"
    source = tags.read_text(encoding="utf-8")
    tags.write_text(source.replace("tag.owner_id != self", "None is self"), "utf-8")
    for other in ("test_auth.py", "test_tasks.py"):
        (copy.project / "tests" / other).unlink()

    acceptance = run_acceptance(copy.project)

    assert not acceptance.accepted
    assert acceptance.failed_count == 1
    assert "test_users_do_not_see_each_other[tags]" in acceptance.output


def test_a_project_that_does_not_start_is_not_accepted(
    finished: Run, tmp_path: Path
) -> None:
    """A server that dies fails its tests at once, and the output says why it died."""
    copy = finished.copy(tmp_path / "copy")
    (copy.project / "app" / "main.py").write_text("import nowhere\n", encoding="utf-8")
    for other in ("test_catalogue.py", "test_tasks.py"):
        (copy.project / "tests" / other).unlink()

    acceptance = run_acceptance(copy.project)

    assert not acceptance.accepted
    assert "No module named 'nowhere'" in acceptance.output
