"""--milepost-deadline: stop in time, so that the next run goes on from there."""

import pytest

from tests.project import Project

STEPS = """
    import os, time
    from calling import note
    from milepost import RetryConfig

    def quick():
        note("quick")
        return 1

    def slow():
        note("slow")
        time.sleep(float(os.environ.get("SECONDS", "0")))
        return 2

    def reset():
        note("reset")
        raise ConnectionResetError(104, "Connection reset by peer")
"""
TEST = """
    from steps import quick, slow

    def test_pipeline(phase):
        phase("first", quick)
        phase("second", slow)
        phase("third", quick)

    def test_next(phase):
        phase("other", quick)
"""
STOPPED = "milepost: stopped before phase"


@pytest.fixture
def pipeline(project: Project) -> Project:
    """Give a project with a slow phase between two quick ones, and a second test."""
    project.write("steps.py", STEPS)
    project.write("test_pipeline.py", TEST)
    return project


def test_it_stops_between_phases(pipeline: Project) -> None:
    """Once it has passed no phase starts; the test failed as interrupted, the session ends."""
    late = pipeline.run("--milepost-deadline=0.9s", env={"SECONDS": "1"})
    (record,) = pipeline.checkpoints.glob("history/*/*.json")
    phases = pipeline.document()["phases"]
    resumed = pipeline.run("--milepost-deadline=1h")

    assert late.code == pytest.ExitCode.INTERRUPTED, late.text
    assert late.calls == ["quick", "slow"]
    assert late.outcomes() == {"failed": 1}
    assert f"{STOPPED} 'third': the deadline has passed." in late.text
    assert "The next run goes on from there" in late.text
    assert "kept: first, second; run again to go on from there" in late.text
    assert '"outcome": "interrupted"' in record.read_text()
    assert "third" not in phases
    assert resumed.passed, resumed.text
    assert resumed.calls == ["quick", "quick"]


def test_a_phase_that_would_not_fit_is_not_started(pipeline: Project) -> None:
    """What a phase took in a run that passed is known, and does not fit before the deadline."""
    passed = pipeline.run(env={"SECONDS": "1.5"})
    assert passed.passed

    stopped = pipeline.run("--milepost-deadline=1.4")
    assert stopped.code == pytest.ExitCode.INTERRUPTED
    assert stopped.calls == ["quick"]
    assert f"{STOPPED} 'second': it has taken up to 1.5 s, and 1." in stopped.text


def test_a_failed_attempt_tells_how_long_it_takes(pipeline: Project) -> None:
    """What a phase took before it failed counts as well; an interrupted attempt does not."""
    pipeline.edit("steps.py", "    return 2", "    raise BROKEN")
    pipeline.write("conftest.py", "import builtins\nbuiltins.BROKEN = ValueError\n")
    pipeline.run("-k", "pipeline", env={"SECONDS": "1.5"})
    stopped = pipeline.run("-k", "pipeline", "--milepost-deadline=1.4s")
    assert stopped.calls == []
    assert f"{STOPPED} 'second': it has taken up to 1.5 s" in stopped.text

    pipeline.run("--milepost=fresh", "-k", "pipeline", env={"SECONDS": "0"})
    pipeline.edit("conftest.py", "ValueError", "KeyboardInterrupt")
    pipeline.run("-k", "pipeline", env={"SECONDS": "1.5"})
    started = pipeline.run("-k", "pipeline", "--milepost-deadline=1.4s")
    assert started.calls == ["slow"]


def test_no_retry_wait_ends_after_it(project: Project) -> None:
    """A wait that would end after the deadline is not begun, and the error says so."""
    project.write("steps.py", STEPS)
    project.write(
        "test_retry.py",
        """
        from steps import RetryConfig, reset

        def test_reset(phase):
            retry = RetryConfig(max_retries=3, initial_delay=60, jitter=False)
            phase.with_options(retry=retry)("resetting", reset)
        """,
    )
    result = project.run("--milepost-deadline=0.5m")

    assert result.calls == ["reset"]
    assert result.outcomes() == {"failed": 1}
    assert "ConnectionResetError" in result.text
    assert "a wait of 60.0 s would end after the run's deadline" in result.text
