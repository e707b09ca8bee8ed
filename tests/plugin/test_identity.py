"""Another process, shell, folder, checkout or worker finds the same checkpoint."""

import shutil
from pathlib import Path

import pytest

from tests.plugin.pipeline import BROKEN, write_pipeline
from tests.project import Project, Result

FIRST = ["discover", "make_plan", "generate"]


def resumed(result: Result) -> bool:
    """Tell whether a run restored what had finished and ran only the rest."""
    assert result.code == 0, result.text
    return result.calls == ["generate"]


@pytest.fixture
def broken(project: Project) -> Project:
    """Give a project of which a run has broken, in a subfolder as real ones have it."""
    write_pipeline(project)
    (project.folder / "tests" / "e2e").mkdir(parents=True)
    file = project.folder / "test_pipeline.py"
    file.rename(project.folder / "tests/e2e/test_pipeline.py")
    assert project.run(env=BROKEN).calls == FIRST
    return project


@pytest.mark.parametrize(
    ("folder", "argument"),
    [
        (".", "tests"),
        (".", "tests/e2e/test_pipeline.py::test_pipeline"),
        ("tests", "e2e"),
        ("tests/e2e", "test_pipeline.py"),
        ("tests/e2e", ""),
        ("..", "project/tests/e2e/test_pipeline.py"),
        ("/", "{project}/tests/e2e/test_pipeline.py::test_pipeline"),
    ],
)
def test_another_working_directory(broken: Project, folder: str, argument: str) -> None:
    """Where pytest is started and what it is given makes no difference."""
    arguments = [argument.format(project=broken.folder)] if argument else []
    assert resumed(broken.run(*arguments, cwd=broken.folder / folder))
    assert not broken.documents()


def test_another_shell(broken: Project) -> None:
    """Hash seed, locale, time zone, home: nothing of an environment counts."""
    other = {
        "PYTHONHASHSEED": "42",
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
        "HOME": "/nonexistent",
        "PYTHONUTF8": "0",
        "USER": "somebody",
    }
    assert resumed(broken.run(env=other))


def test_a_moved_checkout(broken: Project, tmp_path: Path) -> None:
    """A folder that was moved, or copied to another machine, brings its checkpoints."""
    moved = tmp_path / "another" / "place"
    moved.parent.mkdir()
    shutil.move(broken.folder, moved)
    assert resumed(Project(moved).run())


def test_a_checkout_through_a_link(broken: Project, tmp_path: Path) -> None:
    """A symbolic link to the checkout is the checkout."""
    link = tmp_path / "link"
    link.symlink_to(broken.folder)
    assert resumed(broken.run(cwd=link))


def test_a_worker(broken: Project) -> None:
    """An xdist worker finds what a plain run has left, and the other way round."""
    broken.plugins.append("xdist.plugin")
    assert broken.run("-n", "2", env=BROKEN).calls == ["generate"]
    assert broken.run(env=BROKEN).calls == ["generate"]
    assert resumed(broken.run("-n", "2"))


def test_a_project_without_any_configuration(project: Project) -> None:
    """The root is then a mark, or the test's own folder, and never the arguments'."""
    write_pipeline(project)
    for name in ("pytest.toml", "pytest.ini"):
        (project.folder / name).unlink()
    here = str(project.folder / "test_pipeline.py")
    assert project.run(env=BROKEN | {"PYTHONPATH": str(project.folder)}).calls == FIRST
    other = project.run(here, cwd=Path("/"), env={"PYTHONPATH": str(project.folder)})
    assert resumed(other)


def test_another_file_is_another_test(broken: Project) -> None:
    """A test that is moved or renamed starts over; the old checkpoint waits."""
    broken.edit("tests/e2e/test_pipeline.py", "test_pipeline(", "test_other(")
    assert broken.run(env=BROKEN).calls == FIRST
    assert len(broken.documents()) == 2


def test_an_id_goes_with_a_test_that_moves(project: Project) -> None:
    """With an id of its own a test may be renamed and moved, and still resumes."""
    write_pipeline(project)
    old = "import discover, generate, make_plan\n"
    project.edit(
        "test_pipeline.py",
        old,
        f'{old}\nimport pytest\n\n@pytest.mark.milepost(id="The Pipeline")\n',
    )
    assert project.run(env=BROKEN).calls == FIRST
    assert project.documents()[0].name.startswith("checkpoint_the_pipeline_")
    project.edit("test_pipeline.py", "def test_pipeline(", "def test_renamed(")
    (project.folder / "moved").mkdir()
    file = project.folder / "test_pipeline.py"
    file.rename(project.folder / "moved" / "test_new.py")
    assert resumed(project.run())


def test_another_variant_is_another_checkpoint(broken: Project) -> None:
    """Two legs of a matrix that share a folder do not share a checkpoint."""
    arguments = ("-o", "milepost_variant=leg-2")
    assert broken.run(*arguments, env=BROKEN).calls == FIRST
    assert len(broken.documents()) == 2
    assert resumed(broken.run(*arguments))
    assert resumed(broken.run())


PARAMETRIZED = """
    import os
    from dataclasses import dataclass
    from pathlib import Path

    import pytest
    from calling import note

    HERE = Path(__file__).parent

    @dataclass
    class Case:
        size: int

    CASES = [1, "1", Case(3), HERE / "case.json", str(HERE / "case.json"), print]

    def work(name):
        note(f"work {name}")
        return name

    @pytest.mark.parametrize("case", CASES[::int(os.environ.get("STEP", "1"))])
    def test_case(phase, case, request):
        phase("work", work, repr(case)[:4])
        assert not os.environ.get("BROKEN")
"""


def test_parameters_count_by_content(project: Project, tmp_path: Path) -> None:
    """Each case has its checkpoint, found in another order and in a moved checkout."""
    project.write("tests/test_case.py", PARAMETRIZED)
    first = project.run(env=BROKEN)
    assert first.outcomes() == {"failed": 6}, first.text
    assert len(project.documents()) == 6

    moved = tmp_path / "moved"
    shutil.move(project.folder, moved)
    again = Project(moved).run(env={"STEP": "-1"})
    assert again.outcomes() == {"passed": 6}, again.text
    assert again.calls == []


def test_a_parameter_without_content_fails_at_set_up_with_the_cure(
    project: Project,
) -> None:
    """A case that cannot be known again is not begun; with an id of its own it is."""
    project.write(
        "test_x.py",
        """
        import pytest

        class Client:
            pass

        @pytest.mark.parametrize(
            "client",
            [Client(), pytest.param(Client(), id="staging"), lambda: 1, lambda: 2],
        )
        def test_x(phase, client):
            phase("work", lambda: 1)
        """,
    )
    result = project.run("--tb=long")
    assert result.outcomes() == {"passed": 1, "error": 3}
    assert 'Give the case an id: pytest.param(value, id="a-name-of-its-own")' in result.text
    assert "src/milepost" not in result.text


def test_two_tests_with_one_id_are_a_usage_error(project: Project) -> None:
    """A copied marker: nothing runs, and both tests are named."""
    project.write(
        "test_x.py",
        """
        import pytest

        @pytest.mark.milepost(id="same")
        def test_one(phase):
            phase("work", print)

        @pytest.mark.milepost(id="same")
        def test_two(phase):
            phase("work", print)
        """,
    )
    result = project.run()
    assert result.code == pytest.ExitCode.USAGE_ERROR
    assert "test_x.py::test_one" in result.text
    assert "test_x.py::test_two" in result.text
    assert "would share the checkpoint" in result.text
    assert "Traceback" not in result.text
    assert not project.checkpoints.exists()
    assert project.run("test_x.py::test_one").passed


def test_one_id_over_several_cases_is_several_checkpoints(project: Project) -> None:
    """The marker's id never stands for the parameters: no case restores another."""
    project.write(
        "test_x.py",
        """
        import os

        import pytest
        from calling import note

        def work(model):
            note(f"work {model}")
            return model

        @pytest.mark.milepost(id="same")
        @pytest.mark.parametrize("model", ["A", "a", "b"])
        def test_one(phase, model):
            assert phase("work", work, model) == model
            assert not os.environ.get("BROKEN")
        """,
    )
    assert project.run(env=BROKEN).calls == ["work A", "work a", "work b"]
    assert len({path.name.lower() for path in project.documents()}) == 3
    again = project.run()
    assert (again.outcomes(), again.calls) == ({"passed": 3}, [])


def test_methods_of_two_classes_are_two_tests(project: Project) -> None:
    """The class belongs to the name."""
    project.write(
        "test_x.py",
        """
        class TestA:
            def test_x(self, phase):
                assert phase("who", lambda: "a") == "a"
                assert False

        class TestB:
            def test_x(self, phase):
                assert phase("who", lambda: "b") == "b"
                assert False
        """,
    )
    assert project.run().outcomes() == {"failed": 2}
    assert len(project.documents()) == 2


def test_the_whole_identity_is_in_the_document(broken: Project) -> None:
    """What makes the test this test can be read, and is compared when it is loaded."""
    identity = broken.document()["milepost"]["identity"]
    assert identity["path"] == "tests/e2e/test_pipeline.py"
    assert identity["name"] == "test_pipeline"
    assert identity["parameters"] == {}
    assert identity["variant"].startswith("py3.")


def test_collecting_changes_nothing(broken: Project) -> None:
    """What will resume is found out without a lease, and without a trace."""
    folder = broken.checkpoints
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    before = [(path, path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    result = broken.run("--collect-only")
    assert "milepost: resuming test_pipeline (2 of 3 phases" in result.text
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    after = [(path, path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    assert after == before
