"""What the stories about SDKs share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sdks.generation import GENERATIONS, MISSING, Story
from tests.sdks.server.running import StandIn, running
from tests.sdks.told import Told, tell

MakeStory = Callable[[str], Story]


def _make(folder: Path, name: str, stand_in: StandIn) -> Story:
    generation = GENERATIONS[name]
    if not generation.python.exists():
        pytest.skip(MISSING)
    return Story(folder / "project", generation, stand_in)


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """Give a model that answers, and counts what it answers."""
    with running(tmp_path / "servings.jsonl") as model:
        yield model


@pytest.fixture
def story(tmp_path: Path, stand_in: StandIn) -> MakeStory:
    """Give what makes a story, by the name of a generation of SDKs."""
    return lambda name: _make(tmp_path, name, stand_in)


# The tests of a story share it, so they have to run in one process.
@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in GENERATIONS
    ],
)
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """Give the story of each generation in which everything is asked three times."""
    folder = tmp_path_factory.mktemp("told")
    with running(folder / "servings.jsonl") as model:
        yield tell(_make(folder, request.param, model))
