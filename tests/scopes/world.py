"""A project whose tests share a cluster, and the world in which the cluster stands."""

import json
from collections.abc import Sequence
from typing import Any

from tests.crash.nursery import Life, Nursery
from tests.project import Project, Result

CLUSTER = '''
    """A cluster is a file, which can be made once and destroyed once."""

    import os
    from pathlib import Path

    from calling import note

    HERE = Path(__file__).parent
    WORLD = HERE / "world"

    def is_broken(name):
        return (HERE / f"{name}.broken").exists()

    def create(name="c7"):
        note(f"create {name}")
        WORLD.mkdir(exist_ok=True)
        with open(WORLD / name, "x") as file:
            file.write(str(os.getpid()))
        return name

    def destroy(name):
        note(f"destroy {name}")
        (WORLD / name).unlink()

    def use(cluster, step):
        note(step)
        assert (WORLD / cluster).exists(), f"{cluster} is gone"
        if is_broken(step):
            raise ValueError(f"{step} is broken")
        return f"{step} done"
'''
SHARED = """
    import pytest
    from cluster import create, destroy

    @pytest.fixture(scope="{kind}")
    def cluster({kind}_phase):
        name = {kind}_phase("cluster", create)
        {kind}_phase.cleanup(destroy, name)
        return name
"""
# Three tests in their order, in a class.
ORDERED = """
    from cluster import use

    class TestCluster:
        def test_one(self, class_phase, cluster):
            assert class_phase("one", use, cluster, "one") == "one done"

        def test_two(self, class_phase, cluster):
            assert class_phase("two", use, cluster, "two") == "two done"

        def test_three(self, class_phase, cluster):
            assert class_phase("three", use, cluster, "three") == "three done"
"""
ONE, TWO, THREE = (f"TestCluster::test_{word}" for word in ("one", "two", "three"))
MADE, DESTROYED = "create c7", "destroy c7"
WHOLE = [MADE, "one", "two", "three", DESTROYED]


class Suite:
    """A project whose tests share clusters.

    Args:
        project: The project.
        nursery: Where its processes come from.
    """

    def __init__(self, project: Project, nursery: Nursery) -> None:
        self.project = project
        self._nursery = nursery
        self.folder = project.folder
        self.plugins = project.plugins
        self.write = project.write
        self.edit = project.edit
        self.write("cluster.py", CLUSTER)

    def share(self, kind: str) -> None:
        """Give all tests a fixture that makes a cluster.

        Args:
            kind: The scope whose checkpoint it works on.
        """
        self.write("conftest.py", SHARED.format(kind=kind))

    def remember_failures(self) -> None:
        """Let pytest remember which tests failed, for ``--lf``."""
        self.plugins.remove("no:cacheprovider")

    def run(self, *arguments: str, broken: str = "", kill_at: str = "") -> Result:
        """Run pytest in a forked process.

        Args:
            arguments: For pytest.
            broken: The steps that fail in this run, with spaces between them.
            kill_at: A kill point of milepost.
        """
        for step in broken.split():
            self.write(f"{step}.broken", "")
        result = self._nursery.run(self.project, *arguments, kill_at=kill_at)
        for step in broken.split():
            (self.folder / f"{step}.broken").unlink()
        return result

    def start(self, *arguments: str) -> Life:
        """Start pytest in a forked process."""
        return self._nursery.start(self.project, *arguments)

    @property
    def standing(self) -> set[str]:
        """Name the clusters that stand."""
        world = self.folder / "world"
        return {path.name for path in world.iterdir()} if world.exists() else set()

    def tests(self) -> dict[str, str]:
        """Tell how the only checkpoint says that the tests ended, by their short names."""
        return {
            name.partition("::")[2]: outcome
            for name, outcome in self.own().get("tests", {}).items()
        }

    def own(self) -> dict[str, Any]:
        """Give what the only checkpoint's document holds for milepost."""
        (path,) = self.project.documents()
        found: dict[str, Any] = json.loads(path.read_text())["milepost"]
        return found

    @property
    def kept(self) -> int:
        """Tell how many checkpoints there are."""
        return len(self.project.documents())

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing is left: no checkpoint, and no cluster."""
        return not self.kept and not self.standing

    def check_whole_story(self, steps: Sequence[str] = ("one", "two", "three")) -> None:
        """Check that over all runs each thing was made and destroyed once, and is gone.

        Args:
            steps: Those whose phase has to have completed, in whatever order.
        """
        calls = self.project.all_calls()
        assert calls.count(MADE) == calls.count(DESTROYED) == 1, calls
        assert calls[0] == MADE, calls
        assert calls[-1] == DESTROYED, calls
        assert set(calls) == {MADE, DESTROYED, *steps}, calls
        assert self.is_clean
