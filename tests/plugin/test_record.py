"""Tests whose calls are recorded, with phases and without: marker and configuration."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.model import ASKING, Model, serving
from tests.project import Project, Result

MARKED = """
    import os
    import pytest
    from asking import ask

    @pytest.mark.milepost(record=True)
    def test_story():
        answers = [ask("one"), ask("two"), ask("two")]
        assert answers == ["ONE", "TWO", "TWO"]
        assert "BREAK" not in os.environ
"""
PLAIN = MARKED.replace("@pytest.mark.milepost(record=True)", "")
IN_PHASES = """
    import os
    import pytest
    from asking import ask

    def plan():
        return {"plan": ask("plan")}

    def code(plan):
        found = {"code": ask("code"), "review": ask("review")}
        assert "BREAK" not in os.environ, "nonsense"
        return found

    @pytest.mark.milepost(record=True)
    def test_story(phase):
        ask("hello")
        phase("code", code, phase("plan", plan))
"""
EVERYWHERE = ("-o", "milepost_record=true")


@pytest.fixture
def model() -> Iterator[Model]:
    """Give a model."""
    with serving() as found:
        yield found


@pytest.fixture
def story(project: Project, model: Model) -> "Story":
    """Give the project of a user who asks the model."""
    return Story(project, model)


class Story:
    """A project whose tests ask a model."""

    def __init__(self, project: Project, model: Model) -> None:
        self.project = project
        self.model = model
        project.write("asking.py", ASKING)

    def write(self, text: str) -> None:
        """Write the test."""
        self.project.write("test_story.py", text)

    def run(self, *arguments: str, breaks: bool = False, kill_at: str = "") -> Result:
        """Run the tests."""
        env = {"MODEL_URL": self.model.url} | ({"BREAK": "1"} if breaks else {})
        return self.project.run(*arguments, env=env, kill_at=kill_at)

    def left(self) -> list[str]:
        """Name what lies in the checkpoints' folder, history aside."""
        folder = self.project.checkpoints
        return sorted(path.name for path in folder.glob("*") if path.name != "history")


def test_a_marked_test_without_phases_counts_as_one(story: Story) -> None:
    """Its calls are replayed in the next run, which is said, and go when it passes."""
    story.write(MARKED)
    broken = story.run(breaks=True)
    assert broken.outcomes() == {"failed": 1}
    assert story.model.take() == ["one", "two", "two"]
    assert "  0 calls replayed, 3 bought" in broken.text
    assert broken.last_line.startswith("milepost: 0 calls replayed, 3 bought")

    resumed = story.run()
    assert resumed.passed, resumed.text
    assert story.model.take() == []
    assert re.search(r"  restored: 3 calls replayed, 0 bought\n  saved \$0", resumed.text)
    assert story.project.documents() == []
    assert story.run().passed
    assert story.model.take() == ["one", "two", "two"]


def test_a_killed_test_goes_on_where_it_was(story: Story) -> None:
    """What was kept before the process died is not bought again."""
    story.write(MARKED)
    story.run(kill_at="journal.synced")
    bought = story.model.take()
    assert story.run().passed
    assert sorted([*bought, *story.model.take()]) == ["one", "two", "two"]


def test_the_configuration_asks_for_every_test(story: Story) -> None:
    """With the setting no test has to be touched."""
    story.write(PLAIN)
    assert story.run(*EVERYWHERE, breaks=True).outcomes() == {"failed": 1}
    assert story.model.take() == ["one", "two", "two"]
    resumed = story.run(*EVERYWHERE)
    assert resumed.passed, resumed.text
    assert story.model.take() == []
    assert "restored: 3 calls replayed, 0 bought" in resumed.text


def test_nothing_is_recorded_where_nobody_asks(story: Story) -> None:
    """Without marker and setting a test calls as it always did."""
    story.write(PLAIN)
    assert story.run(breaks=True).outcomes() == {"failed": 1}
    assert not story.project.checkpoints.exists()


def test_the_marker_comes_before_the_configuration(story: Story) -> None:
    """A test can keep itself out."""
    story.write(MARKED.replace("record=True", "record=False"))
    assert story.run(*EVERYWHERE, breaks=True).outcomes() == {"failed": 1}
    assert story.project.documents() == []


@pytest.mark.parametrize("arguments", [(), EVERYWHERE])
def test_off_records_nothing(story: Story, arguments: tuple[str, ...]) -> None:
    """With milepost off nothing is written, whoever asks."""
    story.write(MARKED)
    story.run("--milepost=off", *arguments, breaks=True)
    story.run("--milepost=off", *arguments, breaks=True)
    assert len(story.model.take()) == 6
    assert not story.project.checkpoints.exists()


def test_a_test_that_asks_no_model_leaves_no_trace(story: Story) -> None:
    """Where the setting asks for all, a test that asks no model has no checkpoint."""
    story.write(
        """
        from asking import visit

        def test_plain():
            assert True

        def test_visit():
            assert visit() == 200

        def test_broken():
            assert visit() == 404
        """
    )
    result = story.run(*EVERYWHERE)
    assert result.outcomes() == {"failed": 1, "passed": 2}
    assert story.model.visits == 2
    assert not story.project.checkpoints.exists()
    assert "milepost: " not in result.text


def test_a_marked_test_is_held_from_its_set_up_on(story: Story) -> None:
    """Two runs of a marked test exclude each other before anything is spent."""
    story.write(MARKED)
    story.run(breaks=True)
    story.model.take()
    from milepost import CheckpointManager

    manager = CheckpointManager(story.project.checkpoints)
    test_id = story.project.document()["test_id"]
    manager.hold(test_id)
    try:
        held = story.run()
    finally:
        manager.close()
    assert held.outcomes() == {"error": 1}
    assert "is held by another run" in held.text
    assert story.model.take() == []


def test_calls_of_fixtures_belong_to_the_test(story: Story) -> None:
    """What fixtures ask at set-up and at teardown is recorded like the rest."""
    story.write(
        """
        import os
        import pytest
        from asking import ask

        @pytest.fixture(scope="module")
        def wide():
            return ask("wide")

        @pytest.fixture
        def narrow(wide):
            yield ask("narrow")
            ask("goodbye")

        @pytest.mark.milepost(record=True)
        def test_story(narrow):
            assert narrow == "NARROW"
            assert "BREAK" not in os.environ
        """
    )
    assert story.run(breaks=True).outcomes() == {"failed": 1}
    assert story.model.take() == ["wide", "narrow", "goodbye"]
    assert story.run().passed
    assert story.model.take() == []


def test_phases_and_what_is_around_them(story: Story) -> None:
    """Calls in phases are told by phase, those around them apart."""
    story.write(IN_PHASES)
    broken = story.run(breaks=True)
    assert story.model.take() == ["hello", "plan", "code", "review"]
    resumed = story.run()
    assert resumed.passed, resumed.text
    assert story.model.take() == []
    assert "      0 calls replayed, 2 bought" in broken.text
    assert "      2 calls replayed, 0 bought" in resumed.text
    assert "  outside phases: restored: 1 call replayed, 0 bought" in resumed.text


def test_the_configuration_holds_around_phases_too(story: Story) -> None:
    """A call before the first phase opens the run that the phases use."""
    story.write(
        """
        import os
        import pytest
        from asking import ask

        @pytest.fixture
        def early():
            return ask("early")

        def work():
            found = ask("work")
            assert "BREAK" not in os.environ
            return found

        def test_story(early, phase):
            phase("work", work)
            ask("late")
        """
    )
    story.run(*EVERYWHERE, breaks=True)
    assert story.model.take() == ["early", "work"]
    assert len(story.project.documents()) == 1
    assert story.run(*EVERYWHERE).passed
    assert story.model.take() == ["late"]


def test_calls_of_several_threads_open_one_run(story: Story) -> None:
    """The first calls of a test may come all at once, and from any thread."""
    story.write(
        """
        import os
        from concurrent.futures import ThreadPoolExecutor
        from asking import ask

        def test_story():
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(ask, ["a", "b", "c", "d", "a", "b", "c", "d"]))
            assert "BREAK" not in os.environ
        """
    )
    assert story.run(*EVERYWHERE, breaks=True).outcomes() == {"failed": 1}
    assert sorted(story.model.take()) == ["a", "a", "b", "b", "c", "c", "d", "d"]
    resumed = story.run(*EVERYWHERE)
    assert resumed.passed, resumed.text
    assert story.model.take() == []


def test_a_coroutine_that_is_a_test_is_recorded(story: Story) -> None:
    """Async tests ask through async clients."""
    story.project.plugins.append("anyio")
    story.write(
        """
        import os
        import httpx
        import pytest

        @pytest.mark.anyio
        @pytest.mark.milepost(record=True)
        async def test_story():
            body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
            async with httpx.AsyncClient(base_url=os.environ["MODEL_URL"]) as client:
                answer = await client.post("/v1/chat/completions", json=body)
            assert answer.json()["choices"]
            assert "BREAK" not in os.environ

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        """
    )
    assert story.run(breaks=True).outcomes() == {"failed": 1}
    assert story.model.take() == ["hi"]
    resumed = story.run()
    assert resumed.passed, resumed.text
    assert story.model.take() == []


def test_a_rerun_replays(story: Story) -> None:
    """A plugin that runs a failed test again does not buy anything again."""
    story.project.plugins.append("rerunfailures")
    story.write(
        """
        from calling import note
        from pathlib import Path
        from asking import ask

        def test_story():
            ask("one")
            note("called")
            assert len(Path("calls.log").read_text().split()) > 1
        """
    )
    result = story.run("--reruns=2", *EVERYWHERE)
    assert result.outcomes() == {"passed": 1, "rerun": 1}
    assert story.model.take() == ["one"]
    assert story.project.documents() == []


def test_a_case_that_cannot_be_known_again_is_not_recorded(story: Story) -> None:
    """Where the setting asks for all, such a case runs as it always did, and it is said."""
    story.write(
        """
        import pytest
        from asking import ask

        @pytest.mark.parametrize("case", [object()])
        def test_story(case):
            ask("one")
            ask("two")
        """
    )
    result = story.run(*EVERYWHERE)
    assert result.passed, result.text
    assert story.model.take() == ["one", "two"]
    assert (
        "its calls are not recorded: the parameter 'case' (builtins.object)" in result.text
    )
    assert story.project.documents() == []


def test_what_differs_and_does_not_count_is_ignored(story: Story) -> None:
    """A pattern of the marker or of the setting takes a part of the request out."""
    story.write(
        """
        import os
        import time
        import pytest
        from asking import ask

        @pytest.mark.milepost(record=True, record_ignore=[r"it is \\d+"])
        def test_story():
            ask(f"hello, it is {time.time_ns()}")
            ask(f"run {time.time_ns()}")
            assert "BREAK" not in os.environ
        """
    )
    ignored = ("-o", r"milepost_record_ignore=run \d+")
    story.run(*ignored, breaks=True)
    assert len(story.model.take()) == 2
    assert story.run(*ignored).passed
    assert story.model.take() == []


def test_more_hosts_are_recorded(story: Story) -> None:
    """A host or base URL that is named is recorded, whatever its paths."""
    story.write(
        """
        import os
        import httpx
        import pytest

        @pytest.mark.milepost(record=True)
        def test_story():
            body = {"model": "m", "messages": [{"content": "hi"}]}
            httpx.post(os.environ["MODEL_URL"] + "/inhouse/think", json=body)
            assert "BREAK" not in os.environ
        """
    )
    for _ in range(2):
        story.run(breaks=True)
    assert story.model.take() == ["hi", "hi"]
    named = ("-o", f"milepost_record_hosts={story.model.url}/inhouse")
    for _ in range(2):
        story.run(*named, breaks=True)
    assert story.model.take() == ["hi"]


def test_a_neighbour_in_a_recorded_class_is_not_recorded(story: Story) -> None:
    """Who does not ask is not recorded where others share a checkpoint that is."""
    story.write(
        """
        import pytest
        from asking import ask

        @pytest.mark.milepost(record=True)
        class TestStory:
            def test_one(self, class_phase):
                class_phase("plan", ask, "plan")
                ask("one")

            def test_broken(self, class_phase):
                assert ask("two") == "three"

        def test_beside():
            ask("beside")
        """
    )
    for _ in range(2):
        story.run()
    asked = story.model.take()
    assert asked == ["plan", "one", "two", "beside", "beside"]


def test_fresh_buys_again(story: Story) -> None:
    """Starting over replays nothing."""
    story.write(MARKED)
    story.run(breaks=True)
    story.model.take()
    assert story.run("--milepost=fresh").passed
    assert story.model.take() == ["one", "two", "two"]


def test_buying_again_buys_again(story: Story) -> None:
    """After rm --calls the next run asks anew, and says what that is."""
    story.write(MARKED)
    story.run(breaks=True)
    story.model.take()
    test_id = story.project.document()["test_id"]
    dropped = story.project.milepost("rm", test_id, "--calls", "--yes")
    assert dropped.text.startswith("To be bought again: 3 calls, which had cost $")
    shown = story.project.milepost("show", test_id, "--calls").text
    assert shown.count("  dropped  ") == 3
    assert story.run().passed
    assert story.model.take() == ["one", "two", "two"]


def test_what_was_bought_is_shown(story: Story) -> None:
    """The tree names each call with its model, its tokens and its first words."""
    story.write(IN_PHASES)
    story.run(breaks=True)
    test_id = story.project.document()["test_id"]
    text = story.project.milepost("show", test_id, "--calls").text
    assert re.search(r"^plan: 1,000 tokens", text, re.MULTILINE)
    line = next(line for line in text.splitlines() if line.endswith("  REVIEW"))
    assert line.startswith("  POST http://localhost/v1")
    assert "  gpt-4o-mini  1,000 tokens  " in line
    assert "outside of phases: 1,000 tokens" in text


def test_ls_says_what_a_test_without_phases_keeps(story: Story) -> None:
    """A checkpoint without phases is listed with its calls."""
    story.write(MARKED)
    story.run(breaks=True)
    (line,) = story.project.milepost("ls").text.splitlines()
    assert re.search(r"  keeps 3 calls, [\d.]+ s old  \(test_story\)$", line)


def test_the_same_failure_twice_shows_both_ways_on(story: Story) -> None:
    """A phase that fails as before and bought nothing may have a wrong answer."""
    story.write(IN_PHASES)
    first = story.run(breaks=True)
    assert "as before" not in first.text
    second = story.run(breaks=True)
    test_id = story.project.document()["test_id"]
    assert "code failed as before and bought nothing in between" in second.text
    assert "pytest 'test_story.py::test_story' --milepost-from code" in second.text
    assert f"milepost rm {test_id} --calls code" in second.text


def test_a_whole_test_that_fails_as_before_says_so(story: Story) -> None:
    """Without phases, too, and only as long as it is the same failure."""
    story.write(MARKED)
    story.run(breaks=True)
    second = story.run(breaks=True)
    test_id = story.project.document()["test_id"]
    assert "the test failed as before and bought nothing in between" in second.text
    assert f"milepost rm {test_id} --calls\n" in second.text

    story.project.edit("test_story.py", '"BREAK" not in os.environ', "answers == []")
    assert "as before" not in story.run(breaks=True).text


def test_junit_says_what_was_replayed(story: Story) -> None:
    """The JUnit file has the numbers as properties."""
    story.write(MARKED)
    story.run(breaks=True)
    story.run("--junitxml=junit.xml")
    text = Path(story.project.folder / "junit.xml").read_text()
    assert 'name="milepost.replayed" value="3"' in text
    assert 'name="milepost.bought" value="0"' in text


def test_the_history_tells_it(story: Story) -> None:
    """What a run bought and replayed is kept when the test has passed."""
    story.write(MARKED)
    story.run(breaks=True)
    story.run()
    records = [
        json.loads(path.read_text())
        for path in (story.project.checkpoints / "history").rglob("*.json")
    ]
    told = sorted(records, key=lambda record: record["started_at"])
    assert [record["outcome"] for record in told] == ["failed", "passed"]
    assert told[0]["outside"]["calls_bought"] == 3
    assert told[1]["outside"]["calls_replayed"] == 3


def test_workers_record_too(story: Story) -> None:
    """Under xdist each worker records its own tests, and the controller tells it."""
    story.project.plugins.append("xdist")
    story.write(PLAIN)
    story.run("-n2", *EVERYWHERE, breaks=True)
    assert story.model.take() == ["one", "two", "two"]
    resumed = story.run("-n2", *EVERYWHERE)
    assert resumed.passed, resumed.text
    assert story.model.take() == []
    assert "restored: 3 calls replayed, 0 bought" in resumed.text
