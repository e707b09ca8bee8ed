"""Whatever form the tests of a scope have, they share one checkpoint."""

import pytest

from tests.scopes.world import MADE, Suite

FILE = "test_cluster.py"
STEPS = ("one", "two")


def check_story(suite: Suite, kept: int = 1) -> None:
    """Break the second step, go on, and see the whole story of one cluster."""
    broken = suite.run(broken="two")
    assert broken.outcomes()["failed"] == 1, broken.text
    assert suite.standing == {"c7"}
    assert suite.kept == kept
    result = suite.run()
    assert result.code == 0, result.text
    assert result.calls.count("two") == 1
    assert "one" not in result.calls
    suite.check_whole_story(STEPS)


def test_a_module_shares_a_cluster(suite: Suite) -> None:
    """Functions and classes of a module work on one checkpoint."""
    suite.share("module")
    suite.write(
        FILE,
        """
        from cluster import use

        def test_one(module_phase, cluster):
            module_phase("one", use, cluster, "one")

        class TestMore:
            def test_two(self, module_phase, cluster):
                module_phase("two", use, cluster, "two")

            class TestInner:
                def test_nothing(self):
                    pass
        """,
    )
    check_story(suite)


def test_a_session_shares_a_cluster(suite: Suite) -> None:
    """Tests of several files work on one checkpoint, and only they are waited for."""
    suite.share("session")
    for step in STEPS:
        suite.write(
            f"test_{step}.py",
            f"""
            from cluster import use

            def test_it(session_phase, cluster):
                session_phase("{step}", use, cluster, "{step}")
            """,
        )
    suite.write("test_zero.py", "def test_that_never_asks():\n    assert False\n")
    suite.run(broken="two")
    assert suite.own()["tests"] == {
        "test_one.py::test_it": "passed",
        "test_two.py::test_it": "failed",
    }

    result = suite.run()
    assert result.outcomes() == {"failed": 1, "passed": 2}, result.text
    suite.check_whole_story(STEPS)


def test_a_session_waits_for_files_that_a_run_leaves_out(suite: Suite) -> None:
    """After -x a run of the failed file alone keeps what other files still need."""
    suite.remember_failures()
    suite.share("session")
    files = [f"test_{step}.py" for step in ("one", "two", "zero")]
    for step in ("one", "two", "zero"):
        suite.write(
            f"test_{step}.py",
            f"""
            from cluster import use

            def test_it(session_phase, cluster):
                session_phase("{step}", use, cluster, "{step}")
            """,
        )
    assert suite.run("-x", *files, broken="two").calls == [MADE, "one", "two"]
    assert suite.own()["tests"]["test_zero.py::test_it"] == "pending"

    alone = suite.run("test_two.py")
    assert alone.passed, alone.text
    assert "test_zero.py::test_it (has not run)" in alone.text
    assert suite.standing == {"c7"}

    assert suite.run("test_zero.py").passed
    suite.check_whole_story(["one", "two", "zero"])


def test_a_session_killed_in_its_first_test_waits_for_all(suite: Suite) -> None:
    """The first phase already records which tests a session's checkpoint waits for."""
    suite.share("session")
    for step in STEPS:
        suite.write(
            f"test_{step}.py",
            f"""
            import os, signal
            from cluster import use, is_broken

            def test_it(session_phase, cluster):
                session_phase("{step}", use, cluster, "{step}")
                if is_broken("machine"):
                    os.kill(os.getpid(), signal.SIGKILL)
            """,
        )
    suite.run(broken="machine")
    alone = suite.run("test_one.py")
    assert alone.passed, alone.text
    assert suite.standing == {"c7"}

    assert suite.run("test_two.py").passed
    suite.check_whole_story(STEPS)


def test_a_parametrised_class_has_one_checkpoint(suite: Suite) -> None:
    """All cases of a class share its checkpoint, and each case is waited for."""
    suite.share("class")
    suite.write(
        FILE,
        """
        import pytest
        from cluster import use

        @pytest.mark.parametrize("step", ["one", "two"])
        class TestCluster:
            def test_step(self, class_phase, cluster, step):
                class_phase(step, use, cluster, step)
        """,
    )
    check_story(suite)


def test_a_parametrised_fixture_names_its_phases(suite: Suite) -> None:
    """A class fixture with parameters has a phase for each, all in one checkpoint."""
    suite.write(
        FILE,
        """
        import pytest
        from cluster import create, destroy, use

        @pytest.fixture(scope="class", params=["c7", "c8"])
        def cluster(class_phase, request):
            name = class_phase(f"cluster {request.param}", create, request.param)
            class_phase.cleanup(destroy, name)
            return name

        class TestCluster:
            def test_one(self, class_phase, cluster):
                class_phase(f"one {cluster}", use, cluster, "one")

            def test_two(self, class_phase, cluster):
                class_phase(f"two {cluster}", use, cluster, "two")
        """,
    )
    broken = suite.run(broken="two")
    assert broken.calls == [MADE, "one", "two", "create c8", "one", "two"], broken.text
    assert suite.standing == {"c7", "c8"}

    result = suite.run()
    assert result.passed, result.text
    assert result.calls == ["two", "two", "destroy c8", "destroy c7"]
    assert suite.is_clean


@pytest.mark.parametrize("inner_first", [False, True])
def test_classes_inside_a_class_belong_to_it(suite: Suite, inner_first: bool) -> None:
    """A class and those inside it have one checkpoint, wherever they stand in it."""
    suite.share("class")
    inner = """
            class TestInner:
                def test_two(self, class_phase, cluster):
                    class_phase("two", use, cluster, "two")
    """
    suite.write(
        FILE,
        f"""
        from cluster import use

        class TestOuter:
            {inner.strip() if inner_first else ""}

            def test_one(self, class_phase, cluster):
                class_phase("one", use, cluster, "one")

            {inner.strip() if not inner_first else ""}
        """,
    )
    check_story(suite)


def test_classes_that_inherit_tests_share_nothing(suite: Suite) -> None:
    """Tests that two classes inherit from one have a checkpoint in each of the two."""
    suite.write(
        FILE,
        """
        from cluster import use, create, destroy

        class Cases:
            def test_one(self, class_phase):
                name = class_phase("cluster", create, type(self).__name__)
                class_phase.cleanup(destroy, name)

            def test_two(self, class_phase):
                class_phase("two", use, type(self).__name__, "two")

        class TestA(Cases):
            pass

        class TestB(Cases):
            pass
        """,
    )
    broken = suite.run(broken="two")
    assert broken.calls == ["create TestA", "two", "create TestB", "two"]
    assert suite.kept == 2
    result = suite.run("-k", "TestB")
    assert result.calls == ["two", "destroy TestB"]
    assert suite.standing == {"TestA"}


def test_a_test_case_of_unittest(suite: Suite) -> None:
    """A TestCase gets class_phase from an autouse fixture of its class."""
    suite.share("class")
    suite.write(
        FILE,
        """
        import unittest
        import pytest
        from cluster import use

        class TestCluster(unittest.TestCase):
            @pytest.fixture(autouse=True, scope="class")
            def _milepost(self, request, class_phase, cluster):
                request.cls.phase, request.cls.cluster = class_phase, cluster

            def test_1(self):
                self.phase("one", use, self.cluster, "one")

            def test_2(self):
                self.phase("two", use, self.cluster, "two")

            @unittest.skip("not today")
            def test_3(self):
                assert False
        """,
    )
    check_story(suite)


def test_tests_that_do_not_ask_are_waited_for(suite: Suite) -> None:
    """A failing test of the class keeps the checkpoint, also if it does not use it."""
    suite.share("class")
    suite.write(
        FILE,
        """
        from cluster import use, is_broken

        class TestCluster:
            def test_one(self, class_phase, cluster):
                class_phase("one", use, cluster, "one")

            def test_alone(self):
                assert not is_broken("two")
        """,
    )
    suite.run(broken="two")
    assert suite.tests()["TestCluster::test_alone"] == "failed"
    assert suite.standing == {"c7"}
    assert suite.run().passed
    suite.check_whole_story(["one"])


@pytest.mark.parametrize("kind", ["class", "module", "session"])
def test_a_test_may_ask_as_it_runs(suite: Suite, kind: str) -> None:
    """What asks by getfixturevalue is resumed and waited for like all others."""
    suite.write(
        FILE,
        f"""
        from cluster import create, destroy, use

        class TestCluster:
            def test_one(self):
                pass

            def test_two(self, request):
                phase = request.getfixturevalue("{kind}_phase")
                name = phase("cluster", create)
                phase.cleanup(destroy, name)
                phase("two", use, name, "two")
        """,
    )
    suite.run(broken="two")
    assert suite.tests() == {
        "TestCluster::test_one": "passed",
        "TestCluster::test_two": "failed",
    }
    result = suite.run()
    assert result.passed, result.text
    suite.check_whole_story(["two"])


def test_a_failure_of_a_test_that_asked_as_it_ran_is_awaited(suite: Suite) -> None:
    """A session waits for a test that asked late, also in a run that leaves it out."""
    suite.share("session")
    suite.write(
        FILE,
        """
        from cluster import use

        def test_one(session_phase, cluster):
            session_phase("one", use, cluster, "one")

        def test_two(request):
            session_phase = request.getfixturevalue("session_phase")
            session_phase("two", use, "c7", "two")
        """,
    )
    suite.write(
        "test_a_late.py",
        "def test_late(request):\n    request.getfixturevalue('cluster')\n",
    )
    suite.run(broken="two")
    part = suite.run("-k", "test_one")
    assert f"{FILE}::test_two (failed)" in part.text
    assert suite.standing == {"c7"}
    assert suite.run().passed
    suite.check_whole_story(STEPS)


@pytest.mark.skipif(
    pytest.version_tuple < (9,), reason="pytest 8.4 gives such a test no fixtures"
)
def test_tests_that_a_plugin_adds_are_awaited(suite: Suite) -> None:
    """A test that no node collects, and that a plugin adds, keeps the checkpoint."""
    suite.share("class")
    suite.write(
        FILE,
        """
        from cluster import use

        class TestCluster:
            def test_one(self, class_phase, cluster):
                class_phase("one", use, cluster, "one")

            def added(self, class_phase, cluster):
                class_phase("one", use, cluster, "one")
        """,
    )
    conftest = suite.folder / "conftest.py"
    conftest.write_text(
        conftest.read_text()
        + """
def pytest_collection_modifyitems(items):
    items.append(pytest.Function.from_parent(items[0].parent, name="added"))

def pytest_runtest_call(item):
    from cluster import is_broken
    assert item.name != "added" or not is_broken("added")
"""
    )
    broken = suite.run(broken="added")
    assert broken.outcomes() == {"failed": 1, "passed": 1}, broken.text
    assert suite.standing == {"c7"}
    last = suite.run()
    assert last.passed, last.text
    suite.check_whole_story(["one"])


def test_class_phase_outside_of_a_class(suite: Suite) -> None:
    """Outside of classes each case of a test has a class checkpoint of its own."""
    suite.write(
        FILE,
        """
        import pytest
        from cluster import create, destroy, use

        @pytest.mark.milepost(id="alone")
        @pytest.mark.parametrize("name", ["c1", "c2"])
        def test_it(class_phase, phase, name):
            class_phase("cluster", create, name)
            class_phase.cleanup(destroy, name)
            phase("use", use, name, name)
        """,
    )
    broken = suite.run(broken="c2")
    assert broken.outcomes() == {"failed": 1, "passed": 1}, broken.text
    assert suite.kept == 2
    result = suite.run("-k", "c2")
    assert result.calls == ["c2", "destroy c2"], result.text
    assert suite.is_clean


def test_scopes_of_all_kinds_at_once(suite: Suite) -> None:
    """A test may work on four checkpoints, and each goes when its own tests passed."""
    suite.write(
        FILE,
        """
        from cluster import create, destroy, use

        def make(phase, name):
            name = phase("cluster", create, name)
            phase.cleanup(destroy, name)
            return name

        class TestAll:
            def test_one(self, class_phase, module_phase, session_phase, phase):
                make(class_phase, "class"), make(module_phase, "module")
                make(session_phase, "session"), make(phase, "test")

            def test_two(self, class_phase):
                class_phase("two", use, "class", "two")

        class TestOther:
            def test_three(self, module_phase):
                module_phase("three", use, "module", "three")
        """,
    )
    broken = suite.run(broken="two three")
    assert suite.standing == {"class", "module"}, broken.text
    assert suite.run("-k", "TestAll", broken="three").code == 0
    assert suite.standing == {"module"}
    result = suite.run("-k", "TestOther")
    assert result.calls[-1] == "destroy module", result.text
    assert suite.is_clean


def test_a_class_that_keeps_all_is_not_restored_from(suite: Suite) -> None:
    """With keep='all' a class that passed stays to be looked at, and begins anew."""
    suite.share("class")
    suite.write(
        FILE,
        """
        import pytest
        from cluster import use

        @pytest.mark.milepost(keep="all")
        class TestCluster:
            def test_one(self, class_phase, cluster):
                class_phase("one", use, cluster, "one")
        """,
    )
    first = suite.run()
    assert first.calls == [MADE, "one", "destroy c7"]
    assert suite.kept == 1
    assert suite.run().calls == first.calls
    assert suite.own()["passed_at"]
