"""A phase that finished after another had failed may have seen a half-made world."""

from tests.project import Project

TEST = """
    from pathlib import Path
    from calling import note

    HERE = Path(__file__).parent

    def fill():
        note("fill")
        (HERE / "rows").write_text("1")
        if not (HERE / "disk").exists():
            raise ValueError("disk full")
        (HERE / "rows").write_text("1 2 3")

    def count():
        note("count")
        return len((HERE / "rows").read_text().split())

    class TestRows:
        def test_fill(self, class_phase):
            class_phase("fill", fill)

        def test_count(self, class_phase):
            assert class_phase("count", count) == 3
"""
SAID = "count finished when fill had failed, which has finished since"


def test_it_is_restored_and_said(project: Project) -> None:
    """What is paid for stays, and the report names the doubt and the way out of it."""
    project.write("test_rows.py", TEST)
    first = project.run()
    (project.folder / "disk").touch()
    second = project.run()
    third = project.run("--milepost-from", "count")

    assert first.calls == ["fill", "count"]
    assert SAID not in first.text
    assert second.calls == ["fill"], second.text
    assert SAID in second.text
    assert "run it again: --milepost-from count" in second.text
    assert third.calls == ["count"], third.text
    assert third.passed, third.text
    assert not project.documents()


def test_what_it_builds_on_ran_again(project: Project) -> None:
    """A value that is equal restores what was made of it, and the report says so."""
    project.write(
        "test_db.py",
        """
        from pathlib import Path
        from calling import note

        HERE = Path(__file__).parent

        def create():
            note("create")
            (HERE / "db").write_text("")
            return "db"

        def migrate(name):
            note("migrate")
            (HERE / name).write_text("schema")

        def test_db(phase):
            phase("migrate", migrate, phase("create", create))
            assert (HERE / "ok").exists()
        """,
    )
    project.run()
    project.edit("test_db.py", 'note("create")', 'note("create")\n    1 + 1')
    (project.folder / "ok").touch()
    again = project.run()

    assert again.calls == ["create"], again.text
    assert "migrate finished before create ran again" in again.text
    assert "run it again: --milepost-from migrate" in again.text


def test_a_test_that_fails_on_restored_values_alone_says_what_to_do(
    project: Project,
) -> None:
    """Run again would restore the same: the report names the option that does not."""
    project.write(
        "test_wrong.py",
        """
        def answer():
            return 41

        def test_wrong(phase):
            assert phase("answer", answer) == 42
        """,
    )
    first, second = project.run(), project.run()
    assert "--milepost-from" not in first.text
    assert "if a restored value is wrong: --milepost-from PHASE" in second.text


def test_phases_side_by_side_are_no_forerunners(project: Project) -> None:
    """Of phases that begin together, one that fails says nothing of the others."""
    project.write(
        "test_gather.py",
        """
        import asyncio
        from pathlib import Path

        async def good():
            await asyncio.sleep(0.05)

        async def bad():
            if not Path(__file__).with_name("ok").exists():
                raise ValueError

        def test_gather(phase):
            async def both():
                await asyncio.gather(phase("bad", bad), phase("good", good))
            asyncio.run(both())
        """,
    )
    project.run()
    (project.folder / "ok").touch()
    second = project.run()
    assert second.passed
    assert "finished when" not in second.text
