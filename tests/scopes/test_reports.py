"""What a run says of the checkpoints of scopes."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tests.scopes.world import DESTROYED, Suite

FILE = "test_cluster.py"
LABEL = f"{FILE}::TestCluster (class)"


def scopes_in(junit: Path) -> dict[str, list[str]]:
    """Give by test what its report says of a scope: the phases with their words."""
    found = {}
    for case in ElementTree.parse(junit).iter("testcase"):
        records = [
            json.loads(str(each.get("value")))
            for each in case.iter("property")
            if each.get("name") == "milepost.scope"
        ]
        found[str(case.get("name"))] = [
            f"{phase['phase']} {phase['word']}"
            for record in records
            for phase in record["phases"]
        ]
    return found


def test_a_scope_is_told_once_with_its_last_state(ordered: Suite) -> None:
    """The section has one entry for a class, with all that its tests did to it."""
    broken = ordered.run(broken="two")
    section = broken.text.partition("= milepost =")[2]
    assert broken.text.count(LABEL) == 1
    for line in (
        "  cluster  ran, ",
        "  one      ran, ",
        "  two      failed, ",
        "  three    ran, ",
        "  kept: cluster, one, three; run again to go on from there",
        "milepost: 0 of 4 phases restored",
    ):
        assert line in section

    result = ordered.run()
    assert result.text.count(LABEL) == 1
    assert "kept" not in result.text
    assert "restored, asserted again" not in result.text
    assert result.last_line.startswith("milepost: 3 of 4 phases restored")


def test_a_quiet_run_says_one_line(ordered: Suite) -> None:
    """With -q the last line counts the phases of scopes, and there is no section."""
    ordered.run(broken="two")
    result = ordered.run("-q")
    assert LABEL not in result.text
    assert result.last_line.startswith("milepost: 3 of 4 phases restored")


def test_junit_says_what_each_test_did_to_the_scope(ordered: Suite) -> None:
    """In JUnit a test has the scope's record where it added something to it."""
    ordered.edit(
        FILE, "class TestCluster", "def test_alone():\n    pass\n\nclass TestCluster"
    )
    ordered.run("--junitxml=junit.xml", broken="two")
    found = scopes_in(ordered.folder / "junit.xml")
    assert found == {
        "test_alone": [],
        "test_one": ["cluster ran", "one ran"],
        "test_two": ["cluster ran", "one ran", "two failed"],
        "test_three": ["cluster ran", "one ran", "two failed", "three ran"],
    }


def test_a_test_that_adds_nothing_reports_nothing(ordered: Suite) -> None:
    """A test that only uses what others made has no record of the scope in JUnit."""
    ordered.edit(FILE, 'assert class_phase("three"', "return\n#")
    ordered.run("--junitxml=junit.xml")
    assert scopes_in(ordered.folder / "junit.xml")["test_three"] == []


def test_own_and_scoped_phases_are_told_apart(ordered: Suite) -> None:
    """A test's own checkpoint has its own entry beside that of its class."""
    ordered.edit(FILE, "test_two(self, class_phase", "test_two(self, phase, class_phase")
    ordered.edit(
        FILE,
        'assert class_phase("two"',
        "phase('own', use, cluster, 'own')\n        assert class_phase(\"two\"",
    )
    broken = ordered.run(broken="two")
    assert f"{FILE}::TestCluster::test_two\n  own  ran, " in broken.text
    assert ordered.kept == 2
    result = ordered.run()
    assert result.calls == ["two", DESTROYED]
    assert result.last_line.startswith("milepost: 4 of 5 phases restored")


def test_the_collection_names_a_scope_that_resumes(ordered: Suite) -> None:
    """The line under the collection says which class goes on, and how to undo it."""
    ordered.run(broken="two")
    result = ordered.run()
    assert "milepost: resuming TestCluster (class) (3 of 4 phases, " in result.text


def test_the_command_line_shows_the_tests_of_a_scope(ordered: Suite) -> None:
    """A scope's checkpoint is listed and removed like that of a test."""
    ordered.run(broken="two")
    listed = ordered.project.milepost("ls")
    assert "TestCluster (class)" in listed.text
    (path,) = ordered.project.documents()
    test_id = path.stem.removeprefix("checkpoint_")
    removed = ordered.project.milepost("rm", "--yes", test_id)
    assert removed.code == 0, removed.text
    assert ordered.is_clean


def test_nothing_is_told_where_nothing_was_done(ordered: Suite) -> None:
    """A class whose tests ask and call no phase has no entry and no checkpoint."""
    ordered.write(
        FILE, "class TestCluster:\n    def test_one(self, class_phase):\n        pass\n"
    )
    result = ordered.run()
    assert result.passed, result.text
    assert "milepost" not in result.text.partition("configfile")[2].partition("\n")[2]
    assert not ordered.kept


def test_tests_that_cannot_be_collected_again_keep_the_checkpoint(ordered: Suite) -> None:
    """Where a plugin's collection fails the second time, it is said and all is kept."""
    ordered.write(
        "conftest.py",
        ordered.folder.joinpath("conftest.py").read_text()
        + """
seen = []

def pytest_generate_tests(metafunc):
    assert seen.count(metafunc.definition.name) == 0, "only once"
    seen.append(metafunc.definition.name)
""",
    )
    result = ordered.run()
    assert result.passed, result.text
    assert "kept: its tests could not be collected again: AssertionError" in result.text
    assert ordered.standing == {"c7"}
