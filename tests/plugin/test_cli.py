"""The command line: look at checkpoints, remove them, take edits over."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from milepost import CheckpointManager
from tests.plugin.pipeline import BROKEN, write_pipeline
from tests.project import Project, Result
from tests.unit.seed import PHASES, RESET

TEST_ID = "fastapi_pipeline_abc12345"


@pytest.fixture
def manager(project: Project) -> CheckpointManager:
    """Give a manager of the project's folder, in which the seed's test has broken."""
    made = CheckpointManager(project.checkpoints)
    checkpoint = made.create_checkpoint("MGE V2 FastAPI Pipeline", TEST_ID, "", PHASES)
    made.complete_phase(checkpoint, "discovery", discovery_id="d-1")
    made.start_phase(checkpoint, "masterplan")
    made.fail_phase(checkpoint, "masterplan", RESET)
    made.close()
    return made


def run(project: Project, *arguments: str, cwd: str = ".", **env: str) -> Result:
    """Run the command line in a folder of the project."""
    done = subprocess.run(
        [sys.executable, "-m", "milepost", *arguments],
        cwd=project.folder / cwd,
        env=project.environment(**env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout + done.stderr, [])


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Give every file of a folder with its content and the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_ls_lists_what_there_is(project: Project, manager: CheckpointManager) -> None:
    """One line a checkpoint: how far, where next, how old, whose."""
    result = run(project, "ls")
    assert result.code == 0
    line, *more = result.text.splitlines()
    assert not more
    assert line.startswith(f"{TEST_ID}  1 of 7 phases, next: masterplan, ")
    assert line.endswith(" s old  (MGE V2 FastAPI Pipeline)")


def test_ls_of_nothing_says_where_it_looked(project: Project) -> None:
    """An empty folder, or none, is no error and is named."""
    result = run(project, "ls")
    assert (result.code, result.text) == (0, f"No checkpoints in {project.checkpoints}\n")
    assert not project.checkpoints.exists()


def test_ls_lists_damaged_files_too(project: Project, manager: CheckpointManager) -> None:
    """What cannot be read is listed beside the rest, with the reason; also set aside."""
    folder = project.checkpoints
    (folder / "checkpoint_broken.json").write_text("{")
    (folder / "checkpoint_old.json.damaged-20251110T183148Z-1a2b").write_text("{")
    lines = run(project, "ls").text.splitlines()
    assert lines[0].startswith("broken  damaged: Expecting property name")
    assert lines[1].startswith(TEST_ID)
    assert lines[2].startswith("old  damaged, set aside: ")

    rows = json.loads(run(project, "ls", "--json").text)
    assert [row["test_id"] for row in rows] == ["broken", TEST_ID, "old"]
    assert rows[0]["problem"] == "damaged"
    assert (rows[1]["completed"], rows[1]["phases"]) == (1, 7)
    assert rows[2]["set_aside"].endswith("-1a2b")


def test_ls_tells_what_has_passed(project: Project) -> None:
    """A kept checkpoint of a test that passed is shown as what it is."""
    write_pipeline(project).run("-o", "milepost_keep=all")
    result = run(project, "ls")
    assert "3 of 3 phases, passed, " in result.text
    shown = run(project, "show", project.documents()[0].name[11:-5])
    assert "kept to look at only" in shown.text


def test_show_prints_the_seeds_block(project: Project, manager: CheckpointManager) -> None:
    """The status block as the seed shows it, then the errors; nothing else changes."""
    before = contents(project.checkpoints)
    result = run(project, "show", TEST_ID)
    assert result.code == 0
    lines = result.text.splitlines()
    assert lines[1] == "=" * 60
    assert lines[2] == "📋 Checkpoint Status: MGE V2 FastAPI Pipeline"
    assert lines[3] == f"🆔 Test ID: {TEST_ID}"
    assert "❌ masterplan: failed - 0.0s" in lines
    assert f"   ⚠️ masterplan: {RESET}" in lines
    assert contents(project.checkpoints) == before


def test_show_gives_the_document_and_its_place(
    project: Project, manager: CheckpointManager
) -> None:
    """For jq and for an editor: --json and --path."""
    path = manager.get_checkpoint_path(TEST_ID)
    assert json.loads(run(project, "show", TEST_ID, "--json").text) == json.loads(
        path.read_text()
    )
    assert run(project, "show", "--path", TEST_ID).text == f"{path}\n"
    path.write_text("{")
    assert run(project, "show", "--path", TEST_ID).text == f"{path}\n"
    damaged = run(project, "show", TEST_ID)
    assert damaged.code == 1
    assert damaged.text.startswith(f"milepost: checkpoint '{TEST_ID}' is damaged.\n")


def test_show_takes_the_beginning_of_an_id(
    project: Project, manager: CheckpointManager
) -> None:
    """Looking needs no more of an id than makes it clear."""
    assert run(project, "show", "fastapi").text == run(project, "show", TEST_ID).text


@pytest.mark.parametrize("verb", ["show", "rm", "accept"])
def test_a_missing_id_gets_a_suggestion(
    project: Project, manager: CheckpointManager, verb: str
) -> None:
    """A misspelt id is answered with the one that was meant, and changes nothing."""
    before = contents(project.checkpoints)
    result = run(project, verb, "fastapi_pipline_abc12346")
    assert result.code == 1
    assert "there is no checkpoint 'fastapi_pipline_abc12346'" in result.text
    assert f"Looked in {project.checkpoints}" in result.text
    assert f"Did you mean {TEST_ID}?" in result.text
    assert "milepost ls" in result.text
    assert contents(project.checkpoints) == before


@pytest.mark.parametrize("verb", ["rm", "accept"])
def test_what_changes_something_takes_the_whole_id(
    project: Project, manager: CheckpointManager, verb: str
) -> None:
    """The beginning of an id removes nothing: it is answered with a suggestion."""
    result = run(project, verb, "fastapi")
    assert result.code == 1
    assert f"Did you mean {TEST_ID}?" in result.text
    assert manager.checkpoint_exists(TEST_ID)


def test_rm_removes_and_the_test_starts_over(project: Project) -> None:
    """After rm nothing of the checkpoint is left but what its runs took."""
    write_pipeline(project).run(env=BROKEN)
    (document,) = project.documents()
    test_id = document.name.removeprefix("checkpoint_").removesuffix(".json")
    result = run(project, "rm", test_id)
    assert (result.code, result.text) == (0, f"Removed {test_id}\n")
    left = {path.name for path in project.checkpoints.iterdir()}
    assert left == {"README.md", ".gitignore", "CACHEDIR.TAG", "history"}
    assert project.run().calls == ["discover", "make_plan", "generate"]


def test_rm_all_removes_whatever_can_be_removed(
    project: Project, manager: CheckpointManager
) -> None:
    """Damaged files and what was set aside go too; one that stays stops no other."""
    folder = project.checkpoints
    (folder / "checkpoint_broken.json").write_text("{")
    (folder / "checkpoint_dir.json").mkdir()
    (folder / "checkpoint_old.json.damaged-20251110T183148Z-1a2b").write_text("{")
    result = run(project, "rm", "--all")
    assert result.code == 1
    removed = [line for line in result.text.splitlines() if line.startswith("Removed")]
    assert removed == ["Removed broken", f"Removed {TEST_ID}", "Removed old"]
    assert "checkpoint_dir.json" in result.text
    assert [path.name for path in folder.glob("checkpoint_*")] == ["checkpoint_dir.json"]

    (folder / "checkpoint_dir.json").rmdir()
    assert run(project, "rm", "--all").text == ""


def test_rm_removes_all_that_are_named_or_none(
    project: Project, manager: CheckpointManager
) -> None:
    """One unknown name among several: nothing is removed before it is cleared up."""
    result = run(project, "rm", TEST_ID, "nobody")
    assert result.code == 1
    assert manager.checkpoint_exists(TEST_ID)


@pytest.mark.parametrize("arguments", [(), (TEST_ID, "--all")])
def test_rm_must_be_told_what(
    project: Project, manager: CheckpointManager, arguments: tuple[str, ...]
) -> None:
    """Neither nothing nor everything is removed by a slip."""
    result = run(project, "rm", *arguments)
    assert result.code == 2
    assert "Name the checkpoints to remove, or say --all." in result.text
    assert manager.checkpoint_exists(TEST_ID)


def test_a_run_that_holds_a_checkpoint_is_named(project: Project) -> None:
    """Removing or accepting under a living run is refused; looking is not."""
    manager = CheckpointManager(project.checkpoints)
    manager.create_checkpoint("T", TEST_ID, "", PHASES)
    try:
        for verb in ("rm", "accept"):
            result = run(project, verb, TEST_ID)
            assert result.code == 1
            assert "is held by another run" in result.text
        assert run(project, "show", TEST_ID).code == 0
    finally:
        manager.close()


def test_accept_takes_over_what_was_edited(project: Project) -> None:
    """The edited status counts in the next run, and the command says where it goes on."""
    write_pipeline(project).run(env=BROKEN)
    (path,) = project.documents()
    document = json.loads(path.read_text())
    document["phases"]["masterplan"]["status"] = "pending"
    path.write_text(json.dumps(document))
    refused = project.run()
    assert (refused.outcomes(), refused.calls) == ({"error": 1}, [])

    test_id = document["test_id"]
    accepted = run(project, "accept", test_id)
    expected = f"Accepted {test_id}; the next run goes on at masterplan.\n"
    assert (accepted.code, accepted.text) == (0, expected)
    resumed = project.run()
    assert resumed.code == 0, resumed.text
    assert resumed.calls == ["make_plan", "generate"]


def test_an_accepted_value_is_the_value(project: Project) -> None:
    """A value corrected by hand is restored as it stands, and what used it runs again."""
    write_pipeline(project).run(env=BROKEN)
    (path,) = project.documents()
    document = json.loads(path.read_text())
    document["phases"]["discovery"]["entities"] = ["task", "user", "tag"]
    path.write_text(json.dumps(document))
    run(project, "accept", document["test_id"])
    project.edit("test_pipeline.py", '{"files": 2}', '{"files": 3}')
    resumed = project.run()
    assert resumed.code == 0, resumed.text
    assert resumed.calls == ["make_plan", "generate"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(
            *("pytest.toml", '[pytest]\nmilepost_dir = "kept/here"\n'),
            marks=pytest.mark.skipif(
                pytest.version_tuple < (9,), reason="pytest 8.4 does not read it"
            ),
        ),
        ("pyproject.toml", '[tool.pytest.ini_options]\nmilepost_dir = "kept/here"\n'),
        ("pytest.ini", "[pytest]\nmilepost_dir = kept/here\n"),
        ("tox.ini", "[pytest]\nmilepost_dir = kept/here\n"),
        ("setup.cfg", "[tool:pytest]\nmilepost_dir = kept/here\n"),
    ],
    ids=lambda given: given.split("\n")[0],
)
def test_it_looks_where_pytest_writes(project: Project, name: str, text: str) -> None:
    """From any subfolder the command finds what a run has left, by the same settings."""
    write_pipeline(project)
    for other in ("pytest.toml", "pytest.ini"):
        (project.folder / other).unlink()
    project.write(name, text)
    (project.folder / "sub" / "folder").mkdir(parents=True)
    project.run(env=BROKEN | {"PYTHONPATH": str(project.folder)})

    assert list((project.folder / "kept" / "here").glob("checkpoint_*.json"))
    for cwd in (".", "sub/folder"):
        assert run(project, "ls", cwd=cwd).text.startswith("test_pipeline_")


def test_a_folder_can_be_given(project: Project, manager: CheckpointManager) -> None:
    """By option, which comes first, or by environment; both count from where one is."""
    other = project.folder / "other"
    other.mkdir()
    assert TEST_ID in run(project, "--dir", ".milepost", "ls", MILEPOST_DIR="other").text
    assert TEST_ID in run(project, "--dir", "../.milepost", "ls", cwd="other").text
    assert run(project, "ls", MILEPOST_DIR="other").text == f"No checkpoints in {other}\n"
    assert TEST_ID in run(project, "ls", cwd="other", MILEPOST_DIR="../.milepost").text


def test_a_configuration_that_cannot_be_read_is_said(project: Project) -> None:
    """The command does not look elsewhere when it cannot know where to look."""
    for other in ("pytest.toml", "pytest.ini"):
        (project.folder / other).unlink()
    project.write("pyproject.toml", "[tool.pytest\n")
    result = run(project, "ls")
    assert result.code == 1
    assert result.text.startswith("milepost: the configuration ")
    assert "Traceback" not in result.text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_no_emoji_is_no_error(
    project: Project, manager: CheckpointManager, encoding: str
) -> None:
    """What the terminal cannot show is replaced."""
    result = run(project, "show", TEST_ID, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert result.code == 0, result.text
    assert "Checkpoint Status: MGE V2 FastAPI Pipeline" in result.text


def test_help_and_version(project: Project) -> None:
    """The command says what it can."""
    result = run(project, "--help")
    for verb in ("ls", "show", "rm", "accept", "resolve"):
        assert f"\n  {verb} " in result.text
    assert run(project, "--version").code == 0
    assert run(project, "nonsense").code == 2
