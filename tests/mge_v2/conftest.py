"""A stand-in model for each worker, and one finished run to look at."""

import dataclasses
from collections.abc import Iterator

import pytest

from examples.mge_v2.stand_in import StandIn, running_stand_in
from tests.mge_v2.run import Run, whole_run


@pytest.fixture(scope="session")
def running_model() -> Iterator[StandIn]:
    """Run a stand-in for all tests of this worker."""
    with running_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def model(running_model: StandIn) -> StandIn:
    """Give a stand-in that has served nothing and breaks nothing."""
    running_model.reset()
    return running_model


@pytest.fixture(scope="session")
def finished(running_model: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give an undisturbed run, to be read or copied, never changed."""
    running_model.reset()
    run = whole_run(tmp_path_factory.mktemp("mge") / "run", running_model.provider())
    return dataclasses.replace(run, served=running_model.report())
