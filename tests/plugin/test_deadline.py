"""--milepost-deadline: stop in time, so that the next run goes on from there."""

import pytest

from tests.project import Project

STEPS = """
    import os
    from calling import note
    from milepost import RetryConfig, clock

    def quick():
        note("quick")
        return 1

    def slow():
        note("slow")
        took, monotonic = float(os.environ.get("SECONDS", "0")), clock.monotonic
        clock.monotonic = lambda: monotonic() + took
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
    """Give a project with a slow phase between two quick ones, and a second test.

    SECONDS says how far the slow one moves the clock forward.
    """
    project.write("steps.py", STEPS)
    project.write("test_pipeline.py", TEST)
    return project


def test_it_stops_between_phases(pipeline: Project) -> None:
    """Once it has passed no phase starts: the test is interrupted, and the session ends."""
    late = pipeline.run("--milepost-deadline=50m", env={"SECONDS": "3001"})
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
    """A phase that took longer in a run that passed is not started so late."""
    passed = pipeline.run(env={"SECONDS": "3600"})
    assert passed.passed

    stopped = pipeline.run("--milepost-deadline=50m")
    assert stopped.code == pytest.ExitCode.INTERRUPTED
    assert stopped.calls == ["quick"]
    told = f"{STOPPED} 'second': it has taken up to 3600.0 s, and "
    _, _, left = stopped.text.partition(told)
    assert 2900 < float(left.split()[0]) <= 3000, stopped.text


def test_a_failed_attempt_tells_how_long_it_takes(pipeline: Project) -> None:
    """What a failed attempt took counts as well, what an interrupted one took does not."""
    pipeline.edit("steps.py", "    return 2", "    raise BROKEN")
    pipeline.write("conftest.py", "import builtins\nbuiltins.BROKEN = ValueError\n")
    pipeline.run("-k", "pipeline", env={"SECONDS": "3600"})
    stopped = pipeline.run("-k", "pipeline", "--milepost-deadline=50m")
    assert stopped.calls == []
    assert f"{STOPPED} 'second': it has taken up to 3600.0 s" in stopped.text

    pipeline.edit("conftest.py", "ValueError", "KeyboardInterrupt")
    pipeline.run("--milepost=fresh", "-k", "pipeline", env={"SECONDS": "3600"})
    started = pipeline.run("-k", "pipeline", "--milepost-deadline=50m")
    assert started.calls == ["slow"]


def test_it_is_seen_in_a_task_group(project: Project) -> None:
    """The session stops as well where the error comes out inside a group."""
    project.plugins.append("pytest_asyncio.plugin")
    project.write(
        "test_group.py",
        """
        import asyncio
        import pytest
        from calling import note

        async def work():
            note("work")

        @pytest.mark.asyncio
        async def test_group(phase):
            async with asyncio.TaskGroup() as group:
                group.create_task(phase("working", work))

        def test_next():
            note("next")
        """,
    )
    result = project.run("--milepost-deadline=0")

    assert result.code == pytest.ExitCode.INTERRUPTED, result.text
    assert result.calls == []


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
