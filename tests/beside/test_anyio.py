"""milepost beside anyio's pytest plugin, on asyncio and on trio."""

import pytest

from tests.project import Project

TEST = """
    import os
    import anyio
    import pytest
    from calling import note
    from milepost import RetryConfig

    pytestmark = pytest.mark.anyio

    async def discover(request):
        note("discover")
        await anyio.sleep(0)
        return {"domain": request.title()}

    async def plan(doc):
        note("plan")
        if os.environ.get("BROKEN"):
            raise ValueError("nonsense")
        return [doc["domain"]]

    async def test_pipeline(phase):
        doc = await phase("discovery", discover, "task manager")
        assert await phase("masterplan", plan, doc) == ["Task Manager"]
"""
RETRY = """
    import anyio
    import pytest
    from calling import note
    from milepost import RetryConfig

    pytestmark = pytest.mark.anyio

    async def generate():
        note("generate")
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
        return 1

    async def ask():
        if len(open("calls.log").readlines()) < 3:
            raise ConnectionResetError(104, "Connection reset by peer")

    @pytest.mark.milepost(retry=RetryConfig(initial_delay=0.01))
    async def test_pipeline(phase):
        assert await phase("generation", generate) == 1
"""
GROUP = """
    import os
    import anyio
    import pytest
    from calling import note

    pytestmark = pytest.mark.anyio

    async def build(n):
        await anyio.sleep(0)
        note(f"build {n}")
        return n * n

    async def cut_off():
        await anyio.sleep(60)

    async def test_pipeline(phase):
        squares = {}

        async def one(n):
            squares[n] = await phase(f"build {n}", build, n)
            if len(squares) == 3 and os.environ.get("BROKEN"):
                raise ValueError("nonsense")

        async with anyio.create_task_group() as group:
            if os.environ.get("BROKEN"):
                group.start_soon(phase, "cut off", cut_off)
            for n in range(3):
                group.start_soon(one, n)
        assert squares == {0: 0, 1: 1, 2: 4}
"""
LATE = """
    import pytest, trio
    from calling import note

    @pytest.fixture(scope="module")
    def anyio_backend():
        return "trio"

    async def wait():
        try:
            await trio.sleep(60)
        finally:
            note("ended")

    async def call(phase):
        with pytest.raises(BaseException) as caught:
            await phase("late", wait)
        note(caught.type.__name__)

    @pytest.fixture(scope="module")
    async def runner(anyio_backend):
        yield

    @pytest.mark.anyio
    async def test_forgetful(phase, runner):
        trio.lowlevel.spawn_system_task(call, phase)
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()

    @pytest.mark.anyio
    async def test_next(runner):
        await trio.sleep(0.1)
        note("next")
"""


@pytest.fixture
def beside(project: Project) -> Project:
    """Give a project whose pytest has anyio."""
    project.plugins.append("anyio.pytest_plugin")
    return project


def test_it_resumes_on_each_backend(beside: Project) -> None:
    """Each backend's case is a test with a checkpoint of its own, and resumes."""
    beside.write("test_pipeline.py", TEST)
    broken = beside.run(env={"BROKEN": "1"})
    resumed = beside.run("-v")

    assert broken.outcomes() == {"failed": 2}, broken.text
    assert broken.calls == ["discover", "plan"] * 2
    assert resumed.passed, resumed.text
    assert resumed.calls == ["plan"] * 2
    assert resumed.text.count("discovery   restored") == 2
    assert "test_pipeline[trio]" in resumed.text


def test_it_retries_on_each_backend(beside: Project) -> None:
    """A reset inside a task group is retried, and the wait is the running library's."""
    beside.write("test_pipeline.py", RETRY)
    result = beside.run("-q")

    assert result.passed, result.text
    assert result.calls == ["generate"] * 4
    assert result.last_line.endswith("retried: generation")


def test_phases_of_a_task_group(beside: Project) -> None:
    """Phases that run at once are kept one by one; one that is cancelled is interrupted."""
    beside.write("test_pipeline.py", GROUP)
    broken = beside.run("-k", "trio", env={"BROKEN": "1"})
    cut_off = beside.document()["phases"]["cut off"]
    resumed = beside.run("-k", "trio")

    assert sorted(broken.calls) == ["build 0", "build 1", "build 2"], broken.text
    assert cut_off["status"] == "pending"
    assert cut_off["milepost"]["attempts"][-1]["outcome"] == "interrupted"
    assert resumed.outcomes() == {"deselected": 1, "passed": 1}
    assert resumed.calls == []


def test_a_task_left_pending_under_trio_is_closed(beside: Project) -> None:
    """A phase that outlives its test is cancelled in trio, refused and named."""
    beside.write("test_late.py", LATE)
    result = beside.run()

    assert result.passed, result.text
    assert result.calls == ["ended", "RunClosedError", "next"]
    assert "late still ran when the test was over" in result.text
    assert not beside.documents()
