"""What each value of --milepost does, and what --milepost-dir and the folder are."""

import json
from pathlib import Path

import pytest

from tests.plugin.pipeline import BROKEN, write_pipeline
from tests.project import Project

ALL = ["discover", "make_plan", "generate"]
ALWAYS_TEST = """
    from calling import note
    from steps import discover, make_plan

    def connect():
        note("connect")
        return object()

    def test_pipeline(phase):
        phase.with_options(always=True)("client", connect)
        doc = phase("discovery", discover, "task manager")
        assert not phase("masterplan", make_plan, doc)
"""
FIXTURES_TEST = """
    from pathlib import Path
    from steps import discover

    def test_all(phase, milepost, checkpoint_manager, execute_phase_with_checkpoint):
        assert phase("one", discover, "task manager")["domain"] == "Task Manager"
        assert milepost.remember("user", lambda: "u1") == "u1"
        checkpoint_manager.create_checkpoint("All", "all_1", "", ["two"])
        assert execute_phase_with_checkpoint("two", lambda: {"n": 2}) == {"n": 2}
        assert not Path(__file__).with_name(".milepost").exists()
"""


def _old_lives(project: Project) -> list[Path]:
    return list(project.checkpoints.glob("old-*"))


def test_fresh_starts_over_until_it_passes(project: Project) -> None:
    """A fresh run restores nothing; the life that it replaces goes when it passes."""
    write_pipeline(project).run(env=BROKEN)
    old = project.documents()[0].read_bytes()
    fresh = project.run("--milepost=fresh", env=BROKEN)

    assert fresh.calls == ALL
    assert "resuming" not in fresh.text
    (aside,) = _old_lives(project)
    assert (aside / "checkpoint.json").read_bytes() == old
    assert aside.name in fresh.text

    resumed = project.run()
    assert resumed.passed, resumed.text
    assert resumed.calls == ["generate"]
    assert not project.documents()
    assert not _old_lives(project)


def test_fresh_loses_nothing_when_it_is_stopped(project: Project) -> None:
    """Ctrl-C in the first phase after fresh leaves the old life whole on the disk."""
    write_pipeline(project)
    project.edit("steps.py", 'note("discover")', 'note("discover"); stop()')
    project.write("conftest.py", "import builtins\nbuiltins.stop = lambda: None\n")
    project.run(env=BROKEN)
    old = project.documents()[0].read_bytes()
    project.edit("conftest.py", "lambda: None", "lambda: exec('raise KeyboardInterrupt')")
    stopped = project.run("--milepost=fresh")

    assert "KeyboardInterrupt" in stopped.text
    assert [(p / "checkpoint.json").read_bytes() for p in _old_lives(project)] == [old]
    phases = project.document()["phases"]
    assert phases["discovery"]["milepost"]["attempts"][-1]["outcome"] == "interrupted"


def test_require_fresh_begins_like_fresh(project: Project) -> None:
    """A run that must restore nothing is not stopped by what an earlier run left."""
    write_pipeline(project).run(env=BROKEN)
    required = project.run("--milepost=require-fresh")

    assert required.passed, required.text
    assert required.calls == ALL
    assert not _old_lives(project)


def test_offline_runs_no_phase(project: Project) -> None:
    """Offline restores, runs what is always run, and fails where a phase would run."""
    write_pipeline(project, ALWAYS_TEST)
    nothing = project.run("--milepost=offline")
    assert nothing.outcomes() == {"failed": 1}
    assert nothing.calls == ["connect"]
    assert "phase 'discovery' would have to run" in nothing.text
    assert "Nothing is saved of it" in nothing.text

    project.run()
    whole = project.run("--milepost=offline")
    assert whole.calls == ["connect"]
    assert "restored, asserted again" in whole.text

    project.edit("steps.py", "build {entity}", "make {entity}")
    stale = project.run("--milepost=offline")
    assert stale.calls == ["connect"]
    assert "phase 'masterplan' would have to run" in stale.text
    assert "It is stale: " in stale.text
    assert "make_plan" in stale.text


def test_off_is_as_if_there_were_no_milepost(project: Project) -> None:
    """Switched off, every fixture is there and just runs; nothing is written or said."""
    write_pipeline(project, FIXTURES_TEST)
    off = project.run("--milepost=off")

    assert off.passed, off.text
    assert off.calls == ["discover"]
    assert "milepost" not in off.text
    assert not project.checkpoints.exists()


@pytest.mark.parametrize(
    ("arguments", "env", "folder"),
    [
        (("--milepost-dir=typed",), {"MILEPOST_DIR": "named"}, "sub/typed"),
        ((), {"MILEPOST_DIR": "named"}, "sub/named"),
        ((), {}, "configured"),
    ],
    ids=["option", "environment", "configuration"],
)
def test_the_folder_is_where_it_was_said(
    project: Project, arguments: tuple[str, ...], env: dict[str, str], folder: str
) -> None:
    """The option comes before MILEPOST_DIR, and that before milepost_dir of the root."""
    write_pipeline(project)
    (project.folder / "pytest.toml").unlink()
    project.write("pytest.ini", "[pytest]\nmilepost_dir = configured\n")
    (project.folder / "sub").mkdir()
    sub = project.folder / "sub"
    first = project.run(*arguments, "..", cwd=sub, env=env | BROKEN)
    (document,) = (project.folder / folder).glob("checkpoint_*.json")
    again = project.run(*arguments, "..", cwd=sub, env=env)

    assert first.calls == ALL
    assert again.calls == ["generate"]
    assert not document.exists()


def test_collecting_alone_changes_nothing(project: Project) -> None:
    """--collect-only says what would resume, and takes no lease and writes nothing."""
    write_pipeline(project).run(env=BROKEN)
    before = {p: p.stat().st_mtime_ns for p in project.checkpoints.rglob("*")}
    collected = project.run("--collect-only")

    assert collected.code == 0
    assert "milepost: resuming test_pipeline (2 of 3 phases" in collected.text
    assert {p: p.stat().st_mtime_ns for p in project.checkpoints.rglob("*")} == before


def test_kept_to_look_at(project: Project) -> None:
    """With keep = "all" a passed test's checkpoint stays and is never restored from."""
    write_pipeline(project)
    keep = ("-o", "milepost_keep=all")
    project.run(*keep)
    kept = json.loads(project.documents()[0].read_text())
    again = project.run(*keep)

    assert kept["milepost"]["passed_at"]
    assert kept["phases"]["code_generation"]["files"] == 2
    assert again.calls == ALL
    assert "resuming" not in again.text
    assert f"the last run passed ({kept['milepost']['passed_at']})" in again.text
    assert len(project.documents()) == 1
