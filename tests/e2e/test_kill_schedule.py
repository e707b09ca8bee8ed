"""The end-to-end test is killed, wherever it is, and the next run goes on."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples.mge_v2.phases import PHASES
from examples.mge_v2.provider import Provider
from examples.mge_v2.stand_in import StandIn
from tests.e2e.checkout import Checkout, Outcome
from tests.e2e.conftest import Story
from tests.e2e.shortened import served

PASSED = "the last run passed"
# One write creates the document, two belong to each phase, one says that it has passed.
WRITES = range(1, 2 * len(PHASES) + 3)
CALLS_IN_FLIGHT = Provider.parallel_calls
# Of a step's points every so many: tests/e2e/test_killed_calls.py goes through them all.
JOURNAL_POINTS_APART = 20


@dataclass(frozen=True)
class Kill:
    """When a run is killed, and what is finished then.

    Attributes:
        finished: How many phases the next run restores; None where it starts over.
        point: A kill point of milepost.
        moment: A moment in the middle of a phase.
        call: The number of the call to the model that is never answered.
        passed: Whether the next run can know that this one had passed.
    """

    finished: int | None
    point: str = ""
    moment: str = ""
    call: int = 0
    passed: bool = False

    def run(self, checkout: Checkout) -> Outcome:
        """Run the test until it is killed."""
        if self.call:
            outcome = checkout.kill_in_call(self.call)
        else:
            outcome = checkout.run(MILEPOST_KILL_AT=self.point, MGE_KILL_AT=self.moment)
        assert outcome.was_killed, outcome.text
        return outcome


# In one life: a run begins where the one before it was killed.
IN_ONE_LIFE = (
    Kill(point="document.checked", finished=None),
    Kill(call=1, finished=0),
    Kill(point="document.durable:2", finished=1),
    Kill(moment="masterplan.answered", finished=1),
    Kill(call=20, finished=2),
    Kill(moment="atomization.cut", finished=3),
    Kill(moment="wave_execution.wave:2", finished=4),
    Kill(point="document.renamed:2", finished=5),
    Kill(moment="file_writing.written:9", finished=5),
    Kill(moment="infrastructure.written:3", finished=6),
    Kill(point="document.checked:3", finished=7),
)


def test_a_test_killed_again_and_again_still_passes(
    checkout: Checkout, undisturbed: Story
) -> None:
    """However often it is killed, each run goes on where the one before it was."""
    before, outcomes = None, []
    for kill in IN_ONE_LIFE:
        outcomes.append(kill.run(checkout))
        check_goes_on(outcomes[-1], before)
        before = kill.finished
    last = checkout.run()

    check_goes_on(last, before)
    check_result(last, undisturbed)
    assert len(files_asked_again(*outcomes, last)) <= CALLS_IN_FLIGHT
    assert not checkout.documents()


def test_a_test_killed_after_it_has_passed_starts_over(
    finished: Story, stand_in: StandIn, undisturbed: Story, tmp_path: Path
) -> None:
    """Once it is on the disk that a test passed, the next run starts over and says so."""
    checkout = finished.checkout.move_to(tmp_path / "moved")
    Kill(point="document.durable", finished=None).run(checkout)

    again = checkout.run()

    check_goes_on(again, None)
    check_result(again, undisturbed)
    assert PASSED in again.text


@pytest.mark.torture
@pytest.mark.parametrize("call", [1, 2, 3, 12, 34, 35])
def test_a_run_killed_in_any_call_goes_on(
    call: int, checkout: Checkout, undisturbed: Story
) -> None:
    """A run killed while it waits for the model repeats what it waited for, no more."""
    kill = Kill(call=call, finished=min(call - 1, 2))
    check_kill(kill, checkout, undisturbed)


@pytest.mark.torture
@pytest.mark.parametrize(
    "moment",
    [
        "discovery.answered",
        "masterplan.answered",
        "code_generation.kept",
        "code_generation.kept:33",
        "atomization.cut",
        "wave_execution.wave",
        "wave_execution.wave:3",
        "file_writing.written",
        "file_writing.written:33",
        "infrastructure.written",
        "infrastructure.written:6",
    ],
)
def test_a_run_killed_inside_any_phase_goes_on(
    moment: str, checkout: Checkout, undisturbed: Story
) -> None:
    """A run killed in the middle of a phase repeats that phase only."""
    kill = Kill(moment=moment, finished=PHASES.index(moment.partition(".")[0]))
    check_kill(kill, checkout, undisturbed)


@pytest.mark.torture
@pytest.mark.parametrize("write", [0, *WRITES])
def test_a_run_killed_between_two_system_calls_goes_on(
    write: int, stand_in: StandIn, undisturbed: Story, tmp_path: Path
) -> None:
    """Killed anywhere in a write or in the clean-up, a run has finished a phase or not."""
    kills = list(kills_in(write, undisturbed.points))
    assert kills
    for number, kill in enumerate(kills):
        checkout = Checkout(tmp_path / str(number), stand_in)
        check_kill(kill, checkout, undisturbed)


def kills_in(write: int, points: tuple[str, ...]) -> Iterator[Kill]:
    """Give the kills at all points from the begin of a write until the next one's.

    Write 0 is what precedes the first; all of the clean-up belongs to the last.
    """
    seen: Counter[str] = Counter()
    for point in points:
        seen[point] += 1
        if seen["document.begin"] == write and is_tried(point, seen[point]):
            yield Kill(
                point=f"{point}:{seen[point]}",
                finished=finished_after(seen["document.renamed"]),
                passed=seen["document.renamed"] == WRITES[-1]
                and not seen["lease.given-back"],
            )


def is_tried(point: str, number: int) -> bool:
    """Tell whether a run is killed at an occurrence of a point."""
    return not point.startswith("journal.") or number % JOURNAL_POINTS_APART == 1


def finished_after(writes: int) -> int | None:
    """Tell how many phases have finished after so many writes of the document."""
    return None if writes in (0, WRITES[-1]) else (writes - 1) // 2


def check_kill(kill: Kill, checkout: Checkout, undisturbed: Story) -> None:
    """Kill the test in its first run; the second one goes on."""
    killed = kill.run(checkout)
    again = checkout.run()
    check_goes_on(again, kill.finished)
    check_result(again, undisturbed)
    if kill.finished is not None:
        assert len(files_asked_again(killed, again)) <= CALLS_IN_FLIGHT
    assert (PASSED in again.text) == kill.passed


def files_asked_again(*outcomes: Outcome) -> list[str]:
    """Name the files for which several runs have asked, one name for each time."""
    calls = [call for outcome in outcomes for call in outcome.calls if call["target"]]
    asked = served(calls)
    return [*(asked - Counter(dict.fromkeys(asked, 1))).elements()]


def check_goes_on(outcome: Outcome, finished: int | None) -> None:
    """Check that a run begins where the one before it was killed."""
    restored = list(PHASES[: finished or 0])
    assert outcome.starts_over == (finished is None), outcome.text
    assert outcome.restored == restored, outcome.text
    assert not set(outcome.asked) & set(restored)
    if finished is not None and finished < len(PHASES):
        assert f"▶️  Resuming from phase: {PHASES[finished]}\n" in outcome.text


def check_result(outcome: Outcome, undisturbed: Story) -> None:
    """Check that a run passed, with the result of an undisturbed one."""
    assert outcome.code == 0, outcome.text
    assert outcome.digest == undisturbed.outcome.digest
