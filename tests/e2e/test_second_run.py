"""What the second run of the end-to-end test pays for, and what it does not."""

from pathlib import Path

import pytest

from examples.mge_v2.phases import PHASES
from examples.mge_v2.stand_in import StandIn
from tests.e2e.checkout import FILE
from tests.e2e.conftest import ATTEMPTS, Story
from tests.e2e.shortened import served

LLM_PHASES = ["code_generation", "discovery", "masterplan"]
BODY = "return await phases.code_generation(_plan(), DATABASE_URL)"


def test_the_second_run_goes_on_where_retries_were_used_up(
    broken: Story, continued: Story, undisturbed: Story
) -> None:
    """After four failed attempts a moved checkout passes; each answer was paid once."""
    first, second = broken.outcome, continued.outcome
    answered = served([call for call in first.calls if call["completed"]])

    assert first.text.count("▶️  Starting phase: code_generation") == ATTEMPTS
    assert second.code == 0, second.text
    assert second.restored == ["discovery", "masterplan"]
    assert second.asked == ["code_generation"]
    assert answered + served(second.calls) == served(undisturbed.outcome.calls)
    assert second.digest == undisturbed.outcome.digest
    assert not continued.checkout.documents()


def test_removing_the_file_starts_over(
    broken: Story, stand_in: StandIn, undisturbed: Story, tmp_path: Path
) -> None:
    """After ``rm checkpoint_*.json`` nothing of the broken run is used."""
    checkout = broken.checkout.move_to(tmp_path / "moved")
    for document in checkout.documents():
        document.unlink()

    again = checkout.run()

    assert again.code == 0, again.text
    assert again.starts_over
    assert again.asked == LLM_PHASES
    assert again.digest == undisturbed.outcome.digest


@pytest.mark.parametrize(
    ("name", "old", "new", "starts", "asks"),
    [
        (FILE, BODY, f"# what costs most\n    {BODY}", [], []),
        (FILE, BODY, f"plan = _plan()\n    {BODY}", ["code_generation"], []),
        (
            "examples/mge_v2/files.py",
            "source = read_source(answer.text, question.prompt.label)",
            "label = question.prompt.label\n    source = read_source(answer.text, label)",
            ["code_generation"],
            ["code_generation"],
        ),
        (
            "examples/mge_v2/prompts.py",
            "Find the domain model behind the request.",
            "Find the domain model within the request.",
            ["discovery"],
            ["discovery"],
        ),
    ],
    ids=["a comment", "the body of a phase", "the body of a step", "a prompt of a phase"],
)
def test_an_edit_runs_again_what_depends_on_it(
    name: str,
    old: str,
    new: str,
    starts: list[str],
    asks: list[str],
    finished: Story,
    stand_in: StandIn,
    undisturbed: Story,
    tmp_path: Path,
) -> None:
    """An edit between two runs costs the steps and phases whose code it changed."""
    checkout = finished.checkout.move_to(tmp_path / "moved")
    checkout.edit(name, old, new)

    again = checkout.run()

    assert again.code == 0, again.text
    assert again.started == starts
    assert again.asked == asks
    assert again.restored == [phase for phase in PHASES if phase not in starts]
    assert again.digest == undisturbed.outcome.digest
