"""action.yml: the checkpoints are kept from one job to the next, also when tests fail.

GitHub itself cannot be had here: the command's step is run by the shell that it names, and
what surrounds it is read.
"""

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.docs.page import ROOT, Page
from tests.project import Project

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
RESTORE, COMMAND, SAVE = ACTION["runs"]["steps"]


def test_the_tests_stand_between_restore_and_save() -> None:
    """What a job finds is what the job before it left, by name and by path."""
    assert RESTORE["uses"].startswith("actions/cache/restore@")
    assert SAVE["uses"].startswith("actions/cache/save@")
    assert RESTORE["with"]["path"] == SAVE["with"]["path"]
    assert RESTORE["with"]["key"] == SAVE["with"]["key"]
    assert SAVE["with"]["key"].startswith(RESTORE["with"]["restore-keys"])
    own = SAVE["with"]["key"].removeprefix(RESTORE["with"]["restore-keys"])
    assert {"run_id", "run_attempt"} <= set(re.findall(r"\w+", own))


def test_checkpoints_are_saved_when_the_tests_failed() -> None:
    """Only what comes after the tests runs in any case."""
    assert SAVE["if"] == "always()"
    assert "if" not in RESTORE
    assert "if" not in COMMAND


def test_no_input_is_part_of_a_script() -> None:
    """A command with quotes, or somebody else's branch name, is data and not code."""
    scripts = [step.get("run", "") for step in ACTION["runs"]["steps"]]
    assert not [script for script in scripts if "${{" in script]


def test_every_input_is_used_and_every_used_one_is_there() -> None:
    """The inputs that the action describes are those that its steps read."""
    used = set(re.findall(r"inputs\.([\w-]+)", str(ACTION["runs"])))
    assert used == set(ACTION["inputs"])


@pytest.mark.parametrize("quote", ["", "\"tests\" and 'more'"], ids=["plain", "quotes"])
def test_the_command_runs_as_it_was_given(project: Project, quote: str) -> None:
    """The step runs the command, fails as it fails, and the next one continues."""
    project.write(
        "test_job.py",
        """
        from pathlib import Path
        from calling import note

        def test_job(phase):
            phase("prepare", note, "prepare")
            assert Path("approved").exists()
        """,
    )
    first = run_step(project, f"echo '{quote.replace(chr(39), '')}'; {command(project)}")
    (project.folder / "approved").touch()
    second = run_step(project, command(project) + " | tee log.txt")

    assert first.returncode == 1, first.stdout
    assert second.returncode == 0, second.stdout
    assert "prepare  restored" in second.stdout
    assert project.all_calls() == ["prepare"]


def command(project: Project) -> str:
    """Give the command line that runs the project's tests."""
    return " ".join(project.command())


def run_step(project: Project, given: str) -> "subprocess.CompletedProcess[str]":
    """Run the step as GitHub does: a script in a file, by the shell that it names."""
    script = project.folder / "step.sh"
    script.write_text(COMMAND["run"])
    assert COMMAND["shell"] == "bash"
    names = [name for name, value in COMMAND["env"].items() if "inputs.run" in value]
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=project.folder,
        env=project.environment(**dict.fromkeys(names, given)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_guide_shows_the_action_with_its_inputs() -> None:
    """What the guide gives to the action is what the action takes."""
    guide = Page(ROOT / "docs" / "guide-ci.md")
    shown = [b.text for b in guide.blocks if b.language == "yaml" and "milepost@" in b.text]
    (workflow,) = [yaml.safe_load(text) for text in shown]
    (job,) = workflow["jobs"].values()
    (given,) = [s["with"] for s in job["steps"] if "milepost@" in s.get("uses", "")]
    assert set(given) <= set(ACTION["inputs"])
    assert "run" in given
