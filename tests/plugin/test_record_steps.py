"""Steps and items in the report and on the command line, as a user meets them."""

import re
from collections.abc import Iterator

import pytest

from tests.plugin.model import ASKING, Model, serving
from tests.project import Project

MAP = """
    import os
    from calling import note
    from milepost import step, step_map

    def write(number):
        note(f"write {number}")
        if number == 4 and "BREAK" in os.environ:
            raise ValueError("nonsense")
        return f"file {number}"

    def review(texts):
        note("review")
        return len(texts)

    def code():
        texts = step_map("write_file", write, range(6), key=str)
        return {"files": step("review", review, texts)}

    def test_story(phase):
        assert phase("code", code) == {"files": 6}
"""
ONCE = """
    import os
    from calling import note
    from milepost import step

    def pay(amount):
        note("pay")
        if "BREAK" in os.environ:
            os._exit(9)
        return {"id": 1}

    def shop():
        paid = step.with_options(at_most_once=True, key="order-1")("pay", pay, 100)
        return {"paid": paid["id"]}

    def test_story(phase):
        note(phase("shop", shop)["paid"])
        assert "LATER" not in os.environ
"""


@pytest.fixture
def model() -> Iterator[Model]:
    """Give a model."""
    with serving() as found:
        yield found


def _test_id(project: Project) -> str:
    return str(project.document()["test_id"])


def test_items_and_steps_are_told(project: Project) -> None:
    """The report says how far a map came, what was restored and what ran."""
    project.write("test_story.py", MAP)
    broken = project.run(env={"BREAK": "1"})
    assert broken.calls == [f"write {number}" for number in range(5)]
    assert "      0 steps restored, 4 ran\n" in broken.text
    assert "      write_file: 4 of 6 items\n" in broken.text
    shown = project.milepost("show", _test_id(project), "--calls").text
    assert shown.startswith("code: write_file 4 of 6\n")
    assert re.search(r"^  write_file#\w{8} \[3\]  kept .*  file 3$", shown, re.MULTILINE)

    resumed = project.run()
    assert resumed.passed, resumed.text
    assert resumed.calls == ["write 4", "write 5", "review"]
    assert "      4 steps restored, 3 ran\n" in resumed.text
    assert "      write_file: 6 of 6 items\n" in resumed.text
    assert "milepost: 0 of 1 phase restored; 4 steps restored, 3 ran" in resumed.text


def test_a_step_is_bought_again(project: Project) -> None:
    """After rm --calls STEP the steps of that name run again, the others do not."""
    project.write("test_story.py", MAP.replace('{"files": 6}', '{"files": 7}'))
    assert project.run().outcomes() == {"failed": 1}
    test_id = _test_id(project)
    dropped = project.milepost("rm", test_id, "--calls", "review", "--yes")
    assert dropped.text == (
        "To be bought again: 1 step\n"
        "To be run again: code\n"
        "Dropped: the next run buys it again.\n"
    )
    again = project.run()
    assert again.calls == ["review"]
    assert "      6 steps restored, 1 ran\n" in again.text


def test_a_step_that_may_run_once_is_resolved(project: Project) -> None:
    """A payment that was cut off is made neither twice nor never: somebody says."""
    project.write("test_story.py", ONCE)
    assert project.run(env={"BREAK": "1"}).calls == ["pay"]
    blocked = project.run()
    assert (blocked.outcomes(), blocked.calls) == ({"failed": 1}, [])
    test_id = _test_id(project)
    assert f"milepost resolve {test_id} 'pay' --done JSON" in blocked.text

    told = project.milepost("resolve", test_id, "pay", "--done", '{"id": 7}')
    assert re.fullmatch(r"Resolved: pay#\w{8} \[order-1\] has happened\.\n", told.text)
    resumed = project.run(env={"LATER": "1"})
    assert resumed.calls == ["7"]

    kept = project.milepost("rm", test_id, "--calls", "--yes")
    assert "Kept, for it may run at most once: pay#" in kept.text
    assert project.run(env={"LATER": "1"}).calls == ["7"]
    named = project.milepost("rm", test_id, "--calls", "pay", "--yes")
    assert "To be bought again: 1 step\n" in named.text
    assert project.run().calls == ["pay", "1"]


def test_a_step_that_has_not_happened_runs(project: Project) -> None:
    """Who says that it has not happened has it run again."""
    project.write("test_story.py", ONCE)
    project.run(env={"BREAK": "1"})
    project.milepost("resolve", _test_id(project), "pay", "--not-done")
    resumed = project.run()
    assert resumed.passed, resumed.text
    assert resumed.calls == ["pay", "1"]


@pytest.mark.parametrize(
    ("reruns", "product"),
    [
        ((), "12 times: 3 (max_retries of the SDK) x 4 (retry of milepost)"),
        (
            ("--reruns=1",),
            "24 times: 3 (max_retries of the SDK) x 4 (retry of milepost) x 2 (reruns of",
        ),
    ],
)
def test_stacked_retries_are_told(
    project: Project, model: Model, reruns: tuple[str, ...], product: str
) -> None:
    """Where an SDK tries again inside of a phase, the product and the cure are said."""
    pytest.importorskip("openai")
    project.plugins.append("rerunfailures")
    project.write("asking.py", ASKING)
    project.write(
        "test_story.py",
        """
        import os
        import openai
        import pytest

        def ask():
            url = os.environ["MODEL_URL"] + "/v1"
            client = openai.OpenAI(base_url=url, api_key="none", max_retries=2)
            messages = [{"role": "user", "content": "hi"}]
            made = client.chat.completions.create(model="gpt-4o-mini", messages=messages)
            return made.choices[0].message.content

        @pytest.mark.milepost(record=True)
        def test_story(phase):
            assert phase("ask", ask) == "HI"
        """,
    )
    result = project.run(*reruns, env={"MODEL_URL": model.url})
    assert result.passed, result.text
    assert result.text.count(f"one call may be made {product}") == 1
    assert "set max_retries=0 where the SDK's client is made" in result.text
