"""milepost beside pytest-timeout, with both of its methods."""

import pytest

from tests.project import Project

PLAIN = """
    import os, time
    from calling import note

    def quick():
        note("quick")
        return 1

    def slow():
        note("slow")
        time.sleep(60 if "SLOW" in os.environ else 0)
        return 2

    def test_pipeline(phase):
        phase("first", quick)
        phase("second", slow)
"""
ASYNC = """
    import asyncio, os
    import pytest
    from calling import note

    async def quick():
        note("quick")
        return 1

    async def slow():
        note("slow")
        await asyncio.sleep(60 if "SLOW" in os.environ else 0)
        return 2

    @pytest.mark.asyncio(loop_scope="SCOPE")
    async def test_pipeline(phase):
        await phase("first", quick)
        await phase("second", slow)
"""
SLOW = {"SLOW": "1"}
# Without the set-up, which takes its time on a busy machine.
CUT_OFF = ("--timeout=2", "-o", "timeout_func_only=true")
TESTS = {
    "plain": PLAIN,
    "async": ASYNC.replace("SCOPE", "function"),
    "async on a loop that goes on": ASYNC.replace("SCOPE", "session"),
}


@pytest.fixture
def beside(project: Project) -> Project:
    """Give a project whose pytest has pytest-timeout."""
    project.plugins += ["pytest_timeout", "pytest_asyncio.plugin"]
    return project


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_by_signal_the_phase_failed(beside: Project, test: str) -> None:
    """A phase cut off by the signal method has failed, of the timeout, and runs again."""
    beside.write("test_pipeline.py", test)
    cut_off = beside.run(*CUT_OFF, "--timeout-method=signal", env=SLOW)
    document = beside.document()
    phase = document["phases"]["second"]
    resumed = beside.run("--timeout=60")

    assert cut_off.outcomes() == {"failed": 1}, cut_off.text
    assert cut_off.calls == ["quick", "slow"]
    assert phase["status"] == "failed"
    assert "Timeout" in phase["error"]
    assert phase["milepost"]["attempts"][-1]["outcome"] == "failed"
    assert document["total_retries"] == 1
    assert "second  failed" in cut_off.text
    assert resumed.passed, resumed.text
    assert resumed.calls == ["slow"]


@pytest.mark.parametrize("test", [PLAIN, TESTS["async"]], ids=["plain", "async"])
def test_by_thread_the_phase_crashed(beside: Project, test: str) -> None:
    """The thread method ends the process: the phase crashed, and the next run goes on."""
    beside.write("test_pipeline.py", test)
    ended = beside.run(*CUT_OFF, "--timeout-method=thread", env=SLOW)
    again = beside.run(*CUT_OFF, "--timeout-method=signal", env=SLOW)
    phase = beside.document()["phases"]["second"]
    outcomes = [attempt["outcome"] for attempt in phase["milepost"]["attempts"]]
    resumed = beside.run()

    assert ended.calls == ["quick", "slow"]
    assert "Timeout" in ended.text
    assert again.calls == ["slow"]
    assert outcomes == ["crashed", "failed"]
    assert resumed.passed, resumed.text
    assert resumed.calls == ["slow"]


def test_a_workers_timeout_is_a_failure_for_the_controller(beside: Project) -> None:
    """Under xdist too the phase that the timeout cut off is said to have failed."""
    beside.plugins.append("xdist.plugin")
    beside.write("test_pipeline.py", TESTS["async"])
    result = beside.run("-n1", *CUT_OFF, "--timeout-method=signal", env=SLOW)

    assert result.outcomes() == {"failed": 1}, result.text
    assert "second  failed" in result.text
