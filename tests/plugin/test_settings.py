"""The marker's arguments and the configuration: what they do, and what they refuse."""

import pytest

from tests.plugin.pipeline import BROKEN, write_pipeline
from tests.project import Project

MARKED = """
    import pytest
    from milepost import RetryConfig
    from steps import discover, generate

    @pytest.mark.milepost(id="nightly", test_name="The nightly pipeline",
                          user_request="a task manager", keep="all")
    def test_named(phase):
        phase("discovery", discover, "task manager")
        phase("code_generation", generate, ["plan"])
"""
RETRIED = """
    import pytest
    from calling import note
    from milepost import RetryConfig

    def reset():
        note("reset")
        raise ConnectionResetError(104, "Connection reset by peer")

    @pytest.mark.milepost(retry=0)
    def test_never(phase):
        phase("never", reset)

    @pytest.mark.milepost(retry=RetryConfig(max_retries=2, initial_delay=0.01))
    def test_twice(phase):
        phase("twice", reset)
"""


def test_the_marker_names_the_checkpoint(project: Project) -> None:
    """id, test_name and user_request are in the document; moving the test is no matter."""
    write_pipeline(project, MARKED)
    project.run(env=BROKEN)
    document = project.document()
    assert document["test_id"].startswith("nightly_")
    assert document["test_name"] == "The nightly pipeline"
    assert document["user_request"] == "a task manager"

    (project.folder / "test_pipeline.py").rename(project.folder / "test_moved.py")
    project.edit("test_moved.py", "def test_named", "def test_renamed")
    moved = project.run()
    assert moved.calls == ["generate"], moved.text
    assert project.document()["milepost"]["passed_at"]


def test_the_marker_says_how_often_to_retry(project: Project) -> None:
    """retry= takes a number of retries, or a whole RetryConfig."""
    project.write("test_retry.py", RETRIED)

    assert project.run("-k", "never").calls == ["reset"]
    assert project.run("-k", "twice").calls == ["reset"] * 3


def test_a_wrong_marker_fails_its_test_alone(project: Project) -> None:
    """Whatever is wrong with a marker is said at the set-up of its test, fixture or not."""
    wrong = {
        'ids="x"': "@pytest.mark.milepost = 'ids' is not possible",
        '"x"': "@pytest.mark.milepost = ('x',) is not possible",
        'id=""': "@pytest.mark.milepost(id=) = '' is not possible",
        "test_name=3": "@pytest.mark.milepost(test_name=) = 3 is not possible",
        "retry=-1": "@pytest.mark.milepost(retry=) = -1 is not possible",
        "retry=True": "@pytest.mark.milepost(retry=) = True is not possible",
        'keep="some"': "@pytest.mark.milepost(keep=) = 'some' is not possible",
        'record="no"': "@pytest.mark.milepost(record=) = 'no' is not possible",
        'record_ignore=["("]': "@pytest.mark.milepost(record_ignore=) = ['('] is not",
    }
    marked = "".join(
        f"@pytest.mark.milepost({arguments})\ndef test_{number}(): note({number})\n"
        for number, arguments in enumerate(wrong)
    )
    imports = "import pytest\nfrom calling import note\n"
    skipped = "@pytest.mark.skip\n@pytest.mark.milepost(3)\ndef test_skipped(): pass\n"
    right = "def test_right(phase): pass\n"
    project.write("test_wrong.py", imports + marked + skipped + right)
    result = project.run()

    assert result.outcomes() == {"passed": 1, "skipped": 1, "error": len(wrong)}
    assert result.calls == []
    assert [line for line in wrong.values() if line not in result.text] == []
    assert "Correct it where the test is marked." in result.text


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("milepost_keep=never", "milepost_keep = 'never' is not possible"),
        ("milepost_live=dead", "milepost_live = 'dead' is not possible"),
        ("milepost_retry=-1", "milepost_retry = -1 is not possible"),
        ("milepost_wait=soon", "milepost_wait = "),
        ("milepost_record=maybe", "milepost_record = "),
        ("milepost_record_ignore=[a", "milepost_record_ignore = '[a' is not possible"),
        pytest.param(
            "milepost_waits=1",
            "milepost_waits",
            marks=pytest.mark.skipif(
                pytest.version_tuple < (9,), reason="pytest 8 does not check -o"
            ),
        ),
    ],
)
def test_a_wrong_setting_is_a_usage_error(
    project: Project, setting: str, reason: str
) -> None:
    """A setting that cannot be stops the session, names itself, and runs nothing."""
    write_pipeline(project)
    result = project.run("--strict-config", "-o", setting)

    assert result.code == pytest.ExitCode.USAGE_ERROR, result.text
    assert reason in result.text
    assert "Traceback" not in result.text
    assert result.calls == []


def test_a_wrong_deadline_is_a_usage_error(project: Project) -> None:
    """A deadline that is no duration is refused before the collection."""
    write_pipeline(project)
    result = project.run("--milepost-deadline=soon")

    assert result.code == pytest.ExitCode.USAGE_ERROR
    assert "--milepost-deadline = 'soon' is not possible" in result.text
    assert "a duration as in 90s, 50m or 1.5h" in result.text


def test_settings_do_not_matter_to_who_does_not_ask(project: Project) -> None:
    """A test that does not ask passes whatever the settings say."""
    project.write("test_plain.py", "def test_plain(): pass\n")

    assert project.run("-o", "milepost_keep=never").passed


def test_two_tests_with_one_id_are_a_usage_error(project: Project) -> None:
    """Two tests that would share a checkpoint are both named, and nothing runs."""
    project.write(
        "test_twins.py",
        """
        import pytest
        from calling import note

        @pytest.mark.milepost(id="twin")
        def test_one(phase):
            note("one")

        @pytest.mark.milepost(id="twin")
        def test_two(phase):
            note("two")
        """,
    )
    result = project.run()

    assert result.code == pytest.ExitCode.USAGE_ERROR
    assert "test_twins.py::test_one" in result.text
    assert "test_twins.py::test_two" in result.text
    assert result.calls == []
