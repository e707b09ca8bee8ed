"""What is in flight when something fails: awaited, kept, and not asked for again."""

import signal

import pytest

from tests.crash.gate import await_path
from tests.steps.story import Story

HEAD = """
    import asyncio
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from milepost import RetryConfig, bind, step, step_map
    from provider import buy

    BROKEN = Path(__file__).with_name("broken").exists()
    FAST = RetryConfig(max_retries=2, initial_delay=0.0)

    async def slowly(request):
        answer = buy(request)
        await asyncio.sleep(0.3)
        return answer

    def slow(request):
        answer = buy(request)
        time.sleep(0.3)
        return answer

    async def fails(request):
        await asyncio.sleep(0.1)
        if BROKEN:
            raise ValueError("no answer")
        return buy(request)
"""
TEST = """
    import asyncio
    import work

    def test_it(phase):
        found = phase("work", work.work)
        if asyncio.iscoroutine(found):
            found = asyncio.run(found)
        print("found", found)
        assert not work.BROKEN
"""


def write(story: Story, body: str) -> None:
    """Write a project whose phase does this, and let it be broken."""
    story.write("test_it.py", TEST)
    story.write("work.py", HEAD)
    path = story.project.folder / "work.py"
    path.write_text(path.read_text() + "\n\n" + body)
    story.write("broken", "")


def mend(story: Story) -> None:
    """Let the test pass from now on."""
    (story.project.folder / "broken").unlink()


TASK_GROUP = """
async def work():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(step("slow", slowly, name)) for name in "ab"]
        tasks.append(group.create_task(step("fails", fails, "c")))
    return [task.result() for task in tasks]
"""
IN_ONE_RUN = """
async def both():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(step("slow", slowly, name)) for name in "ab"]
        tasks.append(group.create_task(step("fails", fails, "c")))
    return [task.result() for task in tasks]

def work():
    return asyncio.run(both())
"""
THREADS = """
def work():
    with ThreadPoolExecutor() as pool:
        begun = [pool.submit(bind(step), "slow", slow, name) for name in "ab"]
        if BROKEN:
            pool.shutdown(wait=False)
            time.sleep(0.1)
            raise ValueError("no")
        return [each.result() for each in begun]
"""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(TASK_GROUP, id="tasks"),
        pytest.param(
            IN_ONE_RUN,
            id="a loop that ends in the phase",
        ),
        pytest.param(THREADS, id="threads"),
    ],
)
def test_answers_of_siblings_are_kept(story: Story, body: str) -> None:
    """When one fails, the answers that are on their way are awaited and kept."""
    write(story, body)
    first = story.run()
    mend(story)
    second = story.run()

    assert sorted(first.calls) == ["a", "b"], first.text
    assert second.passed, second.text
    assert not {"a", "b"} & set(second.calls), second.text


AFTER_TIMEOUT = """
async def work():
    try:
        async with asyncio.timeout(0.1):
            await step("slow", slowly, "a")
    except TimeoutError:
        pass
    return await step("slow", slowly, "a")
"""
BY_LAMBDA = "ask = lambda: slowly('a')\n" + AFTER_TIMEOUT.replace('slowly, "a"', "ask")
IN_A_STEP = """
async def around():
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(step("slow", slowly, "a"))
        group.create_task(step("fails", fails_once, "b"))
    return slow.result()

async def fails_once(request):
    answer = buy(request)
    await asyncio.sleep(0.1)
    if answer == "b:1":
        raise ConnectionResetError("reset")
    return answer

async def work():
    return await step.with_options(retry=FAST)("around", around)
"""
THREAD_IN_A_STEP = """
def around():
    pool = ThreadPoolExecutor()
    begun = pool.submit(bind(step), "slow", slow, "a")
    time.sleep(0.1)
    answer = step("fails", fails_once, "b")
    return begun.result(), answer

def fails_once(request):
    answer = buy(request)
    if answer == "b:1":
        raise ConnectionResetError("reset")
    return answer

def work():
    return step.with_options(retry=FAST)("around", around)
"""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(AFTER_TIMEOUT, id="after a timeout"),
        pytest.param(BY_LAMBDA, id="of a lambda"),
        pytest.param(IN_A_STEP, id="when the step around it is tried again"),
        pytest.param(THREAD_IN_A_STEP, id="in a thread of a step that is tried again"),
    ],
)
def test_the_same_call_in_flight_is_awaited(story: Story, body: str) -> None:
    """Who asks again for what is on its way gets that answer, and buys none."""
    write(story, body)
    mend(story)
    first = story.run()

    assert first.passed, first.text
    assert first.calls.count("a") == 1, first.text


def test_the_next_attempt_begins_after_what_is_in_flight(story: Story) -> None:
    """A phase that is tried again finds what its first attempt had asked for."""
    write(story, TASK_GROUP.replace("fails, ", "reset, "))
    story.write(
        "more.py",
        """
        import asyncio
        from provider import buy

        async def reset(request):
            answer = buy(request)
            await asyncio.sleep(0.1)
            if answer == "c:1":
                raise ConnectionResetError("reset")
            return answer
        """,
    )
    story.edit("work.py", "from provider import buy", "from more import buy, reset")
    story.edit("pytest.toml", "milepost_retry = 0", "milepost_retry = 1")
    mend(story)
    first = story.run()

    assert first.passed, first.text
    assert sorted(first.calls) == ["a", "b", "c", "c"]


def test_what_does_not_end_is_not_awaited_for_ever(story: Story) -> None:
    """milepost_drain bounds the wait, and the report says what is lost."""
    body = THREADS.replace("slow, name", "endless, name") + ENDLESS
    write(story, body.replace("with ThreadPoolExecutor() as pool:", "with POOL as pool:"))
    story.configure("milepost_drain = 0.5")
    first = story.run()

    assert first.code == 1, first.text
    assert "still in flight after 0.5 s (milepost_drain)" in first.text


ENDLESS = """

class Pool:
    def __enter__(self):
        return self
    def __exit__(self, *error):
        pass
    def submit(self, fn, *arguments):
        threading.Thread(target=fn, args=arguments, daemon=True).start()
    def shutdown(self, wait):
        pass

POOL = Pool()

def endless(request):
    buy(request)
    time.sleep(60)
"""


def test_nothing_new_starts_after_a_failure(story: Story) -> None:
    """When an item fails, those that run finish, and no other begins."""
    body = """
def item(request):
    answer = buy(request)
    time.sleep(0.1 if request == "a" else 0.3)
    if request == "a":
        raise ValueError("no")
    return answer

def work():
    return step_map("m", item, ["a", "b", "c", "d"], concurrency=2)
"""
    write(story, body)
    first = story.run()
    second = story.run()

    assert sorted(first.calls) == ["a", "b"], first.text
    assert sorted(second.calls) == ["a", "c"], second.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_writes_the_state_first_and_drains_after(
    story: Story, number: signal.Signals
) -> None:
    """The document says interrupted while what is in flight is awaited, and it is kept."""
    body = """
def item(request):
    answer = buy(request)
    Path(__file__).with_name("began").touch()
    deadline = time.monotonic() + 30
    while BROKEN and time.monotonic() < deadline and not is_interrupted():
        time.sleep(0.02)
    return answer

def is_interrupted():
    (document,) = Path(__file__).parent.glob(".milepost/checkpoint_*.json")
    return '"interrupted"' in document.read_text()

def work():
    return step_map("m", item, ["a", "b"], concurrency=2)
"""
    write(story, body)
    life = story.start()
    await_path(story.project.folder / "began", life)
    life.send(number)
    first = life.result()
    mend(story)
    second = story.run()

    assert first.code != 0, first.text
    assert sorted(first.calls) == ["a", "b"], first.text
    assert second.passed, second.text
    assert second.calls == [], second.text
