"""Retries inside a phase: few, recorded as they happen, and said."""

import json
from typing import Any

import pytest

from tests.project import Project

STEPS = """
    import json, os
    from pathlib import Path
    from calling import note

    CALLS = Path(__file__).with_name("calls.log")

    def look():
        (path,) = Path(__file__).parent.glob(".milepost/checkpoint_*.json")
        phase = json.loads(path.read_text())["phases"]["code_generation"]
        attempts = phase["milepost"]["attempts"]
        return phase["status"], phase["retry_count"], [a["outcome"] for a in attempts]

    def generate():
        note(json.dumps(look()))
        if len(CALLS.read_text().splitlines()) % 100 <= int(os.environ.get("RESETS", "0")):
            raise ConnectionResetError(104, "Connection reset by peer")
        return {"files": 33}

    async def agenerate():
        return generate()
"""
PLAIN = """
    import pytest
    from milepost import RetryConfig
    from steps import generate

    quick = RetryConfig(max_retries=3, initial_delay=0.01, jitter=False)

    @pytest.mark.milepost(retry=quick)
    def test_pipeline(phase):
        assert phase("code_generation", generate) == {"files": 33}
"""
ASYNC = """
    import pytest
    from milepost import RetryConfig
    from steps import agenerate

    quick = RetryConfig(max_retries=3, initial_delay=0.01, jitter=False)

    @pytest.mark.asyncio
    @pytest.mark.milepost(retry=quick)
    async def test_pipeline(phase):
        assert await phase("code_generation", agenerate) == {"files": 33}
"""
LAMBDA = ASYNC.replace(", agenerate)", ", lambda: agenerate())")


def _seen(calls: list[str]) -> list[Any]:
    return [json.loads(line) for line in calls]


@pytest.mark.parametrize("test", [PLAIN, ASYNC, LAMBDA], ids=["plain", "async", "lambda"])
def test_attempts_are_recorded_as_they_happen(project: Project, test: str) -> None:
    """Each attempt stands in the document when it starts, and what became of it after."""
    project.write("steps.py", STEPS)
    project.write("test_pipeline.py", test)
    project.plugins.append("pytest_asyncio.plugin")
    result = project.run("-q", env={"RESETS": "2"})

    assert result.passed, result.text
    assert _seen(result.calls) == [
        ["in_progress", 1, [None]],
        ["in_progress", 2, ["failed", None]],
        ["in_progress", 3, ["failed", "failed", None]],
    ]
    assert result.last_line == "milepost: 0 of 1 phase restored; retried: code_generation"


def test_the_lines_are_those_of_the_original(project: Project) -> None:
    """The attempts, the errors and the waits are printed as the original prints them."""
    project.write("steps.py", STEPS)
    project.write("test_pipeline.py", PLAIN)
    text = project.run("-s", env={"RESETS": "1"}).text

    assert (
        "▶️  Starting phase: code_generation\n"
        "⚠️ Phase code_generation failed (attempt 1/4)\n"
        "   Error: ConnectionResetError: [Errno 104] Connection reset by peer\n"
        "⏳ Retrying in 0.0s with exponential backoff...\n"
        "\n"
        "▶️  Starting phase: code_generation (attempt 2)\n"
        "✅ Phase code_generation completed successfully\n"
    ) in text
    assert "attempt 2, waited 0.0 s; ConnectionResetError" in text


def test_used_up_the_users_own_error_comes_out(project: Project) -> None:
    """After the last attempt the exception is the user's, with a note of what was tried."""
    project.write("steps.py", STEPS)
    project.write("test_pipeline.py", PLAIN)
    failed = project.run(env={"RESETS": "99"})
    document = project.document()

    assert len(failed.calls) == 4
    assert "E           ConnectionResetError: [Errno 104] Connection reset" in failed.text
    assert "milepost: phase 'code_generation' failed after 4 attempts over" in failed.text
    assert "(waits: 0.0 s, 0.0 s, 0.0 s)" in failed.text
    assert "src/milepost" not in failed.text, "frames of ours are shown"
    assert document["total_retries"] == document["phases"]["code_generation"]["retry_count"]
    assert document["total_retries"] == 4

    assert "Captured log" not in failed.text, "what is printed is logged as well"

    project.run(env={"RESETS": "99"})
    assert project.document()["total_retries"] == 8
    again = project.run(env={"RESETS": "9"})
    assert again.passed, again.text
    assert [count for _, count, _ in _seen(again.calls)] == [9, 10]


def test_an_assertion_is_never_retried(project: Project) -> None:
    """A phase that asserts and fails has failed, even where it was caused by a reset."""
    project.write(
        "test_pipeline.py",
        """
        import pytest
        from calling import note
        from milepost import RetryConfig

        def check():
            note("check")
            raise AssertionError("no files") from ConnectionResetError(104, "reset")

        def crash():
            note("crash")
            raise ZeroDivisionError

        @pytest.mark.parametrize("fn", [check, crash])
        @pytest.mark.milepost(retry=RetryConfig(initial_delay=0.01))
        def test_pipeline(phase, fn):
            phase("checking", fn)
        """,
    )
    assert project.run().calls == ["check", "crash"]


def test_a_live_phase_is_retried_as_well(project: Project) -> None:
    """An always phase is tried again, which is said, though nothing of it is kept."""
    project.write("steps.py", STEPS.replace("note(json.dumps(look()))", 'note("call")'))
    live = PLAIN.replace("assert phase(", "assert phase.with_options(always=True)(")
    project.write("test_pipeline.py", live)
    result = project.run("-q", env={"RESETS": "2"})

    assert result.calls == ["call"] * 3, result.text
    assert result.last_line == "milepost: 0 of 0 phases restored; retried: code_generation"
    assert not project.documents()
