"""A server and a journal for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost.settings import Settings
from tests.recorder.serving import Server, running
from tests.recorder.world import World


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a server that answers as a model does."""
    with running() as server:
        yield server


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give an empty journal."""
    folder = tmp_path / "test_of_the_recorder.d"
    folder.mkdir()
    return World(folder, Settings(root=tmp_path, directory=tmp_path, drain=5.0))
