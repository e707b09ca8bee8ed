"""--milepost-from: begin again at a phase."""

import pytest

from tests.project import Project

STEPS = """
    import os
    from calling import note

    def discover():
        note("discover")
        return "doc"

    def make_plan(user):
        note(f"make_plan {user}")
        fail_at("masterplan")
        return "plan"

    def generate(plan):
        note("generate")
        fail_at("code_generation")
        return "code"

    def fail_at(name):
        if os.environ.get("DIE") == name:
            os._exit(9)
        if os.environ.get("FAIL") == name:
            raise ValueError(name)
"""
TEST = """
    import os, uuid
    from steps import discover, generate, make_plan

    def test_pipeline(phase):
        user = phase.remember("user", lambda: "u1" if "FIRST" in os.environ else "u2")
        phase("discovery", discover)
        plan = phase("masterplan", make_plan, user)
        phase("code_generation", generate, plan)
        assert "RIGHT" in os.environ
"""
FROM = "--milepost-from=masterplan"
RIGHT = {"RIGHT": "1"}


@pytest.fixture
def finished(project: Project) -> Project:
    """Give a project whose phases have all finished, and whose test fails."""
    project.write("steps.py", STEPS)
    project.write("test_pipeline.py", TEST)
    result = project.run(env={"FIRST": "1"})
    assert result.calls == ["discover", "make_plan u1", "generate"]
    return project


def test_it_and_what_began_after_it_run_again(finished: Project) -> None:
    """The phase named and all that first started later run again, nothing else does."""
    again = finished.run(FROM, env=RIGHT)

    assert again.calls == ["make_plan u1", "generate"], again.text
    assert "begun again at masterplan: masterplan, code_generation" in again.text
    assert again.passed


def test_what_was_dropped_is_never_restored(finished: Project) -> None:
    """When the phase fails then, a plain run does not fall back on its old value."""
    broken = finished.run(FROM, env={"FAIL": "masterplan"})
    dropped = finished.document()["phases"]["code_generation"]["milepost"]["earlier"]
    plain = finished.run(env=RIGHT)

    assert broken.calls == ["make_plan u1"]
    assert [each["reason"] for each in dropped] == ["dropped"]
    assert plain.calls == ["make_plan u1", "generate"]


def test_a_run_that_died_half_way_goes_on(finished: Project) -> None:
    """After a run from a phase was killed, a plain run goes on where that one was."""
    killed = finished.run(FROM, env={"DIE": "code_generation"})
    plain = finished.run(env=RIGHT)

    assert killed.code == 9
    assert killed.calls == ["make_plan u1", "generate"]
    assert plain.calls == ["generate"], plain.text
    assert plain.passed


def test_a_name_that_no_test_has_is_a_usage_error(finished: Project) -> None:
    """An unknown name stops the session before anything runs or changes."""
    before = finished.documents()[0].read_bytes()
    unknown = finished.run("--milepost-from=masterpaln")

    assert unknown.code == pytest.ExitCode.USAGE_ERROR
    assert "--milepost-from = 'masterpaln' is not possible" in unknown.text
    assert unknown.calls == []
    assert finished.documents()[0].read_bytes() == before


def test_it_holds_for_the_tests_that_have_the_phase(finished: Project) -> None:
    """A second selected test, without that phase, resumes as always."""
    finished.write(
        "test_other.py",
        """
        from steps import discover

        def test_other(phase):
            assert phase("other discovery", discover) == "wrong"
        """,
    )
    first = finished.run("test_other.py")
    both = finished.run(FROM, env=RIGHT)

    assert first.calls == ["discover"]
    assert both.calls == ["make_plan u1", "generate"]
    assert "test_other.py::test_other\n  other discovery  restored" in both.text
