"""A step's code counts: edited, it is stale and bought again; taken back, found."""

import pytest

from tests.steps.story import Story

WORK = """
    from typing import Any
    import importlib
    from milepost import step
    from helper import polish
    from provider import buy

    def ask(request: str) -> Any:
        return polish(buy(request))

    def other(request):
        return buy(request)

    def work():
        found = [step("ask", ask, "x"), step("other", other, "y")]
        assert not open("broken").read()
        return found
"""
HELPER = """
    def polish(answer):
        return answer
"""
TEST = """
    import work

    def test_it(phase):
        found = phase("work", work.work)
        print("found", found)
        assert not open("late").read()
"""


@pytest.fixture
def coded(story: Story) -> Story:
    """Give a project with two steps, one of which has a helper; its phase is broken."""
    for name, text in (("work", WORK), ("helper", HELPER), ("test_it", TEST)):
        story.write(f"{name}.py", text)
    story.write("broken", "x")
    story.write("late", "")
    return story


BUYS = "return polish(buy(request))"
EDITS = {
    "function": ("work.py", BUYS, f"{BUYS} + '!'"),
    "helper": ("helper.py", "return answer", "return answer.strip()"),
    "schema": ("work.py", "def ask(request: str) -> Any", "def ask(request: str) -> str"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_step_is_stale_and_found_again_when_taken_back(
    coded: Story, edit: tuple[str, str, str]
) -> None:
    """Only the edited step is bought again, with a reason; a revert costs nothing."""
    file, old, new = edit
    coded.run()
    coded.edit(file, old, new)
    edited = coded.run()
    coded.edit(file, new, old)
    coded.write("broken", "")
    reverted = coded.run("-s")

    assert edited.calls == ["x"], edited.text
    assert "step ask is stale: " in edited.text
    assert "step other is stale" not in edited.text
    assert reverted.calls == [], reverted.text
    assert "found ['x:1', 'y:1']" in reverted.text


def test_a_comment_is_no_edit(coded: Story) -> None:
    """What does not change the code changes nothing."""
    coded.run()
    coded.edit("work.py", "def other(", "# a remark\n\ndef other(")
    coded.edit("helper.py", "    return answer", "    # a remark\n    return  answer")
    second = coded.run()

    assert second.calls == [], second.text


def test_a_finished_phase_depends_on_the_code_of_its_steps(coded: Story) -> None:
    """A plugin that nothing names is counted all the same, in a finished phase, too."""
    coded.write("plugins.py", WORK.replace("def work():", "def unused():"))
    coded.edit("work.py", 'step("ask", ask, "x")', 'step("ask", find("ask"), "x")')
    find = 'def find(name):\n    return getattr(importlib.import_module("plugins"), name)\n'
    coded.edit("work.py", "def work():", f"{find}\ndef work():")
    coded.write("broken", "")
    coded.write("late", "x")
    first = coded.run()
    again = coded.run()
    coded.edit("plugins.py", "polish(buy(request))", "polish(buy(request)) + '!'")
    coded.write("late", "")
    edited = coded.run("-s")

    assert first.calls == ["x", "y"], first.text
    assert again.calls == []
    assert edited.calls == ["x"], edited.text
    assert "found ['x:2!', 'y:1']" in edited.text


def test_a_restored_outer_step_depends_on_the_code_of_the_inner_ones(coded: Story) -> None:
    """A step around steps is not restored from what an edited one had given."""
    coded.write("plugins.py", WORK.replace("def work():", "def unused():"))
    around = """def around():
    plugins = importlib.import_module("plugins")
    return step("ask", getattr(plugins, "ask"), "x")

"""
    coded.edit("work.py", "def work():", around + "def work():")
    coded.edit("work.py", 'step("ask", ask, "x")', 'step("around", around)')
    coded.run()
    coded.edit("plugins.py", "polish(buy(request))", "polish(buy(request)) + '!'")
    coded.write("broken", "")
    edited = coded.run("-s")

    assert edited.calls == ["x"], edited.text
    assert "found ['x:2!', 'y:1']" in edited.text


def test_edited_inputs_are_other_steps(coded: Story) -> None:
    """A step with other inputs is bought, and going back finds the first one."""
    coded.run()
    coded.edit("work.py", 'ask, "x"', 'ask, "z"')
    edited = coded.run()
    coded.edit("work.py", 'ask, "z"', 'ask, "x"')
    reverted = coded.run()

    assert edited.calls == ["z"], edited.text
    assert reverted.calls == []


def test_a_value_that_cannot_be_kept_is_handed_on_and_said(coded: Story) -> None:
    """What cannot be written is given to the test, and bought again next time."""
    coded.edit("work.py", "return buy(request)", "buy(request)\n    return object")
    coded.edit("work.py", "return found", "return str(found)")
    first, second = coded.run(), coded.run()

    assert "step other ran, not kept" in first.text
    assert second.calls == ["y"], second.text


def test_a_secret_is_not_kept_and_nowhere_on_the_disk(coded: Story) -> None:
    """A step whose value holds a secret is not kept; the secret is not written anywhere."""
    secret = "sk-ant-api03-" + "a1B2c3D4" * 6
    coded.write("helper.py", f'def polish(answer):\n    return {{"token": "{secret}"}}\n')
    coded.edit("work.py", "return found", "return len(found)")
    first, second = coded.run(), coded.run()

    assert "step ask ran, not kept" in first.text
    assert second.calls == ["x"], second.text
    written = [p for p in coded.project.checkpoints.rglob("*") if p.is_file()]
    assert written
    assert not [path for path in written if secret.encode() in path.read_bytes()]
    assert secret not in first.text


def test_a_refused_answer_is_not_kept(coded: Story) -> None:
    """check= refuses an answer where it is made; a retry of the step asks anew."""
    coded.edit(
        "work.py",
        'step("ask", ask, "x")',
        'step.with_options(check=lambda answer: answer != "x:1")("ask", ask, "x")',
    )
    first, second = coded.run(), coded.run()
    third = coded.run()

    assert first.calls == ["x"], first.text
    assert "the answer of step 'ask' was refused" in first.text
    assert second.calls == ["x", "y"], second.text
    assert third.calls == []


def test_a_retry_loop_of_ones_own_gets_new_answers(coded: Story) -> None:
    """Who asks again has a live answer, and after a break the same ones in their order."""
    loop = """def several():
    for _ in range(3):
        answer = step("ask", ask, "x")
        if answer == "x:2":
            return answer

"""
    coded.edit("work.py", "def work():", loop + "def work():")
    coded.edit("work.py", '[step("ask", ask, "x"),', "[several(),")
    first, second = coded.run(), coded.run()

    assert first.calls == ["x", "x", "y"], first.text
    assert second.calls == [], second.text


def test_run_again_costs_nothing_and_buy_again_buys(coded: Story) -> None:
    """--milepost-from replays what was bought; milepost rm --calls drops it."""
    coded.write("broken", "")
    coded.write("late", "x")
    coded.run()
    run_again = coded.run("--milepost-from=work")
    told = coded.milepost("rm", coded.test_id, "--calls", "work", "--yes")
    bought_again = coded.run()

    assert run_again.calls == [], run_again.text
    assert told.code == 0, told.text
    assert bought_again.calls == ["x", "y"], bought_again.text


def test_what_passed_is_gone(coded: Story) -> None:
    """Nothing of a test that passed is ever restored."""
    coded.write("broken", "")
    first, second = coded.run(), coded.run()

    assert first.passed, first.text
    assert first.calls == second.calls == ["x", "y"]
    assert not coded.segments()
