"""milepost beside pytest-rerunfailures."""

import pytest

from tests.project import Project

TEST = """
    import os
    import pytest
    from calling import note
    from pathlib import Path

    def tries():
        log = Path(__file__).with_name("calls.log").read_text().splitlines()
        return sum(line == "generate" for line in log) % 100

    def discover():
        note("discover")
        return "doc"

    def generate(doc):
        note("generate")
        if tries() < int(os.environ["PASSES_AT"]):
            raise ValueError("the model answered nonsense")
        return "code"

    def test_pipeline(phase):
        doc = phase("discovery", discover)
        assert phase("code_generation", generate, doc) == "code"
"""


@pytest.fixture
def beside(project: Project) -> Project:
    """Give a project whose pytest has pytest-rerunfailures."""
    project.plugins.append("pytest_rerunfailures")
    project.write("test_pipeline.py", TEST)
    return project


def test_a_rerun_goes_on_and_passes(beside: Project) -> None:
    """A rerun restores what has finished, and what failed before it counts no more."""
    result = beside.run("--reruns=3", env={"PASSES_AT": "3"})

    assert result.code == 0, result.text
    assert result.outcomes() == {"passed": 1, "rerun": 2}
    assert result.calls == ["discover", "generate", "generate", "generate"]
    assert not beside.documents()
    assert "discovery        restored" in result.text
    assert "run again to go on from there" not in result.text


def test_reruns_used_up_leave_the_checkpoint(beside: Project) -> None:
    """When no rerun passes all attempts are in the document, and the next run goes on."""
    failed = beside.run("--reruns=1", env={"PASSES_AT": "99"})
    phase = beside.document()["phases"]["code_generation"]
    attempts = phase["milepost"]["attempts"]
    resumed = beside.run(env={"PASSES_AT": "0"})

    assert failed.calls == ["discover", "generate", "generate"]
    assert phase["retry_count"] == len(attempts) == 2
    assert len({attempt["run"] for attempt in attempts}) == 2
    assert "kept: discovery; run again to go on from there" in failed.text
    assert resumed.passed
    assert resumed.calls == ["generate"]


def test_a_rerun_in_a_worker(beside: Project) -> None:
    """The controller's section shows the last try of a worker, which passed."""
    beside.plugins.insert(0, "xdist.plugin")
    result = beside.run("-n1", "--reruns=2", env={"PASSES_AT": "2"})

    assert result.outcomes() == {"passed": 1, "rerun": 1}, result.text
    assert result.calls == ["discover", "generate", "generate"]
    assert "run again to go on from there" not in result.text
    assert not beside.documents()


def test_fresh_holds_for_the_first_try_only(beside: Project) -> None:
    """A rerun of a fresh run goes on from the fresh life; require-fresh refuses that."""
    beside.run(env={"PASSES_AT": "99"})
    fresh = beside.run("--milepost=fresh", "--reruns=1", env={"PASSES_AT": "3"})
    assert fresh.calls == ["discover", "generate", "generate"]
    assert fresh.code == 0, fresh.text

    required = beside.run("--milepost=require-fresh", "--reruns=1", env={"PASSES_AT": "5"})
    assert required.calls == ["discover", "generate", "generate"]
    assert required.outcomes() == {"failed": 1, "rerun": 1}, required.text
    assert "milepost: restored: discovery." in required.text
    assert "--milepost=require-fresh fails a test that restored anything" in required.text
    assert len(beside.documents()) == 1


def test_a_first_fixture_failure_is_rerun(beside: Project) -> None:
    """A failing set-up before the phases is rerun like any other, and passes."""
    beside.write(
        "test_pipeline.py",
        """
        import pytest
        from calling import note
        from pathlib import Path

        @pytest.fixture
        def database(phase):
            phase("create", note, "create")
            if not Path(__file__).with_name("up").exists():
                Path(__file__).with_name("up").touch()
                raise OSError("not up yet")

        def test_pipeline(database, phase):
            assert phase("use", note, "use") is None
        """,
    )
    result = beside.run("--reruns=1")

    assert result.outcomes() == {"passed": 1, "rerun": 1}, result.text
    assert result.calls == ["create", "use"]
    assert not beside.documents()
