"""Phases in tasks, in threads and in other phases."""

import pytest

from tests.project import Project

TEST = """
    import asyncio, os, threading
    import pytest
    from calling import note
    from concurrent.futures import ThreadPoolExecutor
    from functools import partial

    class Reviewer:
        async def __call__(self, n):
            return await areview(n)

    def review(n):
        note(f"review {n}")
        return n * n

    async def areview(n):
        await asyncio.sleep(0)
        return review(n)

    async def gather(phase):
        return await asyncio.gather(
            *[phase(f"review {n}", areview, n) for n in range(3)])

    async def group(phase):
        async with asyncio.TaskGroup() as tasks:
            found = [tasks.create_task(phase(f"review {n}", areview, n)) for n in range(3)]
        return [task.result() for task in found]

    async def to_thread(phase):
        return await asyncio.gather(
            *[asyncio.to_thread(phase, f"review {n}", review, n) for n in range(3)])

    async def through(phase):
        return [await phase(f"review {n}", asyncio.to_thread, review, n) for n in range(3)]

    async def executor(phase):
        loop = asyncio.get_running_loop()
        return [await loop.run_in_executor(None, phase, f"review {n}", review, n)
                for n in range(3)]

    async def pool(phase):
        with ThreadPoolExecutor(3) as threads:
            return list(threads.map(
                lambda n: phase(f"review {n}", review, n), range(3)))

    async def threads(phase):
        found = {}
        def one(n):
            found[n] = phase(f"review {n}", review, n)
        started = [threading.Thread(target=one, args=(n,)) for n in range(3)]
        [thread.start() for thread in started]
        [thread.join() for thread in started]
        return [found[n] for n in range(3)]

    async def awaitables(phase):
        return [
            await phase("review 0", lambda: areview(0)),
            await phase("review 1", partial(areview, 1)),
            await phase("review 2", Reviewer(), 2),
        ]

    WAYS = [gather, group, to_thread, through, executor, pool, threads, awaitables]

    @pytest.mark.asyncio
    @pytest.mark.parametrize("way", WAYS)
    async def test_review(phase, way):
        assert await way(phase) == [0, 1, 4]
        assert "RIGHT" in os.environ
"""
WAYS = 8
RIGHT = {"RIGHT": "1"}


def test_phases_run_at_once_wherever_they_run(project: Project) -> None:
    """Each phase is kept and restored, in whichever task or thread it was called."""
    project.plugins.append("pytest_asyncio.plugin")
    project.write("test_review.py", TEST)
    first, second = project.run(), project.run(env=RIGHT)

    assert first.outcomes() == {"failed": WAYS}
    assert sorted(first.calls) == sorted(["review 0", "review 1", "review 2"] * WAYS)
    assert second.outcomes() == {"passed": WAYS}, second.text
    assert second.calls == []


def test_a_phase_inside_a_phase_just_runs(project: Project) -> None:
    """Only the outer one is kept, in whichever task or thread the inner one was called."""
    project.plugins.append("pytest_asyncio.plugin")
    project.write(
        "test_nested.py",
        """
        import asyncio
        import pytest
        from calling import note

        def inner(n):
            note(f"inner {n}")
            return n

        async def ainner(n):
            return inner(n)

        async def outer(phase):
            here = phase("inner", inner, 1)
            task = asyncio.create_task(phase("inner task", ainner, 2))
            thread = asyncio.to_thread(phase, "inner thread", inner, 3)
            return [here, await task, await thread]

        @pytest.mark.asyncio
        async def test_nested(phase):
            assert await phase.with_options(ignore=["phase"])("outer", outer, phase) == []
        """,
    )
    first = project.run()
    phases = project.document()["phases"]
    second = project.run()

    assert first.calls == ["inner 1", "inner 2", "inner 3"], first.text
    assert list(phases) == ["outer"]
    assert phases["outer"]["result"] == [1, 2, 3]
    assert second.calls == []


def test_a_name_used_twice(project: Project) -> None:
    """Equal inputs give the same value again, others are an error that shows the cure."""
    project.write(
        "test_twice.py",
        """
        import pytest
        from calling import note

        def review(text):
            note(f"review {text}")
            return [text]

        def test_equal(phase):
            one = phase("review", review, "a")
            two = phase("review", review, "a")
            assert one == two == ["a"]
            assert one is not two

        def test_other(phase):
            for text in ("a", "b"):
                phase("review", review, text)
        """,
    )
    result = project.run()

    assert result.calls == ["review a", "review a"]
    assert result.outcomes() == {"failed": 1, "passed": 1}
    assert "phase 'review' was called twice in this run, with other inputs" in result.text
    assert "Different: text." in result.text
    assert 'phase(f"review {i}", ...)' in result.text


def test_a_name_that_still_runs(project: Project) -> None:
    """Two tasks that use one name at once are told so, and the first one goes on."""
    project.plugins.append("pytest_asyncio.plugin")
    project.write(
        "test_at_once.py",
        """
        import asyncio
        import pytest
        from milepost import MilepostError

        async def review(n):
            await asyncio.sleep(0)
            return n

        @pytest.mark.asyncio
        async def test_at_once(phase):
            found = await asyncio.gather(
                phase("review", review, 1), phase("review", review, 2),
                return_exceptions=True)
            assert found[0] == 1
            assert isinstance(found[1], MilepostError)
            assert "it still runs" in str(found[1])
        """,
    )
    result = project.run()

    assert result.passed, result.text


@pytest.mark.parametrize("ends", [True, False], ids=["in time", "never"])
def test_a_thread_left_running_is_awaited(project: Project, ends: bool) -> None:
    """A phase that outlives its test in a thread is awaited, and named if it is late."""
    project.write(
        "test_late.py",
        f"""
        import threading, time
        from calling import note

        def work():
            started.set()
            time.sleep(0.3) if {ends} else time.sleep(60)
            note("worked")
            return 1

        started = threading.Event()

        def test_late(phase):
            threading.Thread(target=phase, args=("late", work), daemon=True).start()
            started.wait()
            assert False
        """,
    )
    result = project.run("-o", f"milepost_drain={20 if ends else 0.1}")
    phase = project.document()["phases"]["late"]

    assert (result.calls == ["worked"]) == ends
    assert ("late still ran when the test was over" in result.text) != ends
    assert phase["status"] == ("completed" if ends else "pending")
