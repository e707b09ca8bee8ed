"""A value that points into a temporary folder is noticed before it is missed."""

import os
import shutil
import tempfile

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


def test_a_folder_that_was_emptied_is_stale_too(project: Project) -> None:
    """A folder that is there and holds nothing any more is not given either."""
    project.write("test_lost.py", TEST.format(kind="pytest", value="str(folder)"))
    base = project.folder.parent / "base"
    project.run("--basetemp", str(base))
    path = base / "test_lost0" / "data.csv"
    path.unlink()
    gone = project.run("--basetemp", str(project.folder.parent / "other"))

    assert gone.calls == ["download"], gone.text
    assert f"its value points to {path.parent}, which is empty now" in gone.text


@pytest.mark.parametrize("scheme", ["file://", "sqlite:///"])
def test_a_url_of_a_file_counts_as_its_path(project: Project, scheme: str) -> None:
    """The address of a database in a temporary folder is noticed, and is stale with it."""
    value = f"{{'url': '{scheme}' + str(path)}}"
    project.write("test_lost.py", TEST.format(kind="pytest", value=value))
    base = project.folder.parent / "base"
    first = project.run("--basetemp", str(base))
    shutil.rmtree(base)

    assert f"$.url is {base}" in first.text
    assert project.run().calls == ["download"]


def test_offline_says_what_is_gone(project: Project) -> None:
    """Where no phase may run, the test fails and names the path that is gone."""
    project.write("test_lost.py", TEST.format(kind="pytest", value="str(path)"))
    base = project.folder.parent / "base"
    project.run("--basetemp", str(base))
    shutil.rmtree(base)
    offline = project.run("--milepost=offline")

    assert offline.outcomes() == {"failed": 1}
    assert offline.calls == []
    assert f"It is stale: its value points to {base}" in offline.text


def test_a_value_that_was_cured_is_restored(project: Project) -> None:
    """Once a phase writes where it stays, nothing of its lost file makes it stale."""
    project.write("test_lost.py", TEST.format(kind="pytest", value="str(path)"))
    base = project.folder.parent / "base"
    project.run("--basetemp", str(base))
    project.edit("test_lost.py", "return str(path)", "return path.name")
    cured = project.run()
    shutil.rmtree(base)

    assert cured.calls == ["download"]
    assert project.run().calls == []


def test_an_earlier_value_is_not_given_without_its_file(project: Project) -> None:
    """When old code comes back, its value is given only with what it points to."""
    project.write("test_lost.py", TEST.format(kind="pytest", value="str(path)"))
    base = project.folder.parent / "base"
    project.run("--basetemp", str(base))
    project.edit("test_lost.py", "return str(path)", "return path.name")
    project.run()
    project.edit("test_lost.py", "return path.name", "return str(path)")
    there = project.run("--basetemp", str(project.folder.parent / "other"))
    project.edit("test_lost.py", "return str(path)", "return path.name")
    project.run()
    shutil.rmtree(base)
    project.edit("test_lost.py", "return path.name", "return str(path)")

    assert there.calls == []
    assert project.run().calls == ["download"]


def test_a_folder_that_runs_share_is_not_warned_of(project: Project) -> None:
    """A cache in the temporary folder that was there before the run is none of it."""
    test = "def test_cache(phase):\n    phase('cache', lambda: {!r})\n    assert 0\n"
    with tempfile.TemporaryDirectory(prefix="shared-") as shared:
        project.write("test_cache.py", test.format(shared))
        new = project.run().text
        os.utime(shared, (1e9, 1e9))
        old = project.run("--milepost=fresh").text

    assert f"$ is {shared}" in new
    assert "temporary" not in old


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
