"""The untouched pipeline breaks, begins again at discovery, and buys what is missing."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from examples.mge_v2.stand_in import StandIn
from tests.e2e.checkout import ROOT, UNTOUCHED, Checkout, Outcome
from tests.e2e.conftest import ATTEMPTS, BREAKING_CALL, Story
from tests.e2e.shortened import served

BROKEN_FILE = "app/api/tasks.py"
ASKED = 2 + 33


@pytest.fixture
def untouched(tmp_path: Path, stand_in: StandIn) -> Checkout:
    """Give a checkout of the untouched pipeline's test in which nothing has run."""
    return Checkout(tmp_path / "checkout", stand_in, UNTOUCHED)


def streams(outcome: Outcome) -> int:
    """Count how often the pipeline began at discovery."""
    return len(re.findall("▶️  The stream begins", outcome.text))


def test_the_pipeline_knows_nothing_of_milepost() -> None:
    """What is remembered is remembered below a pipeline that never imports milepost."""
    program = "import sys, examples.mge_v2.generator; print('milepost' in sys.modules)"
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "False"


def test_a_retry_that_begins_at_discovery_costs_the_missing_calls(
    untouched: Checkout, stand_in: StandIn, undisturbed: Story
) -> None:
    """After a failure in code generation all begins anew, and one call is repeated."""
    stand_in.fault("reset", match=f"Target file: {BROKEN_FILE}")

    outcome = untouched.run()

    assert outcome.code == 0, outcome.text
    assert streams(outcome) == 2
    asked = served(outcome.calls)
    assert len(asked) == ASKED
    assert asked - Counter(dict.fromkeys(asked, 1)) == {BROKEN_FILE: 1}
    assert outcome.digest == undisturbed.outcome.digest


def test_a_run_that_begins_at_discovery_costs_the_missing_calls(
    untouched: Checkout, stand_in: StandIn, undisturbed: Story
) -> None:
    """When the retries are used up, the next process pays for what was not answered."""
    stand_in.fault("reset", match=BREAKING_CALL, times=ATTEMPTS)

    broke = untouched.run()
    again = untouched.run()

    assert broke.code == 1, broke.text
    assert streams(broke) == ATTEMPTS
    assert again.code == 0, again.text
    assert streams(again) == 1
    answered = served([call for call in broke.calls if call["completed"]])
    assert set(answered.values()) == {1}
    assert served(again.calls) == Counter(dict.fromkeys(served(again.calls), 1))
    assert not set(answered) & set(served(again.calls))
    assert len(answered) + len(again.calls) == ASKED
    assert again.digest == undisturbed.outcome.digest
