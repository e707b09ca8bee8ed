"""The command milepost doctor: what it takes, what it says, its exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.project import Project, Result

GOOD = """
from calling import note

def make(x: int) -> str:
    note("make")
    return str(x)

def test_good(phase):
    note("test_good")
    phase("a", make, 1)

def test_silent():
    note("test_silent")
"""
NOTE = """
from calling import note

def make(x: int) -> str:
    return str(x)

def test_noted(phase):
    phase.with_options(timeout=5)("a", make, 1)
"""
BAD = """
def lines():
    yield 1

def test_bad(phase):
    phase("lines", lines)
"""


def _json(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.text[result.text.index("{") :])
    return found


def test_a_good_test_gives_0(project: Project) -> None:
    """Where nothing stops resuming, the exit code is 0, and no call was made."""
    project.write("test_good.py", GOOD)
    result = project.milepost("doctor")
    assert result.code == 0, result.text
    assert "1 test looked at, nothing was run: 0 problems, 0 notes" in result.text
    assert "1 test more does not ask for milepost" in result.text
    assert "ok  phase 'a': returns str  (test_good.py:9)" in result.text
    assert project.all_calls() == []


def test_a_problem_gives_1(project: Project) -> None:
    """A problem is told with what, why, what to do and where, and fails the command."""
    project.write("test_bad.py", BAD)
    result = project.milepost("doctor", "test_bad.py::test_bad")
    assert result.code == 1
    assert "problem  phase 'lines'" in result.text
    assert "can be read only once" in result.text
    assert "Return a list" in result.text
    assert "(test_bad.py:5)" in result.text


def test_notes_fail_only_the_strict(project: Project) -> None:
    """A note does not fail the command; with --strict it does."""
    project.write("test_noted.py", NOTE)
    assert project.milepost("doctor").code == 0
    assert project.milepost("doctor", "--strict").code == 1


@pytest.mark.parametrize("arguments", [[], ["test_nowhere.py"], ["test_good.py::test_no"]])
def test_nothing_collected_gives_2(project: Project, arguments: list[str]) -> None:
    """Where nothing could be collected the exit code is 2."""
    project.write("test_good.py" if arguments else "other.py", GOOD)
    result = project.milepost("doctor", *arguments)
    assert result.code == 2
    assert "no tests were collected" in result.text


def test_a_collection_error_is_shown(project: Project) -> None:
    """What pytest says of a module that cannot be imported is shown as it is."""
    project.write("test_broken.py", "import nothing_of_this_name\n")
    result = project.milepost("doctor")
    assert result.code == 2
    assert "No module named 'nothing_of_this_name'" in result.text


def test_a_named_test_is_told_how_to_ask(project: Project) -> None:
    """A test that is named and does not ask is told what to add."""
    project.write("test_good.py", GOOD)
    result = project.milepost("doctor", "test_good.py::test_silent")
    assert result.code == 0
    assert "Add the parameter `phase` to the test" in result.text


def test_json_holds_the_same(project: Project) -> None:
    """The JSON form has every finding in its parts, and the exit code."""
    project.write("test_bad.py", BAD)
    result = project.milepost("doctor", "--json")
    found = _json(result)
    (finding,) = found["tests"][0]["findings"]
    assert finding["kind"] == "generator"
    assert finding["place"] == "test_bad.py:5"
    assert all(finding[part] for part in ("what", "why", "cure"))
    assert found["exit_code"] == result.code == 1


def test_what_modules_print_does_not_matter(project: Project) -> None:
    """A module that prints while it is imported does not spoil the result."""
    project.write("test_good.py", "print('{', flush=True)\n" + GOOD)
    assert _json(project.milepost("doctor", "--json"))["exit_code"] == 0


@pytest.mark.parametrize(
    "options", ["-k nothing", "-m nothing", "-x --lf", "-q -q", "--co", "-n 2 -p xdist"]
)
def test_the_users_options_do_not_interfere(project: Project, options: str) -> None:
    """Tests that the configuration deselects or distributes are looked at all the same."""
    project.write("pytest.toml", f'[pytest]\npythonpath = ["."]\naddopts = "{options}"\n')
    project.write("pytest.ini", "[pytest]\n")
    project.write("pytest.ini", f"[pytest]\npythonpath = .\naddopts = {options}\n")
    (project.folder / "pytest.toml").unlink()
    project.write("test_good.py", GOOD)
    result = project.milepost("doctor")
    assert result.code == 0, result.text
    assert "1 test looked at" in result.text


def test_it_leaves_nothing_behind(project: Project) -> None:
    """The probes of disk and lease leave neither a file nor the folder."""
    project.write("test_good.py", GOOD)
    before = sorted(project.folder.rglob("*"))
    result = project.milepost("doctor")
    assert "write, sync, rename, exclusive creation and lease work" in result.text
    assert sorted(project.folder.rglob("*")) == before


def test_kept_checkpoints_stay_as_they_are(project: Project) -> None:
    """Looking at a test that has a checkpoint changes nothing of it."""
    project.write("test_good.py", GOOD + "    assert False\n" + "\ndef test_x(): pass\n")
    project.edit("test_good.py", 'phase("a", make, 1)', 'phase("a", make, 1); assert 0')
    project.run()
    before = {path: path.read_bytes() for path in _files(project.checkpoints)}
    assert before
    assert project.milepost("doctor").code == 0
    assert {path: path.read_bytes() for path in _files(project.checkpoints)} == before


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_two_tests_with_one_id_are_told(project: Project) -> None:
    """Two tests that would share a checkpoint are a problem, in the words of a run."""
    marked = '@pytest.mark.milepost(id="same")\ndef test_{0}(phase):\n    phase("a", str)\n'
    project.write("test_ids.py", "import pytest\n" + marked.format(1) + marked.format(2))
    result = project.milepost("doctor")
    assert result.code == 1
    assert "two tests would share the checkpoint 'same_" in result.text


def test_an_invalid_setting_is_told(project: Project) -> None:
    """A setting with a value that it cannot have is told in the words of a run."""
    line = '[pytest]\npythonpath = ["."]\nmilepost_keep = "never"\n'
    project.write("pytest.toml", line)
    project.write("pytest.ini", "[pytest]\npythonpath = .\nmilepost_keep = never\n")
    (project.folder / "pytest.toml").unlink()
    project.write("test_good.py", GOOD)
    result = project.milepost("doctor")
    assert result.code == 1
    assert "milepost_keep" in result.text
    assert "'failed' or 'all'" in result.text


def test_live_inputs_are_a_problem_for_the_strict(project: Project) -> None:
    """Under milepost_live = stale a live argument stops resuming, and is a problem."""
    project.write("pytest.ini", "[pytest]\npythonpath = .\nmilepost_live = stale\n")
    (project.folder / "pytest.toml").unlink()
    project.write(
        "test_live.py",
        """
        import sqlite3
        def use(c: sqlite3.Connection) -> int: ...
        def test_it(phase):
            phase("use", use, sqlite3.connect(":memory:"))
        """,
    )
    result = project.milepost("doctor")
    assert result.code == 1
    assert "argument 'c' (sqlite3.Connection) is live" in result.text


def test_the_folder_that_is_named_is_tried(project: Project, tmp_path: Path) -> None:
    """The folder given by --dir is the one whose disk is tried."""
    project.write("test_good.py", GOOD)
    result = project.milepost("--dir", str(tmp_path / "elsewhere"), "doctor")
    assert f"folder {tmp_path / 'elsewhere'}" in result.text
    assert not (tmp_path / "elsewhere").exists()


def test_steps_of_a_scenario_are_followed(project: Project) -> None:
    """Phases that pytest-bdd calls in steps are found, as are those of its fixtures."""
    pytest.importorskip("pytest_bdd")
    project.write(
        "pytest.ini", "[pytest]\npythonpath = .\naddopts = -p pytest_bdd.plugin\n"
    )
    (project.folder / "pytest.toml").unlink()
    project.write("scan.feature", "Feature: scan\n  Scenario: one\n    When it scans\n")
    project.write(
        "test_scan.py",
        """
        import pytest
        from pytest_bdd import scenarios, when

        pytestmark = pytest.mark.milepost
        scenarios("scan.feature")

        def lines():
            yield 1

        @when("it scans")
        def scan(phase):
            phase("lines", lines)
        """,
    )
    result = project.milepost("doctor")
    assert result.code == 1, result.text
    assert "phase 'lines'" in result.text
