"""What the tests of shapes share."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.conftest import MEMORY
from tests.crash.nursery import Nursery
from tests.shapes.shape import Made, Shape, Suite

Undisturbed = Callable[[Shape], Made]


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Give what starts processes fast; what is left running is ended."""
    made = Nursery(Path(tmp_path_factory.mktemp("nursery")))
    yield made
    made.close()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Give a folder in memory, where there is such a file system."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    made = tempfile.TemporaryDirectory(
        dir=MEMORY if usable else None, ignore_cleanup_errors=True
    )
    with made as name:
        yield Path(name)


@pytest.fixture
def suite(
    request: pytest.FixtureRequest, shape: Shape, folder: Path, nursery: Nursery
) -> Suite:
    """Give the suite of the test's shape, with nothing run."""
    name = "".join(c if c.isalnum() else "_" for c in request.node.name)
    return Suite(shape, folder / name, nursery)


@pytest.fixture(scope="session")
def undisturbed(folder: Path, nursery: Nursery) -> Undisturbed:
    """Give what a suite makes in a run without trouble; each is run once."""
    known: dict[str, Made] = {}

    def give(shape: Shape) -> Made:
        if shape.name not in known:
            suite = Suite(shape, folder / "undisturbed" / shape.name, nursery)
            result = suite.run()
            assert result.passed, result.text
            assert suite.left == [], result.text
            known[shape.name] = suite.made
        return known[shape.name]

    return give
