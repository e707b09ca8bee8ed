"""phase.directory: what tmp_path would lose is kept with the checkpoint."""

import json
import shutil

import pytest

from tests.project import Project

TEST = """
    import os
    import signal
    from pathlib import Path
    from calling import note

    def download(folder) -> Path:
        note("download")
        (folder / "deep").mkdir(exist_ok=True)
        (folder / "deep" / "data.csv").write_text("a,b")
        return folder / "deep" / "data.csv"

    def check(path):
        note("check")
        if os.environ.get("KILLED"):
            os.kill(os.getpid(), signal.SIGKILL)
        assert Path(__file__).with_name("schema").exists()
        return path.read_text()

    def test_files(phase):
        path = phase("download", download, phase.directory)
        assert path.parent.parent == phase.directory
        assert phase("check", check, path) == "a,b"
"""


@pytest.fixture
def files(project: Project) -> Project:
    """Give a project whose second phase reads what its first one wrote."""
    project.write("test_files.py", TEST)
    return project


def folders(project: Project) -> list[str]:
    """Name the folders of checkpoints."""
    return sorted(path.name for path in project.checkpoints.glob("*.d*"))


def test_what_a_phase_wrote_is_there_in_the_next_run(files: Project) -> None:
    """The folder has the same path in every run, and goes when the test passes."""
    broken = files.run()
    (files.folder / "schema").touch()
    resumed = files.run()

    assert broken.calls == ["download", "check"], broken.text
    assert resumed.passed, resumed.text
    assert resumed.calls == ["check"], resumed.text
    assert "temporary" not in broken.text
    assert folders(files) == []


def test_what_a_finished_phase_wrote_survives_a_kill(files: Project) -> None:
    """SIGKILL in the next phase leaves the folder as it was."""
    killed = files.run(env={"KILLED": "1"})
    (files.folder / "schema").touch()
    resumed = files.run()

    assert killed.code == -9, killed.text
    assert resumed.calls == ["check"], resumed.text
    assert resumed.passed


@pytest.mark.parametrize("mode", ["fresh", "removed"])
def test_a_new_life_has_an_empty_folder(files: Project, mode: str) -> None:
    """What another life left in its folder is never seen again."""
    files.run()
    (left,) = files.checkpoints.glob("*.d/directory")
    (left / "stale.txt").touch()
    if mode == "removed":
        next(files.checkpoints.glob("checkpoint_*.json")).unlink()
    (files.folder / "schema").touch()
    empty = "assert not list(phase.directory.iterdir())"
    files.edit("test_files.py", "    path = phase(", f"    {empty}\n    path = phase(")
    again = files.run(*(["--milepost=fresh"] if mode == "fresh" else []))

    assert again.passed, again.text
    assert again.calls == ["download", "check"]
    assert folders(files) == []


def test_a_file_of_the_folder_counts_by_content_where_it_is_an_input(
    project: Project,
) -> None:
    """A Path below the folder in inputs=[...] is read like any other file."""
    project.write(
        "test_input.py",
        """
        from pathlib import Path
        from calling import note

        def count(path):
            note("count")
            return len(path.read_text())

        def test_input(phase):
            path = phase.directory / "data.txt"
            path.write_text(Path(__file__).with_name("data").read_text())
            phase.with_options(inputs=[path])("count", count, path)
            assert 0
        """,
    )
    (project.folder / "data").write_text("one")
    project.run()
    same = project.run()
    (project.folder / "data").write_text("three")
    other = project.run()

    assert same.calls == []
    assert other.calls == ["count"]
    assert "count is stale: input inputs[0] changed" in other.text
    assert "temporary" not in other.text


def test_a_value_that_points_into_the_folder_of_another_place_is_stale(
    files: Project,
) -> None:
    """A checkpoint that was moved does not give the paths that its files had before."""
    files.run()
    (document,) = files.checkpoints.glob("checkpoint_*.json")
    moved = Project(files.folder.with_name("moved"))
    shutil.copytree(files.folder, moved.folder, dirs_exist_ok=True)
    shutil.rmtree(files.folder)
    (moved.folder / "schema").touch()
    again = moved.run()

    assert document.name.startswith("checkpoint_test_files_")
    assert again.passed, again.text
    assert again.calls == ["download", "check"]
    assert "points into the folder that it had elsewhere" in again.text


def test_the_way_to_the_folder_does_not_count(files: Project) -> None:
    """Where checkpoints lie outside the project and are moved, inputs are the same."""
    files.write(
        "test_files.py",
        """
        from calling import note

        def use(path):
            note("use")
            return 1

        def test_use(phase):
            phase("path", use, phase.directory / "data")
            phase("text", use, str(phase.directory / "data"))
            phase("url", use, {"database": f"sqlite:///{phase.directory}/data"})
            assert 0
        """,
    )
    one, two = (files.folder.with_name(name) for name in ("one", "two"))
    first = files.run("--milepost-dir", str(one))
    shutil.move(one, two)
    second = files.run("--milepost-dir", str(two))

    assert first.calls == ["use"] * 3
    assert second.calls == [], second.text


def test_the_folder_is_made_of_a_document(project: Project) -> None:
    """Nobody gets the folder of a checkpoint that was removed under a run."""
    project.write(
        "test_gone.py",
        """
        from pathlib import Path

        def test_gone(phase):
            phase("one", int)
            for path in Path(__file__).parent.glob(".milepost/checkpoint_*.json"):
                path.unlink()
            phase.directory.touch()
        """,
    )
    gone = project.run()
    assert gone.outcomes() == {"failed": 1}, gone.text
    assert "GoneError" in gone.text


def test_the_files_of_a_finished_phase_are_durable_first(files: Project) -> None:
    """They are synced before the record that names the phase, in every save of one."""
    log = files.folder / "points.log"
    files.run(env={"MILEPOST_KILL_LOG": str(log)})
    points = log.read_text().split()
    synced = points.index("directory.synced")
    document = json.loads(next(files.checkpoints.glob("checkpoint_*.json")).read_text())

    assert document["phases"]["download"]["status"] == "completed"
    # Created, directory asked for, started: the fourth write names the value.
    assert points[:synced].count("document.durable") == 2
    assert points[synced:].count("document.begin") >= 1


def test_switched_off_the_folder_is_a_temporary_one(files: Project) -> None:
    """Without checkpoints the test still has a folder, and leaves nothing behind."""
    (files.folder / "schema").touch()
    off = files.run("--milepost=off")
    assert off.passed, off.text
    assert not files.checkpoints.exists()


def test_the_folder_is_its_owners(files: Project) -> None:
    """Nobody else can read what a phase wrote."""
    files.run()
    (folder,) = files.checkpoints.glob("*.d/directory")
    assert folder.stat().st_mode & 0o777 == 0o700
