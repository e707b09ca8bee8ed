"""What a phase's own timeout does."""

import pytest

from tests.project import Project

COROUTINE = """
    import asyncio
    import {library}
    import pytest
    from calling import note
    from milepost import RetryConfig

    async def think(seconds):
        note("think")
        await {library}.sleep(seconds if len(open("calls.log").readlines()) == 1 else 0)
        return "done"

    @pytest.mark.{mark}
    async def test_slow({fixtures}):
        quick = RetryConfig(max_retries=1, initial_delay=0.01)
        slow = phase.with_options(timeout=0.3, retry=quick)
        assert await slow("thinking", think, 60) == "done"
"""
PLAIN = """
    import time
    from calling import note

    def work():
        note("work")
        time.sleep(0.2)
        return 1

    def test_slow(phase):
        assert phase.with_options(timeout=0.01)("working", work) == 1
        assert False, "broken"
"""


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_a_late_coroutine_is_cancelled_and_tried_again(
    project: Project, library: str
) -> None:
    """An attempt of a coroutine function that takes too long is cancelled and retried."""
    trio = library == "trio"
    project.plugins.append("anyio" if trio else "pytest_asyncio.plugin")
    fixtures = "phase, anyio_backend" if trio else "phase"
    mark = "anyio" if trio else "asyncio"
    text = COROUTINE.format(library=library, mark=mark, fixtures=fixtures)
    project.write("test_slow.py", text)
    project.write(
        "conftest.py",
        "import pytest\n@pytest.fixture\ndef anyio_backend():\n    return 'trio'\n",
    )
    result = project.run("-s")

    assert result.passed, result.text
    assert result.calls == ["think", "think"]
    assert "TimeoutError: the attempt took longer than 0.3 s" in result.text


def test_a_late_plain_function_keeps_its_value(project: Project) -> None:
    """A plain function that takes too long is reported, and its value is kept."""
    project.write("test_slow.py", PLAIN)
    first, second = project.run(), project.run()

    assert "A plain function cannot be cancelled: its late value is kept" in first.text
    assert second.calls == []
