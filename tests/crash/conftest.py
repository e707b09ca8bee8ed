"""What the tests of crashes share."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.nursery import Nursery
from tests.project import Project

MEMORY = Path("/dev/shm")


@pytest.fixture
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Give what starts processes fast; what a test leaves running is ended."""
    made = Nursery(Path(tmp_path_factory.mktemp("nursery")))
    yield made
    made.close()


@pytest.fixture
def fast_project() -> Iterator[Project]:
    """Give an empty project in memory, where there is such a file system.

    SIGKILL takes nothing from the kernel, so a sync that is really made shows nothing.
    """
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    made = tempfile.TemporaryDirectory(
        dir=MEMORY if usable else None, ignore_cleanup_errors=True
    )
    with made as folder:
        yield Project(Path(folder) / "project")
