"""What is restored, retried and saved is visible: terminal, JUnit, CI."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

from tests.plugin.pipeline import BROKEN, write_pipeline
from tests.project import Project

COSTLY = """
    from calling import note

    def make_plan():
        note("make_plan")
        return {"tasks": 33, "total_cost_usd": 0.62}

    def test_pipeline(phase):
        phase("masterplan", make_plan)
        assert False
"""
LIVE = """
    import socket
    from calling import note

    class Client:
        def __init__(self):
            self.connection = socket.socket()

        def ask(self):
            return "answer"

    def think(client, more):
        note("think")
        return client.ask()

    def test_pipeline(phase):
        assert phase("thinking", think, Client(), socket.socket()) == "wrong"
"""


def _section(text: str) -> str:
    """Give the terminal section of milepost without ages and durations."""
    after = re.split(r"=+ milepost =+\n", text)[1]
    section = re.split(r"\n=|\nmilepost: ", after)[0]
    return re.sub(r"\d+\.\d s", "N s", section)


def test_the_section_says_phase_by_phase_what_happened(project: Project) -> None:
    """Ran, failed and restored are told apart, with ages, seconds and what is kept."""
    write_pipeline(project)
    broken, resumed = project.run(env=BROKEN), project.run()

    assert _section(broken.text) == (
        "test_pipeline.py::test_pipeline\n"
        "  discovery        ran, N s\n"
        "  masterplan       ran, N s\n"
        "  code_generation  failed, N s; ValueError: the model answered nonsense\n"
        "  kept: discovery, masterplan; run again to go on from there"
    )
    assert broken.last_line == "milepost: 0 of 3 phases restored"
    assert _section(resumed.text) == (
        "test_pipeline.py::test_pipeline\n"
        "  discovery        restored, N s old; saved N s\n"
        "  masterplan       restored, N s old; saved N s\n"
        "  code_generation  ran, N s"
    )
    assert re.fullmatch(
        r"milepost: 2 of 3 phases restored \(up to \S+ s old\), \S+ s saved",
        resumed.last_line,
    )


@pytest.mark.parametrize("quiet", ["-q", "-qq"])
def test_a_quiet_session_ends_with_one_line(project: Project, quiet: str) -> None:
    """However quiet the session, one line says what was restored, without a section."""
    project.write("test_pipeline.py", COSTLY)
    project.run()
    text = project.run(quiet).text

    assert "milepost: 1 of 1 phase restored" in text
    assert "$0.62 saved" in text
    assert "= milepost =" not in text


def test_junit_has_it(project: Project) -> None:
    """The JUnit file says of each test what was restored, retried and saved."""
    write_pipeline(project)
    project.edit("steps.py", '"entities":', '"total_cost_usd": 0.5, "entities":')
    project.run(env=BROKEN)
    project.run("--junitxml=junit.xml")
    found = {
        each.get("name"): each.get("value") or ""
        for each in ElementTree.parse(project.folder / "junit.xml").iter("property")
    }

    assert found["milepost.restored"] == "discovery, masterplan"
    assert found["milepost.retried"] == ""
    assert found["milepost.saved_usd"] == "0.5"
    assert float(found["milepost.saved_seconds"]) >= 0
    words = [phase["word"] for phase in json.loads(found["milepost"])["phases"]]
    assert words == ["restored", "restored", "ran"]


def test_junit_is_silent_about_other_tests(project: Project) -> None:
    """A test that does not ask, and one that calls no phase, get no properties."""
    project.write("test_plain.py", "def test_a(): pass\ndef test_b(phase): pass\n")
    result = project.run("--junitxml=junit.xml")

    assert "property" not in (project.folder / "junit.xml").read_text()
    assert "milepost" not in result.text


@pytest.mark.parametrize("outcome", ["fails", "passes"])
def test_ci_is_told_what_to_keep(project: Project, outcome: str) -> None:
    """A failing run on a CI runner names the folder that the next run needs."""
    write_pipeline(project)
    failing = {"CI": "true", **(BROKEN if outcome == "fails" else {})}
    text = project.run("--milepost-dir=kept", env=failing).text

    hint = f"actions/cache/save     path: {project.folder / 'kept'}   if: always()"
    assert (hint in text) == (outcome == "fails")


def test_ci_is_told_the_folder_of_the_tests_own_manager(project: Project) -> None:
    """Where the test has a manager of its own, it is that one's folder."""
    project.write(
        "test_pipeline.py",
        """
        import pytest
        from milepost import CheckpointManager
        from pathlib import Path

        @pytest.fixture
        def checkpoint_manager():
            return CheckpointManager(Path(__file__).parent / "checkpoints")

        def test_pipeline(checkpoint_manager, execute_phase_with_checkpoint):
            checkpoint_manager.create_checkpoint("It", "it_1", "", ["one"])
            execute_phase_with_checkpoint("one", lambda: {"n": 1})
            assert False
        """,
    )
    text = project.run(env={"CI": "1"}).text

    assert f"path: {project.folder / 'checkpoints'}" in text


def test_live_inputs_are_said_with_their_cure(project: Project) -> None:
    """Every input that counts by its type only is named once, also when it is restored."""
    project.write("test_pipeline.py", LIVE)
    for text in (project.run().text, project.run().text):
        section = _section(text)
        assert section.count("argument 'client' (test_pipeline.Client) is live") == 1
        assert section.count("argument 'more'") == 1
        assert "with_options(inputs=[...])" in section
    assert project.run("-o", "milepost_live=stale").calls == ["think"]


def test_the_reason_of_a_stale_phase_is_named(project: Project) -> None:
    """The report says by name which input or which code made a phase stale."""
    write_pipeline(project)
    project.run(env=BROKEN)
    project.edit("test_pipeline.py", "task manager", "to-do list")
    project.edit("test_pipeline.py", "Task Manager", "To-Do List")
    edited_input = project.run(env=BROKEN)
    project.edit("steps.py", "build {entity}", "make {entity}")
    edited_code = project.run(env=BROKEN)

    assert edited_input.calls == ["discover", "make_plan", "generate"]
    assert "discovery is stale: input request changed" in edited_input.text
    assert edited_code.calls == ["make_plan", "generate"]
    assert re.search(r"masterplan is stale: .*make_plan.* changed", edited_code.text)
    assert "Phase masterplan is stale: " in edited_code.text


def test_many_resuming_tests_are_one_line(project: Project) -> None:
    """The line under the collection names three tests and counts the others."""
    project.write(
        "test_many.py",
        """
        import pytest

        @pytest.mark.parametrize("n", range(5))
        def test_many(phase, n):
            assert phase("counting", abs, n) is None
        """,
    )
    project.run()
    (line,) = (
        line for line in project.run().text.splitlines() if line.startswith("milepost: res")
    )
    assert line.count("test_many[") == 3
    assert " and 2 more; to start over: --milepost=fresh" in line
