"""What the tests of scopes share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.conftest import fast_project
from tests.crash.nursery import Nursery
from tests.project import Project
from tests.scopes.world import ORDERED, Suite

__all__ = ["fast_project"]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Give what starts processes fast; what is left running is ended."""
    made = Nursery(Path(tmp_path_factory.mktemp("nursery")))
    yield made
    made.close()


@pytest.fixture
def suite(fast_project: Project, nursery: Nursery) -> Suite:
    """Give an empty project with a world in which clusters stand."""
    return Suite(fast_project, nursery)


@pytest.fixture
def ordered(suite: Suite) -> Suite:
    """Give a project with three tests of a class, in their order, that share a cluster."""
    suite.share("class")
    suite.write("test_cluster.py", ORDERED)
    return suite
