"""What a test says that it spends: kept, told, and limited."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from milepost.errors import InvalidSettingError
from milepost.marker import check_marker
from milepost.session import Session
from tests.project import Project

STEPS = """
    import os
    from calling import note

    def buy(phase, name, usd, tokens=0):
        note(name)
        phase.add_cost(usd=usd, tokens=tokens)
        if os.environ.get("BREAKS") == name:
            raise ValueError("broken")
        return name
"""
TEST = """
    import pytest
    from steps import buy

    {marker}
    def test_pipeline(phase):
        ask = phase.with_options(ignore=["phase"])
        ask("first", buy, phase, "first", 0.0042, 12)
        ask("second", buy, phase, "second", 0.5)
        ask("third", buy, phase, "third", 0.25)
"""
NEXT = """
    def test_next(phase):
        phase("other", str, 1)
"""


def write(project: Project, marker: str = "") -> Project:
    """Write a pipeline of three phases that cost $0.0042, $0.50 and $0.25, and a test."""
    project.write("steps.py", STEPS)
    project.write("test_pipeline.py", TEST.replace("{marker}", marker))
    project.write("test_zzz.py", NEXT)
    return project


def properties(project: Project) -> dict[str, str]:
    """Read what the JUnit file says of the only test."""
    tree = ElementTree.parse(project.folder / "junit.xml")
    return {e.get("name", ""): e.get("value", "") for e in tree.iter("property")}


def test_the_report_says_what_was_paid_and_saved(project: Project) -> None:
    """Each phase says what it paid; a restored one what it saved; the last line the sum."""
    write(project)
    broken = project.run("test_pipeline.py", env={"BREAKS": "third"})
    assert "\n      paid $0.0042\n" in broken.text
    assert "\n      paid $0.25\n" in broken.text
    assert broken.last_line.endswith("; paid $0.75")

    resumed = project.run("test_pipeline.py", "--junitxml=junit.xml")
    assert resumed.calls == ["third"]
    assert "restored, " in resumed.text
    assert " and $0.0042\n" in resumed.text
    assert " and $0.50 saved; paid $0.25" in resumed.last_line
    assert "  in all runs: paid $1.00; 12 tokens\n" in resumed.text
    found = properties(project)
    assert found["milepost.paid_usd"] == "0.25"
    assert found["milepost.saved_usd"] == "0.5042"
    assert found["milepost.unknown_calls"] == "0"


def test_what_was_paid_survives_being_killed(project: Project) -> None:
    """Money that a killed run had recorded is in the totals of the next."""
    write(project)
    project.edit("steps.py", "raise ValueError", "os.kill(os.getpid(), 9) #")
    project.run("test_pipeline.py", env={"BREAKS": "second"})
    shown = project.milepost("show").text
    assert "💰 paid $0.50; 12 tokens" in shown
    assert "   first: paid $0.0042; 12 tokens" in shown
    assert "   second: paid $0.50" in shown


def test_the_history_keeps_it(project: Project) -> None:
    """What a run paid and saved stays in its history when the test has passed."""
    write(project)
    assert project.run("test_pipeline.py").passed
    (path,) = project.checkpoints.glob("history/*/*.json")
    record = json.loads(path.read_text())
    assert [phase["cost_usd"] for phase in record["phases"]] == [0.0042, 0.5, 0.25]
    assert record["money"]["paid_usd"] == 0.7542
    assert record["money"]["tokens"] == 12


def test_a_test_stops_before_the_phase_after_its_limit(project: Project) -> None:
    """Over max_cost_usd no phase begins; the next test runs; a larger limit goes on."""
    write(project, "@pytest.mark.milepost(max_cost_usd=0.5)")
    stopped = project.run()
    again = project.run("test_pipeline.py")
    project.edit("test_pipeline.py", "max_cost_usd=0.5", "max_cost_usd=1")
    resumed = project.run("test_pipeline.py")

    assert stopped.calls == ["first", "second"]
    assert stopped.outcomes() == {"failed": 1, "passed": 1}
    told = "milepost: stopped before phase 'third': the budget of $0.50 is spent."
    assert told in stopped.text
    assert "$0.50 are spent. The budget was given by max_cost_usd= of its marker." in (
        stopped.text
    )
    assert again.calls == []
    assert told in again.text
    assert resumed.passed, resumed.text
    assert resumed.calls == ["third"]


def test_a_session_stops_at_its_budget(project: Project) -> None:
    """Over --milepost-budget the session ends as at a deadline, and can be resumed."""
    write(project)
    stopped = project.run("--milepost-budget=0.50")
    resumed = project.run("--milepost-budget=0.50")

    assert stopped.code == pytest.ExitCode.INTERRUPTED
    assert stopped.calls == ["first", "second"]
    assert stopped.outcomes() == {"failed": 1}
    assert "The next run goes on from there" in stopped.text
    paths = project.checkpoints.glob("history/*/*.json")
    outcomes = [json.loads(path.read_text())["outcome"] for path in paths]
    assert sorted(outcomes) == ["interrupted", "passed", "passed"]
    assert resumed.passed, resumed.text
    assert resumed.calls == ["third"]


def session(budget: str) -> Session:
    """Make a session that was given a budget."""
    return Session({"milepost_budget": budget}.get, lambda name: None, None)


@pytest.mark.parametrize("given", ["", "cheap", "-1", "nan", "inf", "1,5"])
def test_a_budget_is_a_number(given: str) -> None:
    """Anything else than dollars from 0 is refused, and the option named."""
    allowed = r"--milepost-budget = .*\n.*a number of dollars from 0, as in 2.50"
    with pytest.raises(InvalidSettingError, match=allowed):
        session(given)
    assert [session(text).budget_usd for text in ("0", "2.50", "$3")] == [0, 2.5, 3]


def test_a_wrong_budget_is_a_usage_error(project: Project) -> None:
    """It is said before any test runs."""
    write(project)
    result = project.run("--milepost-budget=cheap")
    assert result.code == pytest.ExitCode.USAGE_ERROR
    assert "--milepost-budget = 'cheap' is not possible" in result.text


@pytest.mark.parametrize("given", ["1", -1, True, float("nan"), float("inf"), None])
def test_a_tests_limit_is_a_number(given: object) -> None:
    """The marker refuses anything else than dollars from 0, before anything runs."""
    refused = str(check_marker({"max_cost_usd": given}, ()))
    assert "@pytest.mark.milepost(max_cost_usd=) = " in refused
    assert "It takes a number of dollars from 0." in refused
    assert check_marker({"max_cost_usd": 0.5}, ()) is None


def test_a_cost_is_a_number(project: Project) -> None:
    """What cannot be a cost is refused where it is said, and is not written."""
    write(project)
    project.edit("test_pipeline.py", '"second", 0.5', '"second", -0.5')
    result = project.run("test_pipeline.py")
    assert "milepost: phase.add_cost(usd=-0.5, tokens=0) is not possible." in result.text
    assert "💰 paid $0.0042; 12 tokens" in project.milepost("show").text


def test_no_purse_is_left(project: Project) -> None:
    """The file that a session's budget lies in goes with the session."""
    write(project)
    folder = project.folder / "temporary"
    folder.mkdir()
    assert project.run("--milepost-budget=5", env={"TMPDIR": str(folder)}).passed
    assert list(folder.glob("milepost-*")) == []
