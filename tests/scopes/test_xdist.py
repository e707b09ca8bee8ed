"""Every way in which xdist distributes tests, and every kind of scope."""

import json
import xml.etree.ElementTree as ElementTree
from collections import Counter

import pytest

from tests.project import Result
from tests.scopes.world import Suite

STEPS = ("one", "two", "three", "four")
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

    @pytest.fixture(scope="{kind}")
    def cluster({kind}_phase, request):
        path = getattr(request, "path", None) if "{kind}" != "session" else None
        name = {kind}_phase("cluster", create_late, path.stem if path else "all")
        {kind}_phase.cleanup(destroy, name)
        return name

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

    class TestFirst:
        @pytest.mark.parametrize("step", ["one", "two", "three", "four"])
        def test_step(self, {kind}_phase, cluster, step):
            assert {kind}_phase(f"{{step}} {name}", use, cluster, step)

    class TestSecond:
        def test_nothing(self, cluster):
            pass
"""
CURES = {"class": "--dist loadscope", "module": "--dist loadfile", "session": "-n 0"}
HOLDS = {("class", "loadscope"), ("class", "loadfile"), ("module", "loadfile")}
KINDS = ("class", "module", "session")


def make_suite(suite: Suite, kind: str) -> None:
    """Write two files with tests of a kind, for xdist."""
    suite.plugins.append("xdist.plugin")
    suite.write("conftest.py", CONFTEST.format(kind=kind))
    for name in ("a", "b"):
        source = TESTS.format(kind=kind, name=name)
        if kind == "class":
            source = source.replace("def test_nothing(self, cluster)", "def test_no(self)")
        if kind == "session":
            mark = 'pytestmark = pytest.mark.xdist_group("all")\n'
            source = source.replace("    class TestFirst", f"    {mark}\n    class TestFirst")
        suite.write(f"test_{name}.py", source)


def check_nothing_early(suite: Suite) -> None:
    """Check that nothing was made twice, and nothing destroyed that is still needed."""
    calls = Counter(suite.project.all_calls())
    made = [call for call in calls if call.startswith("create ")]
    assert all(calls[call] == 1 for call in made), calls
    gone = {call.partition(" ")[2] for call in calls if call.startswith("destroy ")}
    assert suite.standing == {call.partition(" ")[2] for call in made} - gone
    for path in suite.project.documents():
        own = json.loads(path.read_text())["milepost"]
        assert not own.get("passed_at")


def check_end(suite: Suite, kind: str, result: Result) -> None:
    """Check that the last run ended all, and that each step ran once."""
    assert result.code == 0, result.text
    calls = Counter(suite.project.all_calls())
    names = {"all"} if kind == "session" else {"test_a", "test_b"}
    assert calls == {
        **dict.fromkeys(STEPS, 2),
        **{f"create {name}": 1 for name in names},
        **{f"destroy {name}": 1 for name in names},
    }, result.text
    assert suite.is_clean


@pytest.mark.parametrize(
    "dist", ["load", "loadscope", "loadfile", "loadgroup", "worksteal"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_every_distribution(suite: Suite, kind: str, dist: str) -> None:
    """Nothing is made twice or destroyed early; what was refused names its cure."""
    make_suite(suite, kind)
    holds = (kind, dist) in HOLDS
    if not holds:
        suite.write("waits", "")
    result = suite.run("-n3", "--dist", dist)
    check_nothing_early(suite)
    if holds:
        check_end(suite, kind, result)
        return
    assert result.outcomes()["error"] >= 1, result.text
    cure = CURES[kind] if (kind, dist) != ("session", "load") else CURES[kind]
    assert "is held by another worker" in result.text
    assert cure in result.text or "--dist loadgroup" in result.text
    (suite.folder / "waits").unlink()
    check_end(suite, kind, suite.run("-n0"))
