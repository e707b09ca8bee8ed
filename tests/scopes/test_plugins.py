"""Plugins and recipes that order, skip, rerun and time the tests of a scope."""

from textwrap import dedent

import pytest

from tests.scopes.world import DESTROYED, MADE, ONE, SHARED, THREE, TWO, WHOLE, Suite

FILE = "test_cluster.py"
# The recipe of pytest's documentation, shortened.
INCREMENTAL = """
    def pytest_runtest_makereport(item, call):
        raised = call.excinfo and call.excinfo.type
        if raised and not issubclass(raised, pytest.skip.Exception):
            item.parent.failed_before = item.name

    def pytest_runtest_setup(item):
        if hasattr(item.parent, "failed_before"):
            pytest.xfail(f"previous test failed ({item.parent.failed_before})")
"""
DEPENDENT = """
    import pytest
    from cluster import use

    class TestCluster:
        @pytest.mark.dependency(name="one")
        def test_one(self, class_phase, cluster):
            class_phase("one", use, cluster, "one")

        @pytest.mark.dependency(name="two", depends=["one"])
        def test_two(self, class_phase, cluster):
            class_phase("two", use, cluster, "two")

        @pytest.mark.dependency(depends=["two"])
        def test_three(self, class_phase, cluster):
            class_phase("three", use, cluster, "three")
"""
BLOCKED = {ONE: "passed", TWO: "failed", THREE: "blocked"}


def test_the_incremental_recipe(ordered: Suite) -> None:
    """A test that the recipe skips after a failure is waited for."""
    ordered.write("conftest.py", SHARED.format(kind="class") + INCREMENTAL)
    broken = ordered.run(broken="two")
    assert broken.outcomes() == {"failed": 1, "passed": 1, "xfailed": 1}, broken.text
    assert ordered.tests() == BLOCKED
    assert f"{FILE}::{THREE} (skipped after a failure)" in broken.text

    assert ordered.run("-k", "test_two").code == 0
    assert ordered.standing == {"c7"}
    assert ordered.run("-k", "test_three").calls == ["three", DESTROYED]
    ordered.check_whole_story()


def test_pytest_dependency(ordered: Suite) -> None:
    """What pytest-dependency skips after a failure is waited for."""
    ordered.plugins.append("pytest_dependency")
    ordered.write(FILE, DEPENDENT)
    broken = ordered.run(broken="two")
    assert broken.outcomes() == {"failed": 1, "passed": 1, "skipped": 1}, broken.text
    assert ordered.tests() == BLOCKED

    result = ordered.run()
    assert result.passed, result.text
    assert result.calls == ["two", "three", DESTROYED]
    ordered.check_whole_story()


@pytest.mark.parametrize("name", ["test_two", "test_three"])
def test_pytest_dependency_under_a_selection(ordered: Suite, name: str) -> None:
    """A test that is skipped because its forerunner was not selected is not done."""
    ordered.plugins.append("pytest_dependency")
    ordered.write(FILE, DEPENDENT)
    ordered.run(broken="three")
    assert ordered.tests() == {ONE: "passed", TWO: "passed", THREE: "failed"}

    alone = ordered.run("-k", name)
    assert alone.outcomes()["skipped"] == 1, alone.text
    assert ordered.run("-k", name).code == 0
    assert ordered.kept == 1
    assert ordered.standing == {"c7"}

    assert ordered.run().passed
    ordered.check_whole_story()


def test_a_dependency_on_a_test_outside_of_the_class(ordered: Suite) -> None:
    """A test that is skipped since one outside of its class failed is waited for."""
    ordered.plugins.append("pytest_dependency")
    ordered.write(
        FILE,
        """
        import pytest
        from cluster import is_broken, use

        @pytest.mark.dependency(name="login")
        def test_login():
            assert not is_broken("login")

        class TestCluster:
            def test_one(self, class_phase, cluster):
                class_phase("one", use, cluster, "one")

            @pytest.mark.dependency(depends=["login"], scope="module")
            def test_two(self, class_phase, cluster):
                class_phase("two", use, cluster, "two")
        """,
    )
    ordered.run(broken="login")
    assert ordered.tests() == {ONE: "passed", TWO: "blocked"}
    assert ordered.run().calls == ["two", DESTROYED]
    ordered.check_whole_story(["one", "two"])


def test_pytest_order(ordered: Suite) -> None:
    """The checkpoint goes after the test that pytest-order puts last."""
    ordered.plugins.append("pytest_order.plugin")
    source = ordered.folder.joinpath(FILE).read_text()
    for number, word in ((3, "one"), (1, "two"), (2, "three")):
        mark = f"    @pytest.mark.order({number})\n    def test_{word}("
        source = source.replace(f"    def test_{word}(", mark)
    ordered.write(FILE, f"import pytest\n{source}")

    broken = ordered.run(broken="three")
    assert broken.calls == [MADE, "two", "three", "one"], broken.text
    assert ordered.run().calls == ["three", DESTROYED]
    ordered.check_whole_story()


def test_a_fixture_that_skips_after_a_failure_blocks(ordered: Suite) -> None:
    """A test that a fixture skips because an earlier one failed is waited for."""
    ordered.edit("conftest.py", "import create", "import is_broken, create")
    skips = """
    @pytest.fixture
    def after_two():
        if is_broken("two"):
            pytest.skip("two has failed")
    """
    conftest = ordered.folder / "conftest.py"
    conftest.write_text(conftest.read_text() + dedent(skips))
    ordered.edit(FILE, "test_three(self", "test_three(self, after_two")
    ordered.run(broken="two")
    assert ordered.tests() == BLOCKED
    assert ordered.run("-k", "test_two").code == 0
    assert ordered.standing == {"c7"}


def test_a_skip_without_a_failure_counts(ordered: Suite) -> None:
    """A test that a fixture skips for its own reasons does not keep the checkpoint."""
    ordered.edit(
        FILE,
        "class TestCluster:",
        "@pytest.fixture\ndef docker():\n    pytest.skip('none')\n\nclass TestCluster:",
    )
    ordered.edit(FILE, "test_two(self", "test_two(self, docker")
    ordered.edit(FILE, "from cluster", "import pytest\nfrom cluster")

    result = ordered.run()
    assert result.outcomes() == {"passed": 2, "skipped": 1}, result.text
    ordered.check_whole_story(["one", "three"])


@pytest.mark.parametrize(
    "mark",
    [
        "skip(reason='not today')",
        "skipif(True, reason='not today')",
        "xfail(run=False, reason='not today')",
        "xfail(run=False)",
        "xfail(reason='known')",
    ],
)
def test_what_its_own_marks_skip_is_done(ordered: Suite, mark: str) -> None:
    """A skip or an expected failure by the test's own marks is not waited for."""
    ordered.edit(FILE, "from cluster", "import pytest\nfrom cluster")
    ordered.edit(FILE, "    def test_three", f"    @pytest.mark.{mark}\n    def test_three")
    ordered.run(broken="two three")
    assert ordered.tests() == {ONE: "passed", TWO: "failed", THREE: "skipped"}

    alone = ordered.run("-k", "test_two")
    assert alone.calls == ["two", DESTROYED], alone.text
    assert ordered.is_clean


def test_an_expected_failure_that_passes(ordered: Suite) -> None:
    """An xpass counts as passed, a strict one as failed."""
    ordered.edit(FILE, "from cluster", "import pytest\nfrom cluster")
    mark = "    @pytest.mark.xfail(strict=True)\n    def test_three"
    ordered.edit(FILE, "    def test_three", mark)
    ordered.run()
    assert ordered.tests()[THREE] == "failed"
    ordered.edit(FILE, "strict=True", "strict=False")
    assert ordered.run().outcomes() == {"passed": 2, "xpassed": 1}
    ordered.check_whole_story()


def test_a_skip_inside_a_test_is_done(ordered: Suite) -> None:
    """A test that skips itself while it runs does not keep the checkpoint."""
    ordered.edit(FILE, "from cluster", "import pytest\nfrom cluster")
    ordered.edit(FILE, 'assert class_phase("two"', "pytest.skip('enough')\n#")
    result = ordered.run()
    assert result.outcomes() == {"passed": 2, "skipped": 1}, result.text
    ordered.check_whole_story(["one", "three"])


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="subtests came with pytest 9")
def test_a_failed_subtest_keeps_the_checkpoint(ordered: Suite) -> None:
    """A subtest that fails is a failure of its test."""
    ordered.edit(FILE, "test_three(self", "test_three(self, subtests")
    ordered.edit(
        FILE,
        'assert class_phase("three"',
        "with subtests.test('a'):\n"
        "            assert not is_broken('sub')\n"
        '        assert class_phase("three"',
    )
    ordered.edit(FILE, "import use", "import is_broken, use")
    ordered.run(broken="sub")
    assert ordered.tests()[THREE] == "failed"
    assert ordered.standing == {"c7"}
    assert ordered.run().calls == [DESTROYED]
    ordered.check_whole_story()


def test_a_rerun_that_passes_counts_as_passed(ordered: Suite) -> None:
    """With pytest-rerunfailures the last try decides, and no phase is repeated."""
    ordered.plugins.append("pytest_rerunfailures")
    ordered.edit("cluster.py", "if is_broken(step):", "if step == 'two' and tries() < 2:")
    tries = "def tries():\n    return (HERE / 'calls.log').read_text().split().count('two')"
    ordered.edit("cluster.py", "def use(", f"{tries}\n\ndef use(")

    result = ordered.run("--reruns=2")
    assert result.outcomes() == {"passed": 3, "rerun": 1}, result.text
    assert result.calls == [MADE, "one", "two", "two", "three", DESTROYED]
    assert ordered.is_clean


def test_a_fixture_that_fails_is_run_again_by_a_rerun(ordered: Suite) -> None:
    """A class fixture that failed goes on where it broke when its test is rerun."""
    ordered.plugins.append("pytest_rerunfailures")
    ordered.write(
        "conftest.py",
        """
        import pytest
        from calling import note
        from cluster import HERE, create, destroy

        def wait(name):
            note("wait")
            log = (HERE / "calls.log").read_text().split()
            assert log.count("wait") > 1

        @pytest.fixture(scope="class")
        def cluster(class_phase):
            name = class_phase("cluster", create)
            class_phase.cleanup(destroy, name)
            class_phase("wait", wait, name)
            return name
        """,
    )
    result = ordered.run("--reruns=2")
    assert result.outcomes() == {"passed": 3, "rerun": 1}, result.text
    assert result.calls == [MADE, "wait", "wait", "one", "two", "three", DESTROYED]
    assert ordered.is_clean


def test_a_timeout_in_a_scoped_phase_is_a_failure(ordered: Suite) -> None:
    """What pytest-timeout cuts off has failed, and runs again in the next run."""
    ordered.plugins.append("pytest_timeout")
    ordered.edit(
        "cluster.py",
        "    if is_broken(step):",
        "    if is_broken(step):\n        import threading; threading.Event().wait(60)",
    )
    broken = ordered.run("--timeout=0.5", broken="two")
    assert broken.outcomes() == {"failed": 1, "passed": 2}, broken.text
    assert "two      failed" in broken.text
    assert ordered.tests() == {ONE: "passed", TWO: "failed", THREE: "passed"}
    assert ordered.run("--timeout=30").calls == ["two", DESTROYED]
    ordered.check_whole_story()


ASYNC = """
    import pytest
    from cluster import create, destroy, use

    {mark}

    async def make():
        return create()

    async def act(name, step):
        return use(name, step)

    {fixture}
    async def cluster(module_phase{backend}):
        name = await module_phase("cluster", make)
        module_phase.cleanup(destroy, name)
        yield name

    async def test_one(module_phase, cluster):
        assert await module_phase("one", act, cluster, "one") == "one done"

    async def test_two(module_phase, cluster):
        assert await module_phase("two", act, cluster, "two") == "two done"
"""


def test_async_tests_on_the_loop_of_a_module(suite: Suite) -> None:
    """With pytest-asyncio async fixtures and tests of a module share a checkpoint."""
    suite.plugins.append("pytest_asyncio.plugin")
    fixture = '@pytest_asyncio.fixture(scope="module", loop_scope="module")'
    mark = (
        'import pytest_asyncio\n    pytestmark = pytest.mark.asyncio(loop_scope="module")'
    )
    suite.write(FILE, ASYNC.format(mark=mark, fixture=fixture, backend=""))
    broken = suite.run("-W", "ignore", broken="two")
    assert broken.outcomes() == {"failed": 1, "passed": 1}, broken.text
    assert suite.run("-W", "ignore").calls == ["two", DESTROYED]
    suite.check_whole_story(["one", "two"])


def test_async_tests_under_two_backends(suite: Suite) -> None:
    """With anyio the same tests under asyncio and trio share one cluster."""
    suite.plugins.append("anyio")
    backends = """pytestmark = pytest.mark.anyio

    @pytest.fixture(scope="module", params=["asyncio", "trio"])
    def anyio_backend(request):
        return request.param
    """
    fixture = '@pytest.fixture(scope="module")'
    source = ASYNC.format(mark=backends, fixture=fixture, backend=", anyio_backend")
    suite.write(FILE, source)
    broken = suite.run(broken="two")
    assert broken.outcomes() == {"failed": 2, "passed": 2}, broken.text
    assert broken.calls.count(MADE) == 1
    result = suite.run()
    assert result.passed, result.text
    assert result.calls == ["two", DESTROYED]
    assert suite.is_clean


def test_other_plugins_do_not_lengthen_the_story(ordered: Suite) -> None:
    """With all these plugins loaded and nothing broken the story is the same."""
    ordered.plugins += [
        *("pytest_dependency", "pytest_order.plugin", "pytest_rerunfailures"),
        *("pytest_timeout", "pytest_asyncio.plugin"),
    ]
    result = ordered.run("--reruns=1", "--timeout=30")
    assert result.passed, result.text
    assert result.calls == WHOLE
    assert ordered.is_clean
