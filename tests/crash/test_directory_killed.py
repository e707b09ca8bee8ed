"""Killed between the files of phase.directory and the record that names their phase."""

from tests.project import Project

TEST = """
    from calling import note

    def write(folder):
        note(sorted(path.name for path in folder.iterdir()))
        (folder / "rows.csv").write_text("1,2,3")
        return str(folder / "rows.csv")

    def read(path):
        note("read")
        return open(path).read()

    def test_rows(phase):
        rows = phase("write", write, phase.directory)
        assert phase("read", read, rows) == "1,2,3"
"""


def test_files_are_there_before_the_record(project: Project) -> None:
    """A death after the files and before the record runs the phase again, with them."""
    project.write("test_rows.py", TEST)
    project.run(kill_at="directory.synced")
    phase = project.document()["phases"]["write"]
    after = project.run()

    assert phase["status"] == "in_progress"
    assert after.passed, after.text
    assert after.calls == ["['rows.csv']", "read"]
    assert list(project.checkpoints.glob("*.d*")) == []
