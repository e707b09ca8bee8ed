"""What is kept is found: by its own scope first, then anywhere in the phase."""

import pytest

from tests.steps.story import Story

HEAD = """
    from milepost import step, step_map
    from provider import buy

    def ask(request):
        return buy(request)
"""
TEST = """
    from pathlib import Path
    import work

    def test_it(phase):
        found = phase("work", work.work)
        Path("result").write_text(repr(found))
        assert not Path("broken").exists()
"""


@pytest.fixture
def told(story: Story) -> Story:
    """Give a project whose test fails as long as a file named broken exists."""
    story.write("test_it.py", TEST)
    story.write("broken", "")
    return story


def mend(story: Story) -> None:
    """Let the test pass from now on."""
    (story.project.folder / "broken").unlink()


def result(story: Story) -> str:
    """Give what the phase gave in the last run."""
    return (story.project.folder / "result").read_text()


def write_work(story: Story, body: str) -> None:
    """Write the phase's function, with what it needs above it."""
    story.project.write("work.py", HEAD)
    path = story.project.folder / "work.py"
    lines = "\n".join(f"    {line}" if line else "" for line in body.splitlines())
    path.write_text(path.read_text() + f"\n\ndef work():\n{lines}\n")


def test_equal_steps_have_an_answer_each(told: Story) -> None:
    """Equal steps are bought once each, and restored in their order."""
    write_work(told, "return [step('a', ask, 'x') for _ in range(3)] + [1 / FAIL]")
    first = told.run()
    write_work(told, "return [step('a', ask, 'x') for _ in range(4)]")
    second = told.run()

    assert first.calls == ["x"] * 3, first.text
    assert second.calls == ["x"], second.text
    assert result(told) == "['x:1', 'x:2', 'x:3', 'x:4']"


def test_a_key_adds_to_the_inputs(told: Story) -> None:
    """The same key with other inputs is another step, and so is another key."""
    keyed = "return [step.with_options(key='k')('a', ask, '{}'), {}] + [1 / FAIL]"
    write_work(told, keyed.format("x", "None"))
    told.run()
    write_work(told, keyed.format("y", "step('a', ask, 'x')"))
    second = told.run()

    assert second.calls == ["y", "x"], second.text


def test_a_step_moved_into_another_is_found(told: Story) -> None:
    """A step that is called inside another one later on is not bought again."""
    write_work(told, "return [step('a', ask, 'x')] + [1 / FAIL]")
    told.run()
    body = "def around():\n    return step('a', ask, 'x')\nreturn step('b', around)"
    write_work(told, body)
    second = told.run()

    assert second.calls == [], second.text
    assert result(told) == "'x:1'"


def test_what_a_restored_step_owns_is_not_given_again(told: Story) -> None:
    """A step beside a restored one buys its own answer, equal or not."""
    around = "def around():\n    return step('a', ask, 'x')\n"
    write_work(told, around + "return [step('b', around)] + [1 / FAIL]")
    told.run()
    write_work(told, around + "return [step('b', around), step('a', ask, 'x')]")
    second = told.run()

    assert second.calls == ["x"], second.text
    assert result(told) == "['x:1', 'x:2']"


def test_a_step_is_not_found_in_another_phase(told: Story) -> None:
    """Steps belong to their phase: another one asks for itself."""
    write_work(told, "return step('a', ask, 'x')")
    told.edit("test_it.py", "found =", 'other = phase("other", work.work)\n    found =')
    first = told.run()

    assert first.calls == ["x", "x"], first.text
    assert result(told) == "'x:2'"


def test_items_come_in_their_order_whatever_finished_first(told: Story) -> None:
    """The results of a step_map stand in the order of its items."""
    body = """import time
def slow(request):
    time.sleep(0.2 if request == 'a' else 0)
    return ask(request)
return step_map('m', slow, ['a', 'b', 'c'], concurrency=3)"""
    write_work(told, body)
    told.run()
    assert result(told) == "['a:1', 'b:1', 'c:1']"


def test_equal_items_at_once_have_an_answer_each(told: Story) -> None:
    """Equal items that run at once never share an answer, however fast they are."""
    write_work(told, "return step_map('m', ask, ['x'] * 60, concurrency=8)")
    first = told.run()

    assert len(first.calls) == 60
    assert len(set(result(told).split(", "))) == 60, result(told)


def test_equal_coroutine_steps_at_once_have_an_answer_each(told: Story) -> None:
    """Equal steps of many tasks never share an answer, however fast they are."""
    body = """import asyncio
async def give(request):
    return ask(request)
async def several():
    return [await step('a', give, 'x') for _ in range(10)]
async def all_of_them():
    return sum(await asyncio.gather(*(several() for _ in range(8))), [])
return asyncio.run(all_of_them())"""
    write_work(told, body)
    first = told.run()

    assert len(first.calls) == 80, first.text
    assert len(set(result(told).split(", "))) == 80, result(told)


def test_equal_keys_are_refused_before_anything_is_bought(told: Story) -> None:
    """Two items with one key are an error, and no item starts."""
    write_work(told, "return step_map('m', ask, ['a', 'b'], key=lambda item: 'k')")
    first = told.run()

    assert first.calls == []
    assert "items 0 and 1 have the same key 'k'" in first.text


def test_an_item_is_tried_again_by_itself(told: Story) -> None:
    """retry= tries the failed item again, and no other."""
    body = """from milepost import RetryConfig
def shaky(request):
    answer = ask(request)
    if answer == 'b:1':
        raise ConnectionResetError('reset')
    return answer
fast = RetryConfig(max_retries=2, initial_delay=0.0)
return step_map('m', shaky, ['a', 'b', 'c'], retry=fast)"""
    write_work(told, body)
    first = told.run()

    assert first.calls == ["a", "b", "b", "c"], first.text


def test_the_list_of_items_is_written_before_the_first_starts(told: Story) -> None:
    """Whatever kills the first item, the journal knows the whole list."""
    body = """import os, signal
def deadly(request):
    os.kill(os.getpid(), signal.SIGKILL)
return step_map('m', deadly, ['a', 'b'])"""
    write_work(told, body)
    told.run()

    (items,) = told.records("items")
    assert items["labels"] == ["a", "b"]


def test_a_step_outside_of_phases_is_a_plain_call(story: Story) -> None:
    """Production code may carry steps: without a phase nothing is written."""
    story.write(
        "test_it.py",
        """
        from milepost import step, step_map
        from provider import buy

        def test_it():
            assert step("a", buy, "x") == "x:1"
            assert step_map("m", buy, ["y", "z"], concurrency=2) == ["y:1", "z:1"]
        """,
    )
    first = story.run()

    assert first.passed, first.text
    assert not story.project.checkpoints.exists()


def test_off_makes_steps_plain_calls(told: Story) -> None:
    """With --milepost=off nothing is kept."""
    write_work(told, "return step('a', ask, 'x')")
    first, second = told.run("--milepost=off"), told.run("--milepost=off")

    assert first.calls == second.calls == ["x"], first.text
    assert not told.project.documents()


def test_offline_runs_no_step(told: Story) -> None:
    """Under offline a kept step is given, and one that is not kept is an error."""
    write_work(told, "return [step('a', ask, 'x')] + [1 / FAIL]")
    told.run()
    offline = told.run("--milepost=offline")

    assert offline.calls == []
    assert offline.code == 1, offline.text


@pytest.mark.parametrize("scope", ["class", "module"])
def test_steps_of_a_shared_checkpoint_are_kept(story: Story, scope: str) -> None:
    """The steps of a class_phase and a module_phase are restored like any others."""
    story.write(
        "test_it.py",
        f"""
        from pathlib import Path
        from milepost import step
        from provider import buy

        def ask(request):
            return buy(request)

        def work():
            found = step("a", ask, "x")
            assert not Path("broken").exists()
            return found

        class TestIt:
            def test_it(self, {scope}_phase):
                assert {scope}_phase("work", work) == "x:1"
        """,
    )
    story.write("broken", "")
    first = story.run()
    mend(story)
    second = story.run()

    assert first.calls == ["x"], first.text
    assert second.calls == [], second.text
    assert second.passed, second.text
