"""What the tests of steps share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.conftest import fast_project
from tests.crash.nursery import Nursery
from tests.project import Project
from tests.steps.story import Story

__all__ = ["fast_project"]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Give what starts processes fast; what is left running is ended."""
    made = Nursery(Path(tmp_path_factory.mktemp("nursery")))
    yield made
    made.close()


@pytest.fixture
def story(fast_project: Project, nursery: Nursery) -> Story:
    """Give an empty project whose provider numbers its answers."""
    return Story(fast_project, nursery)
