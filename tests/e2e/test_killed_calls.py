"""Code generation is killed at any moment: what was answered is never bought again."""

import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from examples.mge_v2.stand_in import StandIn, running_stand_in
from tests.crash.nursery import Life, Nursery
from tests.e2e.shortened import PARALLEL_CALLS, WAYS, Shortened, memory_folder, served

FILES = 33
IDLE = "code_generation.kept"
KINDS = (
    "code_generation.answered",
    IDLE,
    "hang",
    "delay",
    "journal.torn",
    "journal.written",
    "journal.synced",
)
LIVES, KILLS_IN_A_LIFE = 50, 4
# The most that a run goes on before it is killed, so that four kills find it at work.
LONGEST = 5
CALL_SECONDS = 30.0
# An answer takes so long that several are on their way at once.
LATENCY_SECONDS = 0.005
LATEST_SECONDS = 0.02


@dataclass(frozen=True)
class Ground:
    """What the lives of one way begin with.

    Attributes:
        way: How code generation remembers.
        prepared: The project; to be copied, never run.
        undisturbed: What a run without any kill has made.
        folder: Where copies go.
        numbers: Names the copies.
    """

    way: str
    prepared: Shortened
    undisturbed: str
    folder: Path
    numbers: Iterator[int]

    def copy(self) -> Shortened:
        """Begin a life, of which the model knows nothing yet."""
        self.prepared.model.reset()
        return self.prepared.copy(self.folder / f"life-{next(self.numbers)}")


@pytest.fixture(scope="module")
def model() -> Iterator[StandIn]:
    """Run a stand-in that takes some time to answer."""
    with running_stand_in(latency=LATENCY_SECONDS) as stand_in:
        yield stand_in


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(way, marks=pytest.mark.xdist_group(f"killed-{way}")) for way in WAYS
    ],
)
def ground(request: pytest.FixtureRequest, model: StandIn) -> Iterator[Ground]:
    """Prepare the project of one way, and run a copy of it to its end."""
    with tempfile.TemporaryDirectory(dir=memory_folder()) as made:
        folder = Path(made)
        nursery = Nursery(folder)
        prepared = Shortened.prepare(request.param, folder / "prepared", model, nursery)
        alone = prepared.copy(folder / "undisturbed")
        passed = alone.run()
        assert passed.passed, passed.text
        yield Ground(request.param, prepared, alone.result, folder, count())
        nursery.close()


@pytest.mark.parametrize("kinds", [KINDS[:4], KINDS[4:]], ids=["outside", "in the journal"])
def test_a_kill_at_each_kind_of_moment_costs_what_was_in_flight(
    kinds: Sequence[str], ground: Ground
) -> None:
    """Killed idle, in a request, before and inside an append, nothing is bought twice."""
    check_life(ground, kinds, Random(f"{ground.way} {kinds[0]}"))


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(LIVES))
def test_two_hundred_kills_cost_what_was_in_flight(seed: int, ground: Ground) -> None:
    """Wherever the kills fall, no answer that was on the disk is bought again."""
    rng = Random(f"{ground.way} {seed}")
    check_life(ground, rng.choices(KINDS, k=KILLS_IN_A_LIFE), rng)


def check_life(ground: Ground, kinds: Sequence[str], rng: Random) -> None:
    """Kill a life again and again, look at its disk each time, and let it end."""
    life = ground.copy()
    on_disk: set[str] = set()
    in_flight: Counter[str] = Counter()
    for kind in kinds:
        kill = choose(kind, ground.way, len(on_disk), rng)
        asked = kill.inflict(life)
        assert not asked & on_disk, f"{kill}: served again"
        on_disk = check_disk(life, on_disk)
        lost = asked - on_disk
        assert len(lost) <= (0 if kill.is_idle(ground.way) else PARALLEL_CALLS), kill
        in_flight.update(lost)
    last = life.run()

    assert last.passed, last.text
    assert life.result == ground.undisturbed
    all_served = served(life.model.report()["calls"])
    assert len(all_served) == FILES
    assert all_served - Counter(set(all_served)) == in_flight
    shutil.rmtree(life.project.folder)


def check_disk(life: Shortened, before: set[str]) -> set[str]:
    """Check what a killed run has left; give the files whose answers are there."""
    acknowledged = life.acknowledged()
    assert set(acknowledged.values()) <= {1}, "an answer was kept twice"
    on_disk = set(acknowledged)
    assert before <= on_disk
    assert life.used() <= on_disk, "an answer was used before it was kept"
    return on_disk


@dataclass(frozen=True)
class Kill:
    """When a run is killed.

    Attributes:
        kind: How the moment is found.
        count: Which of its occurrences in the run.
        seconds: How long after a call has begun.
    """

    kind: str
    count: int
    seconds: float

    def is_idle(self, way: str) -> bool:
        """Tell whether nothing is in flight: rows are written between two waves."""
        return self.kind == IDLE and way == "steps"

    def inflict(self, life: Shortened) -> set[str]:
        """Run until killed.

        Returns:
            The files that the model was asked for in this run.
        """
        before = int(life.model.report()["begun"])
        ended = self._begin(life, before).result()
        assert ended.code == -signal.SIGKILL, f"{self}: {ended.text}"
        asked = served(settled(life.model)[before:])
        assert set(asked.values()) <= {1}, f"{self}: asked twice in one run"
        return set(asked)

    def _begin(self, life: Shortened, before: int) -> Life:
        if self.kind.startswith("journal."):
            return life.start(MILEPOST_KILL_AT=f"{self.kind}:{self.count}")
        if self.kind not in ("hang", "delay"):
            return life.start(MGE_KILL_AT=f"{self.kind}:{self.count}")
        return self._kill_from_outside(life, before + self.count)

    def _kill_from_outside(self, life: Shortened, number: int) -> Life:
        if self.kind == "hang":
            life.model.fault("hang", call=number)
        process = life.start()
        assert life.model.wait_for_call(number, CALL_SECONDS), process.output.read_text()
        time.sleep(self.seconds)
        process.send(signal.SIGKILL)
        return process


def choose(kind: str, way: str, finished: int, rng: Random) -> Kill:
    """Choose a moment that a run will reach.

    Args:
        kind: What kind of moment.
        way: How code generation remembers.
        finished: How many answers are on the disk.
        rng: What decides.
    """
    left = FILES - finished
    number = rng.randint(1, min(LONGEST, left))
    if kind == "journal.synced":  # several records may share one
        number = min(number, 1 + left // PARALLEL_CALLS)
    if kind == IDLE or (kind == KINDS[0] and way == "recorded"):
        number += finished  # passed with every answer that is restored, too
    return Kill(kind, number, rng.uniform(0.0, LATEST_SECONDS))


def settled(model: StandIn) -> list[dict[str, Any]]:
    """Give the calls when the model has seen that its client is gone."""
    deadline = time.monotonic() + CALL_SECONDS
    while any(call["outcome"] == "begun" for call in model.report()["calls"]):
        assert time.monotonic() < deadline, "a call of a dead client goes on"
        time.sleep(LATENCY_SECONDS)
    calls: list[dict[str, Any]] = model.report()["calls"]
    return calls
