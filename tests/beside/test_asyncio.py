"""milepost beside pytest-asyncio."""

import pytest

from tests.project import Project

TEST = """
    import asyncio, os
    import pytest
    from calling import note

    async def discover(request):
        note("discover")
        await asyncio.sleep(0)
        return {"domain": request.title()}

    async def plan(doc):
        note("plan")
        if os.environ.get("BROKEN"):
            raise ValueError("nonsense")
        return [doc["domain"]]

    async def running():
        return asyncio.get_running_loop()

    #MARK
    async def test_pipeline(phase):
        doc = await phase("discovery", discover, "task manager")
        assert await phase("masterplan", plan, doc) == ["Task Manager"]

    #MARK
    async def test_next(phase):
        used = await phase.with_options(always=True)("loop", running)
        assert used is asyncio.get_running_loop()
"""
BROKEN = {"BROKEN": "1"}
PENDING = """
    import asyncio
    import pytest
    from calling import note

    async def wait():
        try:
            await asyncio.sleep(60)
        finally:
            note("ended")
        return "late"

    async def commit():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            note("cancelled")
        return "late"

    @pytest.mark.asyncio(loop_scope="SCOPE")
    async def test_forgetful(phase):
        await phase("first", asyncio.sleep, 0, 1)
        global kept
        kept = [asyncio.create_task(phase("late", wait)),
                asyncio.create_task(phase("stubborn", commit))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    @pytest.mark.asyncio(loop_scope="SCOPE")
    async def test_next(phase):
        await phase("other", asyncio.sleep, 0, 1)
        await asyncio.sleep(0)
        note(f"pending {sum(not task.done() for task in kept)}")
"""


@pytest.fixture
def beside(project: Project) -> Project:
    """Give a project whose pytest has pytest-asyncio."""
    project.plugins.append("pytest_asyncio.plugin")
    return project


@pytest.mark.parametrize("scope", ["function", "module", "session"])
@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_it_resumes_in_every_mode(beside: Project, mode: str, scope: str) -> None:
    """Coroutine phases are restored in strict and auto mode, on a loop of any scope."""
    mark = "" if mode == "auto" else f"@pytest.mark.asyncio(loop_scope={scope!r})"
    beside.write("test_pipeline.py", TEST.replace("#MARK", mark))
    arguments = ("--asyncio-mode", mode, "-o", f"asyncio_default_test_loop_scope={scope}")
    broken = beside.run(*arguments, env=BROKEN)
    resumed = beside.run(*arguments)

    assert broken.calls == ["discover", "plan"], broken.text
    assert resumed.passed, resumed.text
    assert resumed.calls == ["plan"]
    assert not beside.documents()


@pytest.mark.parametrize("scope", ["function", "module", "session"])
def test_a_task_left_pending_is_closed(beside: Project, scope: str) -> None:
    """A phase still pending when its test is over is cancelled, refused and named."""
    beside.write("test_pending.py", PENDING.replace("SCOPE", scope))
    result = beside.run("-v")

    assert result.passed, result.text
    assert sorted(result.calls) == ["cancelled", "ended", "pending 0"]
    assert not beside.documents(), "a phase was committed after its test had passed"
    section = result.text.partition("= milepost =")[2]
    if scope == "function":
        assert "  late      interrupted" in section
    else:
        assert "late still ran when the test was over" in section
    assert "stubborn" in section
    assert "Task exception was never retrieved" not in result.text


def test_a_pending_phase_of_a_failed_test_is_interrupted(beside: Project) -> None:
    """It is neither a failure nor a crash in the document, and runs again."""
    beside.write("test_pending.py", PENDING.replace("SCOPE", "session"))
    beside.edit("test_pending.py", "    await asyncio.sleep(0)\n\n", "    assert False\n\n")
    beside.run("-k", "forgetful")
    phases = beside.document()["phases"]
    again = beside.run("-k", "forgetful")

    assert phases["first"]["status"] == "completed"
    assert phases["late"]["status"] == "pending"
    assert phases["late"]["milepost"]["attempts"][-1]["outcome"] == "interrupted"
    assert beside.document()["total_retries"] == 0
    assert "first     restored" in again.text


def test_fixtures_and_plain_tests(beside: Project) -> None:
    """Asynchronous fixtures, and plain tests beside coroutine tests, use phase as well."""
    beside.write(
        "test_fixture.py",
        """
        import pytest, pytest_asyncio
        from calling import note

        async def create():
            note("create")
            return "cluster-1"

        @pytest_asyncio.fixture
        async def cluster(phase):
            return await phase("cluster", create)

        @pytest.mark.asyncio
        async def test_uses(cluster, phase):
            assert cluster == "cluster-1"
            assert await phase("cluster", create) == "cluster-1"
            assert False

        def test_plain(phase):
            assert phase("counting", len, "abc") == 3
        """,
    )
    first, second = beside.run(), beside.run()

    assert first.calls == ["create"]
    assert second.calls == []
    assert second.outcomes() == {"failed": 1, "passed": 1}
