"""What the stories about SDKs share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sdks.generation import GENERATIONS, MISSING, Story
from tests.sdks.server.running import StandIn, running

MakeStory = Callable[[str], Story]


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """Give a model that answers, and counts what it answers."""
    with running(tmp_path / "servings.jsonl") as model:
        yield model


@pytest.fixture
def story(tmp_path: Path, stand_in: StandIn) -> MakeStory:
    """Give what makes a story, by the name of a generation of SDKs."""

    def make(name: str) -> Story:
        generation = GENERATIONS[name]
        if not generation.python.exists():
            pytest.skip(MISSING)
        return Story(tmp_path / "project", generation, stand_in)

    return make
