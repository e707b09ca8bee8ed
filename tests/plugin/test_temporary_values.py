"""A value that points into a temporary folder is noticed before it is missed."""

import shutil

import pytest

from tests.project import Project

TEST = """
    import os
    import tempfile
    from pathlib import Path
    from calling import note

    def download(folder):
        note("download")
        path = folder / "data.csv"
        path.write_text("a,b")
        return {value}

    def test_lost(phase, tmp_path):
        folder = tmp_path if "{kind}" == "pytest" else Path(tempfile.mkdtemp())
        phase.with_options(ignore=["folder"])("download", download, folder)
        assert Path(__file__).with_name("schema").exists()
"""
VALUES = {
    "text": "str(path)",
    "field": "{'report': {'files': ['x', str(path)]}}",
    "large": "[str(path)] + ['.' * 80_000]",
}


@pytest.mark.parametrize("kind", ["pytest", "tempfile"])
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_it_is_noticed_when_its_phase_finishes(
    project: Project, kind: str, value: str
) -> None:
    """The report of the first run says what the next one will not find, and the cure."""
    project.write("test_lost.py", TEST.format(kind=kind, value=value))
    first = project.run()

    assert "download: its value points into a temporary folder: $" in first.text
    assert "data.csv" in first.text
    assert "Let the phase write below phase.directory" in first.text


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_where_it_is_gone_the_phase_is_stale(project: Project, value: str) -> None:
    """A value whose file was deleted is not given; one whose file is there is."""
    project.write("test_lost.py", TEST.format(kind="pytest", value=value))
    base = project.folder.parent / "base"
    project.run("--basetemp", str(base))
    there = project.run("--basetemp", str(project.folder.parent / "other"))
    shutil.rmtree(base)
    gone = project.run()

    assert there.calls == [], there.text
    assert gone.calls == ["download"], gone.text
    assert f"download is stale: its value points to {base}" in gone.text
    assert "which is gone" in gone.text


def test_what_stays_is_not_warned_of(project: Project) -> None:
    """The project's own files are none that go, wherever it lies; nor is a mere text."""
    project.write(
        "test_kept.py",
        """
        import tempfile
        from pathlib import Path

        def make(folder):
            (folder / "out.txt").touch()
            return [str(folder / "out.txt"), "/tmp", "/tmp/never-there", "/etc/hosts", "/"]

        def test_kept(phase):
            phase("own", make, Path(__file__).parent)
            phase("kept", make, phase.directory)
            assert 0
        """,
    )
    assert "temporary" not in project.run().text
