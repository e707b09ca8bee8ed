"""Which phase a step belongs to, in threads, other processes and other loops."""

import pytest

from tests.steps.story import Story

HEAD = """
    import asyncio
    import multiprocessing
    import threading
    import time
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from pathlib import Path

    import milepost
    from milepost import bind, step, step_map
    from provider import buy

    def ask(request):
        return buy(request)

    def two(_=None):
        return step("a", ask, "x"), step("b", ask, "y")

    async def give(request):
        return buy(request)

    async def two_given():
        return await step("a", give, "x"), await step("b", give, "y")
"""
TEST = """
    import asyncio
    import work

    def test_it(phase):
        found = phase("work", work.work)
        found = asyncio.run(found) if asyncio.iscoroutine(found) else found
        print("found", found)
        assert not work.Path("broken").exists()
        assert phase("end", len, "") == 0
"""


def write(story: Story, body: str) -> None:
    """Write a project whose phase does this, and fails at its end while broken."""
    story.write("test_it.py", TEST)
    story.write("work.py", HEAD)
    path = story.project.folder / "work.py"
    path.write_text(path.read_text() + "\n\n" + body + ENDING)
    story.write("broken", "")


ENDING = """

inner = work

if asyncio.iscoroutinefunction(inner):
    async def work():
        found = await inner()
        assert not Path("broken").exists()
        return found
else:
    def work():
        found = inner()
        assert not Path("broken").exists()
        return found
"""
WAYS = {
    "to_thread": """
async def work():
    return await asyncio.to_thread(two)
""",
    "run_in_executor": """
async def work():
    return await asyncio.get_running_loop().run_in_executor(None, two)
""",
    "submit": """
def work():
    with ThreadPoolExecutor() as pool:
        return pool.submit(two).result()
""",
    "Thread": """
def work():
    found = []
    thread = threading.Thread(target=lambda: found.extend(two()))
    thread.start()
    thread.join()
    return found
""",
    "a loop in a thread": """
def work():
    found = []
    thread = threading.Thread(target=lambda: found.extend(asyncio.run(two_given())))
    thread.start()
    thread.join()
    return found
""",
    "a bound coroutine function": """
def work():
    with ThreadPoolExecutor() as pool:
        return pool.submit(asyncio.run, bind(two_given)()).result()
""",
    "trio": """
import trio

def work():
    return trio.run(two_given)
""",
    "anyio": """
import anyio

def work():
    return anyio.run(two_given, backend="trio")
""",
    "tasks of anyio": """
import anyio

async def work():
    found = []
    async def one(name, request):
        found.append(await step(name, give, request))
    async with anyio.create_task_group() as group:
        group.start_soon(one, "a", "x")
        group.start_soon(one, "b", "y")
    return sorted(found)
""",
}


@pytest.mark.parametrize("body", WAYS.values(), ids=WAYS)
def test_steps_are_kept_wherever_the_phase_calls_them(story: Story, body: str) -> None:
    """A step that a phase calls by way of a thread or a loop is restored like any other."""
    write(story, body)
    first = story.run()
    (story.project.folder / "broken").unlink()
    second = story.run()

    assert sorted(first.calls) == ["x", "y"], first.text
    assert second.passed, second.text
    assert second.calls == [], second.text


TWO_PHASES = """
    import threading
    from contextlib import suppress
    import milepost
    import work
    from concurrent.futures import ThreadPoolExecutor

    BOTH = threading.Barrier(2)

    def one():
        BOTH.wait(20)
        with ThreadPoolExecutor() as pool:
            found = pool.submit({bound}, None).result()
        return list(found)

    def other():
        BOTH.wait(20)
        BOTH.wait(20)

    def call_other(phase):
        with suppress(threading.BrokenBarrierError):
            phase("other", other)

    def test_it(phase):
        thread = threading.Thread(target=call_other, args=(phase,))
        thread.start()
        try:
            phase("one", one)
        finally:
            BOTH.abort()
            thread.join()
"""


def test_with_two_phases_a_thread_has_to_say_whose_it_is(story: Story) -> None:
    """Without a context and with two phases a step is an error that shows bind."""
    write(story, "work = two")
    story.write("test_it.py", TWO_PHASES.format(bound="work.two"))
    first = story.run()
    story.write("test_it.py", TWO_PHASES.format(bound="milepost.bind(work.two)"))
    second = story.run()

    assert first.calls == [], first.text
    assert "pool.submit(milepost.bind(fn), ...)" in first.text
    assert second.passed, second.text
    assert second.calls == ["x", "y"]


PROCESSES = {
    "fork": """
def work():
    child = multiprocessing.get_context("fork").Process(target=two)
    child.start()
    child.join()
    return child.exitcode
""",
    "spawn": """
def work():
    child = multiprocessing.get_context("spawn").Process(target=two)
    child.start()
    child.join()
    return child.exitcode
""",
    "a pool": """
def work():
    with ProcessPoolExecutor(1) as pool:
        return list(pool.map(two, [1]))
""",
}


@pytest.mark.parametrize("body", PROCESSES.values(), ids=PROCESSES)
def test_steps_in_other_processes_are_counted(story: Story, body: str) -> None:
    """In a child process a step is a plain call, writes nothing, and the report says so."""
    write(story, body)
    first = story.run()

    assert sorted(first.calls) == ["x", "y"], first.text
    assert "2 steps ran in other processes" in first.text
    assert story.records("step") == []


def test_a_thread_of_a_failing_phase_is_not_left_to_plain_calls(story: Story) -> None:
    """While a failing phase awaits a thread, what that calls next is no plain call."""
    body = """
def slow(request):
    answer = buy(request)
    time.sleep(0.4)
    return answer

def slower(request):
    time.sleep(1.5)
    return buy(request)

def chain():
    step("a", slow, "x")
    step("b", ask, "y")

def inner_work():
    threading.Thread(target=step, args=("longest", slower, "z")).start()
    threading.Thread(target=chain).start()
    time.sleep(0.2)
    raise ValueError("no")

work = inner_work
"""
    write(story, body)
    first = story.run()
    kept = {record["name"] for record in story.records("step")}

    assert sorted(first.calls) == ["x", "y", "z"], first.text
    assert kept == {"a", "b", "longest"}, first.text


def test_counting_elsewhere_ends_with_the_last_run(story: Story) -> None:
    """Two checkpoints of one test leave nothing of theirs in the environment."""
    write(story, "work = two")
    story.write(
        "test_it.py",
        """
        import os
        import pytest
        import work

        class TestIt:
            def test_one(self, class_phase, phase):
                class_phase("shared", work.two)
                phase("work", work.two)

        def test_two():
            assert "MILEPOST_ELSEWHERE" not in os.environ
        """,
    )
    (story.project.folder / "broken").unlink()
    first = story.run()

    assert first.code == 0, first.text
