"""A run of a part of the tests never makes a scope smaller."""

import pytest

from tests.scopes.world import MADE, ONE, THREE, TWO, WHOLE, Suite

FILE = "test_cluster.py"


def test_a_class_that_passes_leaves_nothing(ordered: Suite) -> None:
    """Where all tests pass in one run, the cluster is made once and destroyed once."""
    result = ordered.run()

    assert result.passed, result.text
    assert result.calls == WHOLE
    assert ordered.is_clean


def test_a_failure_in_the_middle_is_continued(ordered: Suite) -> None:
    """The next run restores what had finished, and nothing was destroyed between."""
    broken = ordered.run(broken="two")
    assert broken.calls == [MADE, "one", "two", "three"]
    assert ordered.standing == {"c7"}
    assert ordered.tests() == {ONE: "passed", TWO: "failed", THREE: "passed"}
    assert f"kept until these pass, too: {FILE}::{TWO} (failed)" in broken.text

    result = ordered.run()
    assert result.passed, result.text
    assert result.calls == ["two", "destroy c7"]
    ordered.check_whole_story()


@pytest.mark.parametrize(
    "selection",
    [("--lf",), ("-k", "test_two"), (f"{FILE}::{TWO}",), ("--sw",)],
    ids=["lf", "k", "node", "sw"],
)
def test_the_failed_test_alone_completes_the_class(
    ordered: Suite, selection: tuple[str, ...]
) -> None:
    """What passed in an earlier run counts, however the last test is selected."""
    ordered.remember_failures()
    ordered.run(broken="two")

    result = ordered.run(*selection)
    assert result.outcomes()["passed"] >= 1, result.text
    assert result.calls == ["two", "destroy c7"]
    ordered.check_whole_story()


@pytest.mark.parametrize(
    "selection",
    [("-k", "test_three"), (f"{FILE}::{THREE}",), ("--deselect", f"{FILE}::{ONE}")],
    ids=["k", "node", "deselect"],
)
def test_a_part_that_passes_removes_nothing(
    ordered: Suite, selection: tuple[str, ...]
) -> None:
    """A later test that passes alone keeps the checkpoint for those that never ran."""
    alone = ordered.run(*selection)
    assert alone.code == 0, alone.text
    assert f"{FILE}::{ONE} (has not run)" in alone.text
    assert ordered.standing == {"c7"}

    result = ordered.run()
    assert result.passed, result.text
    ordered.check_whole_story()


@pytest.mark.parametrize("option", ["-x", "--sw"])
def test_what_a_stopped_run_did_not_reach_is_awaited(ordered: Suite, option: str) -> None:
    """After -x and --sw the tests behind the failure still have to run."""
    ordered.remember_failures()
    stopped = ordered.run(option, broken="two")
    assert stopped.calls == [MADE, "one", "two"]
    assert ordered.tests() == {ONE: "passed", TWO: "failed"}

    alone = ordered.run("--lf")
    assert alone.code == 0, alone.text
    assert alone.calls == ["two"]
    assert ordered.standing == {"c7"}
    assert f"{FILE}::{THREE} (has not run)" in alone.text

    rest = ordered.run("-k", "test_three")
    assert rest.calls == ["three", "destroy c7"]
    ordered.check_whole_story()


def test_failed_first_is_only_an_order(ordered: Suite) -> None:
    """With --ff the failed test runs first, and the class is complete at its end."""
    ordered.remember_failures()
    ordered.run(broken="three")

    result = ordered.run("--ff", "-v")
    assert result.passed, result.text
    assert result.calls == ["three", "destroy c7"]
    assert result.text.index("test_three PASSED") < result.text.index("test_one PASSED")
    ordered.check_whole_story()


def test_a_test_that_fails_alone_is_no_false_pass(ordered: Suite) -> None:
    """A later test that runs alone is judged by what it asserts, never by its past."""
    ordered.write("three.broken", "")
    alone = ordered.run("-k", "test_three")
    again = ordered.run("-k", "test_three")

    assert alone.outcomes()["failed"] == again.outcomes()["failed"] == 1
    assert again.calls == ["three"]
    assert ordered.standing == {"c7"}


def test_a_deleted_test_is_not_awaited(ordered: Suite) -> None:
    """A test that failed and is then deleted no longer keeps the checkpoint."""
    ordered.run(broken="two")
    ordered.edit(FILE, "test_two", "no_test_two")

    result = ordered.run()
    assert result.passed, result.text
    assert result.calls == ["destroy c7"]
    ordered.check_whole_story()


def test_an_added_test_is_awaited(ordered: Suite) -> None:
    """A test that is added between two runs has to run before the checkpoint goes."""
    ordered.run(broken="two")
    added = "\n    def test_four(self, class_phase, cluster):\n        pass\n"
    path = ordered.folder / FILE
    path.write_text(path.read_text() + added)

    alone = ordered.run("-k", "test_two")
    assert "TestCluster::test_four (has not run)" in alone.text
    assert ordered.standing == {"c7"}

    assert ordered.run("-k", "test_four").code == 0
    ordered.check_whole_story()


def test_a_renamed_file_is_another_scope(ordered: Suite) -> None:
    """A renamed file begins anew and does not touch what the old name left standing."""
    ordered.run(broken="two")
    (ordered.folder / FILE).rename(ordered.folder / "test_other.py")
    ordered.edit("cluster.py", '"c7"', '"c8"')

    result = ordered.run()
    assert result.passed, result.text
    assert result.calls == ["create c8", "one", "two", "three", "destroy c8"]
    assert ordered.standing == {"c7"}
    assert ordered.kept == 1


def test_an_id_of_a_class_outlives_its_names(ordered: Suite) -> None:
    """With an id on the class, a renamed file and a renamed class go on."""
    marker = '@pytest.mark.milepost(id="replication")\nclass Test'
    ordered.edit(FILE, "class Test", f"import pytest\n\n{marker}")
    ordered.run(broken="three")
    ordered.edit(FILE, "TestCluster", "TestRenamed")
    (ordered.folder / FILE).rename(ordered.folder / "test_other.py")

    result = ordered.run()
    assert result.passed, result.text
    assert result.calls == ["three", "destroy c7"]
    ordered.check_whole_story()


def test_a_module_entered_twice_is_one_scope(suite: Suite) -> None:
    """Node ids that leave a file and enter it again share one cluster."""
    suite.share("module")
    step = """
        from cluster import use

        def test_first(module_phase, cluster):
            module_phase("{0} first", use, cluster, "{0} first")

        def test_second(module_phase, cluster):
            module_phase("{0} second", use, cluster, "{0} second")
    """
    suite.write("test_a.py", step.format("a"))
    suite.write("test_b.py", "def test_between():\n    pass\n")

    ids = ("test_a.py::test_first", "test_b.py", "test_a.py::test_second")
    result = suite.run(*ids, "--milepost=require-fresh")
    assert result.passed, result.text
    suite.check_whole_story(["a first", "a second"])


def test_a_plugin_may_run_any_order(ordered: Suite) -> None:
    """A plugin that mixes the tests of two classes changes nothing but the order."""
    other = ordered.folder.joinpath(FILE).read_text().replace("TestCluster", "TestOther")
    ordered.write("test_other.py", other)
    ordered.write(
        "conftest.py",
        """
        import pytest
        from cluster import create, destroy

        @pytest.fixture(scope="class")
        def cluster(class_phase, request):
            name = class_phase("cluster", create, request.cls.__name__)
            class_phase.cleanup(destroy, name)
            return name

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(items):
            items.sort(key=lambda item: item.name, reverse=True)
        """,
    )

    broken = ordered.run(broken="one")
    assert broken.outcomes() == {"failed": 2, "passed": 4}, broken.text
    assert broken.calls.count("create TestCluster") == 1
    assert ordered.standing == {"TestCluster", "TestOther"}

    result = ordered.run("-v")
    assert result.passed, result.text
    assert result.calls == ["one", "destroy TestCluster", "one", "destroy TestOther"]
    assert ordered.is_clean
