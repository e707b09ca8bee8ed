"""How a test or a phase can end in pytest, and what is kept of it then."""

from typing import Any

import pytest

from tests.project import Project

TEST = """
    import asyncio, os, unittest
    import pytest
    from calling import note
    from milepost import RetryConfig

    def first():
        note("first")
        return 1

    def raises():
        note("raises")
        if "RIGHT" not in os.environ:
            #RAISE
        return 2

    @pytest.mark.milepost(retry=RetryConfig(initial_delay=0.01))
    def test_pipeline(phase):
        phase("first", first)
        phase("second", raises)
"""
# What the phase raises, how pytest counts the test, and how the attempt ended.
ENDINGS = [
    ('raise ValueError("nonsense")', {"failed": 1}, "failed"),
    ('pytest.fail("nonsense")', {"failed": 1}, "failed"),
    ('pytest.skip("not today")', {"skipped": 1}, "skipped"),
    ('raise unittest.SkipTest("not today")', {"skipped": 1}, "skipped"),
    ('pytest.xfail("as expected")', {"xfailed": 1}, "failed"),
    ("raise asyncio.CancelledError", {"failed": 1}, "interrupted"),
    ('pytest.exit("enough")', {}, "interrupted"),
    ("raise KeyboardInterrupt", {}, "interrupted"),
    ("raise SystemExit(3)", {"failed": 1}, "interrupted"),
    (
        'raise ExceptionGroup("two", [ConnectionResetError(104, "reset"), ValueError()])',
        {"failed": 1},
        "failed",
    ),
]


def _attempts(project: Project) -> list[Any]:
    phase = project.document()["phases"]["second"]
    return [attempt["outcome"] for attempt in phase["milepost"]["attempts"]]


@pytest.mark.parametrize(
    ("ending", "outcomes", "outcome"), ENDINGS, ids=[ending for ending, _, _ in ENDINGS]
)
def test_the_attempt_is_called_what_it_was(
    project: Project, ending: str, outcomes: dict[str, int], outcome: str
) -> None:
    """However a phase ends without a value, it is not retried and runs again next time."""
    project.write("test_pipeline.py", TEST.replace("#RAISE", ending))
    ended = project.run()
    assert ended.calls == ["first", "raises"], ended.text
    assert ended.outcomes() == outcomes
    assert _attempts(project) == [outcome]
    status = project.document()["phases"]["second"]["status"]
    assert status == ("failed" if outcome == "failed" else "pending")
    assert f"second  {outcome}" in ended.text

    resumed = project.run(env={"RIGHT": "1"})
    assert resumed.passed, resumed.text
    assert resumed.calls == ["raises"]


def test_a_group_of_resets_is_retried(project: Project) -> None:
    """A group is tried again when every leaf of it is transient."""
    group = (
        'raise ExceptionGroup("two", [ConnectionResetError(104, "reset"), TimeoutError()])'
    )
    project.write("test_pipeline.py", TEST.replace("#RAISE", group))

    assert project.run().calls == ["first"] + ["raises"] * 4


def test_a_plain_interruption_keeps_what_has_finished(project: Project) -> None:
    """Ctrl-C between two phases leaves a checkpoint that resumes, and says so."""
    project.write("test_pipeline.py", TEST.replace("#RAISE", "pass"))
    project.edit("test_pipeline.py", 'phase("second"', 'stop(); phase("second"')
    project.write(
        "conftest.py",
        """
        import builtins, os, signal
        builtins.stop = lambda: os.kill(os.getpid(), signal.SIGINT)
        """,
    )
    stopped = project.run()
    project.edit("conftest.py", "os.kill(os.getpid(), signal.SIGINT)", "None")
    resumed = project.run()

    assert stopped.code != 0
    assert "kept: first; run again to go on from there" in stopped.text
    assert resumed.calls == ["raises"], resumed.text
