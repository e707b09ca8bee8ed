"""The options of a run, for checkpoints of scopes."""

from tests.scopes.world import DESTROYED, MADE, ONE, TWO, WHOLE, Suite

FILE = "test_cluster.py"


def test_fresh_starts_a_scope_over_once(ordered: Suite) -> None:
    """With --milepost=fresh the old cluster goes first, and all tests share the new one."""
    ordered.run(broken="two")
    result = ordered.run("--milepost=fresh")
    assert result.passed, result.text
    assert result.calls == [DESTROYED, *WHOLE]
    assert ordered.is_clean


def test_require_fresh_restores_nothing(ordered: Suite) -> None:
    """With --milepost=require-fresh a scope begins anew, and its tests pass."""
    ordered.run(broken="two")
    result = ordered.run("--milepost=require-fresh")
    assert result.passed, result.text
    assert result.calls == [DESTROYED, *WHOLE]


def test_fresh_forgets_how_tests_ended(ordered: Suite) -> None:
    """In a fresh life every test has to pass again before the checkpoint goes."""
    ordered.run(broken="two")
    part = ordered.run("--milepost=fresh", "-k", "test_two")
    assert part.code == 0, part.text
    assert f"{FILE}::{ONE} (has not run)" in part.text
    assert ordered.tests() == {TWO: "passed"}
    assert ordered.standing == {"c7"}


def test_offline_runs_no_phase(ordered: Suite) -> None:
    """With --milepost=offline what is restored passes, and nothing else is called."""
    ordered.run(broken="two")
    result = ordered.run("--milepost=offline")
    assert result.outcomes() == {"failed": 1, "passed": 2}, result.text
    assert result.calls == []
    assert ordered.standing == {"c7"}


def test_off_calls_the_functions(ordered: Suite) -> None:
    """With --milepost=off all runs plainly, is cleaned up, and no checkpoint is touched."""
    result = ordered.run("--milepost=off", broken="two")
    assert result.calls == [*WHOLE], result.text
    assert not ordered.standing
    assert not ordered.project.checkpoints.exists()


def test_beginning_again_at_a_phase(ordered: Suite) -> None:
    """With --milepost-from a scope's phase runs again, and those that came after it."""
    ordered.run(broken="three")
    result = ordered.run("--milepost-from=two")
    assert result.passed, result.text
    assert result.calls == ["two", "three", DESTROYED]


def test_a_deadline_ends_a_run_between_two_phases(ordered: Suite) -> None:
    """At the deadline no phase of a scope starts; the next run goes on, none has failed."""
    ordered.run(broken="two")
    late = ordered.run("--milepost-deadline=0s")
    assert late.outcomes() == {"failed": 1, "passed": 1}, late.text
    assert late.calls == []
    assert ordered.standing == {"c7"}
    result = ordered.run()
    assert result.passed, result.text
    ordered.check_whole_story()


def test_beginning_again_at_an_unknown_phase(ordered: Suite) -> None:
    """A phase that no scope has started is a usage error."""
    ordered.run(broken="three")
    result = ordered.run("--milepost-from=tow")
    assert result.code == 4
    assert "--milepost-from" in result.text


def test_a_stale_phase_of_a_scope_runs_again(ordered: Suite) -> None:
    """An edit of a phase's code runs it again, and what had its value as an input."""
    ordered.write(
        FILE,
        """
        from calling import note

        def plan():
            note("plan")
            return 1

        def build(plan):
            note("build")
            return plan + 1

        class TestCluster:
            def test_one(self, class_phase):
                assert class_phase("plan", plan)

            def test_two(self, class_phase):
                assert class_phase("build", build, class_phase("plan", plan)) > 2
        """,
    )
    broken = ordered.run()
    assert broken.calls == ["plan", "build"], broken.text
    assert ordered.tests() == {ONE: "passed", TWO: "failed"}
    ordered.edit(FILE, "return 1", "return 2")
    result = ordered.run()
    assert result.passed, result.text
    assert result.calls == ["plan", "build"]
    assert not ordered.kept


def test_the_retry_of_a_class(ordered: Suite) -> None:
    """A marker on the class says how often its phases are tried again."""
    ordered.edit(
        FILE,
        "class TestCluster:",
        "@pytest.mark.milepost(retry=RetryConfig(max_retries=1, initial_delay=0.001))\n"
        "class TestCluster:",
    )
    ordered.edit(
        FILE,
        "from cluster",
        "import pytest\nfrom milepost import RetryConfig\nfrom cluster",
    )
    ordered.edit("cluster.py", "raise ValueError(", "raise ConnectionResetError(")
    result = ordered.run(broken="two")
    assert result.calls == [MADE, "one", "two", "two", "three"], result.text


def test_two_classes_with_one_id(ordered: Suite) -> None:
    """Two classes that are given one id are a usage error that names both."""
    mark = '@pytest.mark.milepost(id="same")'
    case = "def test_one(self, class_phase):\n        pass"
    ordered.write(
        FILE,
        f"import pytest\n\n{mark}\nclass TestA:\n    {case}\n\n"
        f"{mark}\nclass TestB:\n    {case}\n",
    )
    result = ordered.run()
    assert result.code == 4
    assert "TestA" in result.text
    assert "TestB" in result.text
