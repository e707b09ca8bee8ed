"""What has finished is not run again until the test passes."""

import pytest

from tests.plugin.pipeline import ASYNC_TEST, BROKEN, TEST, write_pipeline
from tests.project import Project


@pytest.mark.parametrize("test", [TEST, ASYNC_TEST], ids=["plain", "async"])
def test_finished_phases_are_restored(project: Project, test: str) -> None:
    """After a failure the next run restores every finished phase and runs the rest."""
    write_pipeline(project, test).plugins.append("pytest_asyncio.plugin")
    broken = project.run(env=BROKEN)
    resumed = project.run("-v", "-s")

    assert broken.calls == ["discover", "make_plan", "generate"]
    assert broken.outcomes() == {"failed": 1}
    assert resumed.passed, resumed.text
    assert resumed.calls == ["generate"]
    assert "Phase discovery already completed - skipping" in resumed.text
    assert "▶️  Starting phase: code_generation (attempt 2)" in resumed.text


def test_passed_means_gone(project: Project) -> None:
    """A test that passed leaves no checkpoint, and starts over the next time."""
    write_pipeline(project)
    first, second = project.run(), project.run()

    assert first.passed, first.text
    assert not project.documents()
    assert second.calls == first.calls == ["discover", "make_plan", "generate"]


def test_history_survives(project: Project) -> None:
    """What the runs of a passed test took is kept."""
    write_pipeline(project).run()

    assert len(list(project.checkpoints.glob("history/*/*.json"))) == 1


def test_quiet_run_says_it(project: Project) -> None:
    """A quiet run still says in one line what was restored."""
    write_pipeline(project).run(env=BROKEN)

    assert project.run("-q").last_line.startswith("milepost: 2 of 3 phases restored")


def test_collection_says_what_resumes(project: Project) -> None:
    """The line under the collection says what will resume and how to undo it."""
    write_pipeline(project).run(env=BROKEN)
    text = project.run().text

    assert "milepost: resuming test_pipeline (2 of 3 phases" in text
    assert "to start over: --milepost=fresh" in text


def test_all_restored_is_asserted_again(project: Project) -> None:
    """When every phase is restored the assertions run again, and the report says so."""
    write_pipeline(project)
    project.edit("test_pipeline.py", 'assert code == {"files": 2}', "assert not code")
    project.run()
    again = project.run()

    assert again.calls == []
    assert again.outcomes() == {"failed": 1}
    assert "restored, asserted again" in again.text
