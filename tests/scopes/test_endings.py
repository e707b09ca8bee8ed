"""Runs that end in the middle, and fixtures that fail when they are torn down."""

import json
import signal

import pytest

from tests.crash.gate import Gate
from tests.scopes.world import DESTROYED, MADE, ONE, THREE, TWO, Suite

FILE = "test_cluster.py"


@pytest.fixture
def gated(ordered: Suite) -> tuple[Suite, Gate]:
    """Give a class whose second phase stops at a gate."""
    gate = Gate(ordered.project, "two")
    ordered.edit("cluster.py", "    if is_broken", "    stop_at(step)\n    if is_broken")
    ordered.edit("cluster.py", "from calling", "from gate import stop_at\nfrom calling")
    return ordered, gate


@pytest.mark.parametrize(
    ("number", "outcome", "count"),
    [("SIGINT", "interrupted", 1), ("SIGTERM", "interrupted", 1), ("SIGKILL", None, 2)],
)
def test_a_signal_in_the_middle(
    gated: tuple[Suite, Gate], number: str, outcome: str | None, count: int
) -> None:
    """Ctrl-C, SIGTERM and SIGKILL inside a phase lose that phase and nothing else."""
    suite, gate = gated
    life = suite.start()
    gate.await_arrival(life)
    life.send(signal.Signals[number])
    text = life.result().text
    gate.open()
    assert suite.standing == {"c7"}, text
    assert suite.tests().get(TWO) == outcome, text
    assert suite.tests()[ONE] == "passed"

    result = suite.run()
    assert result.passed, result.text
    assert result.calls == ["two", "three", DESTROYED]
    suite.check_whole_story()


def test_an_interrupted_last_test_is_no_failure(gated: tuple[Suite, Gate]) -> None:
    """Where Ctrl-C meets the last test of a class, its run was interrupted."""
    suite, gate = gated
    life = suite.start("-k", "test_two")
    gate.await_arrival(life)
    life.send(signal.SIGINT)
    text = life.result().text
    gate.open()
    assert suite.tests() == {TWO: "interrupted"}, text
    (history,) = (suite.project.checkpoints / "history").iterdir()
    (record,) = history.iterdir()
    assert json.loads(record.read_text())["outcome"] == "interrupted"


def test_killed_between_two_tests(ordered: Suite) -> None:
    """A kill between two tests loses nothing of what the first did."""
    ordered.write(
        "conftest.py",
        ordered.folder.joinpath("conftest.py").read_text()
        + """
import os, signal
from cluster import is_broken

def pytest_runtest_logfinish(nodeid):
    if "test_two" in nodeid and is_broken("machine"):
        os.kill(os.getpid(), signal.SIGKILL)
""",
    )
    assert ordered.run(broken="machine").code == -signal.SIGKILL
    assert ordered.standing == {"c7"}
    assert ordered.tests()[ONE] == "passed"

    result = ordered.run()
    assert result.passed, result.text
    assert result.calls == ["three", DESTROYED]
    ordered.check_whole_story()


@pytest.mark.parametrize("kind", ["class", "module", "session"])
def test_a_teardown_that_fails_keeps_the_checkpoint(suite: Suite, kind: str) -> None:
    """A wider fixture whose teardown fails leaves all standing; the next run ends it."""
    suite.write(
        "conftest.py",
        f"""
        import pytest
        from cluster import create, destroy, is_broken

        @pytest.fixture(scope="{kind}")
        def cluster({kind}_phase):
            name = {kind}_phase("cluster", create)
            {kind}_phase.cleanup(destroy, name)
            yield name
            assert not is_broken("teardown")
        """,
    )
    suite.write(
        FILE,
        f"""
        from cluster import use

        class TestCluster:
            def test_one(self, {kind}_phase, cluster):
                {kind}_phase("one", use, cluster, "one")

            def test_two(self, {kind}_phase, cluster):
                {kind}_phase("two", use, cluster, "two")
        """,
    )
    suite.write("test_later.py", "def test_later():\n    pass\n")
    broken = suite.run(broken="teardown")
    assert broken.outcomes() == {"error": 1, "passed": 3}, broken.text
    assert suite.standing == {"c7"}, broken.text
    assert "until these pass" in broken.text or "a teardown failed" in broken.text

    result = suite.run()
    assert result.passed, result.text
    assert result.calls == [DESTROYED]
    suite.check_whole_story(["one", "two"])


def test_a_teardown_after_a_stop_keeps_the_checkpoint(suite: Suite) -> None:
    """A session fixture that fails after -x, where no test reports it, keeps all."""
    suite.write(
        "conftest.py",
        """
        import pytest
        from cluster import create, destroy, is_broken

        @pytest.fixture(scope="session")
        def cluster(session_phase):
            name = session_phase("cluster", create)
            session_phase.cleanup(destroy, name)
            yield name
            assert not is_broken("teardown")
        """,
    )
    suite.write(
        FILE,
        """
        from cluster import is_broken

        def test_one(session_phase, cluster):
            pass

        def test_two():
            assert not is_broken("two")

        def test_three():
            pass
        """,
    )
    suite.run("-x", broken="two teardown")
    assert suite.standing == {"c7"}
    assert suite.run().passed
    suite.check_whole_story([])


def test_fixtures_that_yield_do_not_destroy(ordered: Suite) -> None:
    """A fixture may close what it opened; what a phase made stands until all passed."""
    ordered.write(
        "conftest.py",
        """
        import pytest
        from calling import note
        from cluster import WORLD, create, destroy

        @pytest.fixture(scope="class")
        def cluster(class_phase):
            name = class_phase("cluster", create)
            class_phase.cleanup(destroy, name)
            with open(WORLD / name) as connection:
                yield name
            assert connection.closed
            note("close")
        """,
    )
    broken = ordered.run(broken="two")
    assert broken.calls == [MADE, "one", "two", "three", "close"]
    result = ordered.run()
    assert result.calls == ["two", "close", DESTROYED], result.text
    assert ordered.is_clean


def test_a_fixture_that_fails_keeps_what_it_made(ordered: Suite) -> None:
    """A class fixture whose second phase fails goes on after its first."""
    ordered.edit(
        "conftest.py",
        "return name",
        'class_phase("wait", use, name, "wait")\n    return name',
    )
    ordered.edit("conftest.py", "import create", "import use, create")
    broken = ordered.run(broken="wait")
    assert broken.outcomes() == {"error": 3}, broken.text
    assert broken.calls == [MADE, "wait"]
    assert ordered.tests() == {ONE: "failed", TWO: "failed", THREE: "failed"}
    result = ordered.run()
    assert result.passed, result.text
    assert result.calls == ["wait", "one", "two", "three", DESTROYED]
    ordered.check_whole_story(["wait", "one", "two", "three"])


def test_one_process_at_a_time(gated: tuple[Suite, Gate]) -> None:
    """A second run of a class at the same time fails at once and changes nothing."""
    suite, gate = gated
    first = suite.start()
    gate.await_arrival(first)
    second = suite.run()
    assert second.outcomes() == {"error": 3}, second.text
    assert "is held by another run" in second.text
    assert second.calls == []
    gate.open()
    assert first.result().code == 0
    suite.check_whole_story()


def test_a_tests_own_checkpoint_survives_that_of_its_scope(ordered: Suite) -> None:
    """A document that somebody removes in the middle is no pass and no loss."""
    ordered.edit(FILE, "from cluster", "import os, pathlib\nfrom cluster")
    ordered.edit(
        FILE,
        'assert class_phase("two"',
        "[p.unlink() for p in pathlib.Path('.milepost').glob('checkpoint_*')]\n"
        '        assert class_phase("two"',
    )
    result = ordered.run()
    assert result.outcomes()["failed"] >= 1, result.text
    assert "is no longer this run's to write" in result.text
    assert ordered.standing == {"c7"}
