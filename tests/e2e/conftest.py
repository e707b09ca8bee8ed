"""One stand-in model a worker, and the runs that several tests look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples.mge_v2.stand_in import StandIn, running_stand_in
from tests.e2e.checkout import Checkout, Outcome

# The demo breaks the same call.
BREAKING_CALL = "Task: 28 of 33"
ATTEMPTS = 4


@dataclass(frozen=True)
class Story:
    """A checkout and what its last run gave; to be read or moved, never changed.

    Attributes:
        checkout: The checkout.
        outcome: What the run gave.
        points: The kill points that it passed, where they were noted.
    """

    checkout: Checkout
    outcome: Outcome
    points: tuple[str, ...] = ()


@pytest.fixture(scope="session")
def shared_stand_in() -> Iterator[StandIn]:
    """Run a stand-in for all tests of this worker."""
    with running_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(shared_stand_in: StandIn) -> StandIn:
    """Give a stand-in that has served nothing and breaks nothing."""
    shared_stand_in.reset()
    return shared_stand_in


@pytest.fixture
def checkout(tmp_path: Path, stand_in: StandIn) -> Checkout:
    """Give a checkout in which nothing has run."""
    return Checkout(tmp_path / "checkout", stand_in)


@pytest.fixture(scope="session")
def undisturbed(
    shared_stand_in: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    """Run the test without any trouble."""
    shared_stand_in.reset()
    folder = tmp_path_factory.mktemp("undisturbed")
    checkout = Checkout(folder / "checkout", shared_stand_in)
    log = folder / "points"
    outcome = checkout.run(MILEPOST_KILL_LOG=str(log))
    assert outcome.code == 0, outcome.text
    return Story(checkout, outcome, tuple(log.read_text().split()))


@pytest.fixture(scope="session")
def broken(shared_stand_in: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Run the test until the retries of code generation are used up."""
    shared_stand_in.reset()
    checkout = Checkout(tmp_path_factory.mktemp("broken") / "checkout", shared_stand_in)
    shared_stand_in.fault("reset", match=BREAKING_CALL, times=ATTEMPTS)
    outcome = checkout.run()
    assert outcome.code == 1, outcome.text
    return Story(checkout, outcome)


@pytest.fixture(scope="session")
def continued(broken: Story, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Move the broken checkout and run it again, from another working directory."""
    folder = tmp_path_factory.mktemp("moved")
    checkout = broken.checkout.move_to(folder / "elsewhere")
    return Story(checkout, checkout.run(cwd=folder))


@pytest.fixture(scope="session")
def finished(
    undisturbed: Story, shared_stand_in: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    """Kill the test when all phases have finished, just before it has passed."""
    shared_stand_in.reset()
    folder = tmp_path_factory.mktemp("finished")
    checkout = Checkout(folder / "checkout", shared_stand_in)
    last = undisturbed.points.count("document.checked")
    outcome = checkout.run(MILEPOST_KILL_AT=f"document.checked:{last}")
    assert outcome.was_killed, outcome.text
    return Story(checkout, outcome)
