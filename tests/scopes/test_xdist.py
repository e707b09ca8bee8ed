"""Every way in which xdist distributes tests, and every kind of scope."""

from collections import Counter

import pytest

from tests.project import Result
from tests.scopes.world import Suite

STEPS = ("one", "two", "three")
CONFTEST = """
    import time
    import pytest
    from cluster import HERE, create, destroy

    REFUSED = HERE / "refused"

    def create_late(name):
        # The others ask while this worker holds the checkpoint.
        made = create(name)
        deadline = time.monotonic() + 20
        while (HERE / "waits").exists() and not REFUSED.exists():
            assert time.monotonic() < deadline, "nobody was refused"
            time.sleep(0.01)
        return made

    def share(phase, name):
        made = phase("cluster", create_late, name)
        phase.cleanup(destroy, made)
        return made

    @pytest.fixture(scope="class")
    def class_cluster(class_phase, request):
        return share(class_phase, request.path.stem)

    @pytest.fixture(scope="module")
    def module_cluster(module_phase, request):
        return share(module_phase, request.path.stem)

    @pytest.fixture(scope="session")
    def session_cluster(session_phase):
        return share(session_phase, "all")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if report.failed and "held by another worker" in str(report.longrepr):
            REFUSED.touch()
        return report
"""
TESTS = """
    import pytest
    from cluster import use

    {mark}

    class TestFirst:
        @pytest.mark.parametrize("step", ["one", "two", "three"])
        def test_step(self, {kind}_phase, {kind}_cluster, step):
            assert {kind}_phase(f"{{step}} {name}", use, {kind}_cluster, step)

    class TestSecond:
        def test_nothing(self):
            pass
"""
GROUPED = 'pytestmark = pytest.mark.xdist_group("all")'
# Scope -> what names the cure; this xdist may not be able to group under this pytest.
CURES = {
    "class": ("--dist loadscope",),
    "module": ("--dist loadfile",),
    "session": ("--dist loadgroup, and @pytest.mark.xdist_group", "with -n 0"),
}
KINDS = ("class", "module", "session")
HOLDING = {"loadscope": {"class"}, "loadfile": {"class", "module"}}


def make_suite(suite: Suite, *kinds: str) -> None:
    """Write two files with tests for each kind of scope, for xdist."""
    suite.plugins.append("xdist.plugin")
    suite.write("conftest.py", CONFTEST)
    for kind in kinds:
        for letter in ("a", "b"):
            name = f"test_{kind}_{letter}"
            mark = GROUPED if kind == "session" else ""
            suite.write(f"{name}.py", TESTS.format(kind=kind, name=name, mark=mark))


def check_nothing_early(suite: Suite, result: Result) -> None:
    """Check that nothing was made twice, and nothing destroyed that is still needed."""
    calls = Counter(suite.project.all_calls())
    made = {call.split()[1] for call in calls if call.startswith("create ")}
    times = {name: calls[f"create {name}"] - calls[f"destroy {name}"] for name in made}
    assert suite.standing == {name for name, count in times.items() if count == 1}, times
    assert set(times.values()) <= {0, 1}, times
    assert suite.kept == len(suite.standing)
    for wrong in ("FileExistsError", "FileNotFoundError", "is gone"):
        assert wrong not in result.text
    destroyed = {call.split()[1] for call in result.calls if call.startswith("destroy ")}
    for name in destroyed:  # all of its tests passed before
        file = "test_session" if name == "all" else name
        assert f"ERROR {file}" not in result.text, result.text


def check_end(suite: Suite, result: Result) -> None:
    """Check that the last run ended all."""
    assert result.code == 0, result.text
    check_nothing_early(suite, result)
    assert suite.is_clean


@pytest.mark.parametrize(
    "dist", ["load", "loadscope", "loadfile", "loadgroup", "worksteal"]
)
def test_every_distribution(suite: Suite, dist: str) -> None:
    """Nothing is made twice or destroyed early, and the next run ends what is left."""
    make_suite(suite, *KINDS)
    result = suite.run("-n3", "--dist", dist)
    check_nothing_early(suite, result)
    count = result.outcomes().get("error", 0)
    assert result.text.count("is held by another worker") >= count, result.text
    assert result.outcomes()["passed"] + count == 24, result.text
    for kind in HOLDING.get(dist, ()):
        assert not suite.standing & {f"test_{kind}_a", f"test_{kind}_b"}, result.text
    if dist == "loadgroup" and pytest.version_tuple < (9, 2):  # later it cannot group
        assert "all" not in suite.standing, result.text

    check_end(suite, suite.run())


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_is_refused_names_the_cure(suite: Suite, kind: str) -> None:
    """A worker that asks for what another one holds fails at once and says what to do."""
    make_suite(suite, kind)
    suite.write("waits", "")
    result = suite.run("-n2", "--dist", "load", "--tb=short")
    check_nothing_early(suite, result)
    assert result.outcomes()["error"] >= 1, result.text
    assert "is held by another worker" in result.text
    assert any(cure in result.text for cure in CURES[kind]), result.text

    (suite.folder / "waits").unlink()
    check_end(suite, suite.run())


def test_a_class_inside_a_class_needs_loadfile(suite: Suite) -> None:
    """Where xdist takes an inner class for another scope, the cure is loadfile."""
    make_suite(suite, "class")
    suite.edit(
        "test_class_a.py",
        "class TestSecond:\n    def test_nothing(self):\n        pass",
        "    class TestInner:\n"
        '        @pytest.mark.parametrize("step", ["four", "five", "six"])\n'
        "        def test_inner(self, class_phase, class_cluster, step):\n"
        "            assert class_phase(step, use, class_cluster, step)",
    )
    (suite.folder / "test_class_b.py").unlink()
    suite.write("waits", "")
    result = suite.run("-n2", "--dist", "loadscope", "--tb=short")
    assert "is held by another worker" in result.text
    assert "--dist loadfile" in result.text

    (suite.folder / "waits").unlink()
    check_end(suite, suite.run("-n2", "--dist", "loadfile"))


def test_the_cure_works(suite: Suite) -> None:
    """With loadfile a class and a module that broke go on, each in one entry."""
    make_suite(suite, "class", "module")
    broken = suite.run("-n3", "--dist", "loadfile", broken="two")
    assert broken.outcomes() == {"failed": 4, "passed": 12}, broken.text
    assert len(suite.standing) == suite.kept == 4
    labels = ["TestFirst (class)", "test_module_a.py (module)", "test_module_b.py (module)"]
    for label, times in zip(labels, (2, 1, 1), strict=True):
        assert broken.text.count(f"{label}\n") == times, broken.text
    assert broken.text.count("kept until these pass, too: ") == 4
    assert broken.last_line == "milepost: 0 of 16 phases restored"

    result = suite.run("-n3", "--dist", "loadfile")
    assert result.last_line.startswith("milepost: 12 of 16 phases restored")
    assert "kept" not in result.text
    assert result.calls.count("two") == 4
    assert "one" not in result.calls
    check_end(suite, result)


def test_a_worker_that_dies_is_continued(suite: Suite) -> None:
    """What a killed worker held the next run takes over, and makes nothing again."""
    make_suite(suite, "class")
    suite.edit(
        "cluster.py",
        "    if is_broken(step):",
        "    if step == 'two' and is_broken('machine'):\n"
        "        os.kill(os.getpid(), 9)\n    if is_broken(step):",
    )
    broken = suite.run("-n2", "--dist", "loadscope", broken="machine")
    assert "crashed" in broken.text
    check_nothing_early(suite, broken)
    assert suite.standing == {"test_class_a", "test_class_b"}

    result = suite.run("-n2", "--dist", "loadscope")
    check_end(suite, result)
