"""What breaks at the model is mended within the run."""

import re

import pytest

from examples.mge_v2.stand_in import StandIn
from tests.e2e.checkout import Checkout, Outcome
from tests.e2e.conftest import Story

DISCOVERY, MASTERPLAN, TASK = "Phase: discovery", "Phase: masterplan", "Task: 28 of 33"
RETRY_AFTER = 1.0
# The longest silence that a client bears; a machine under load answers well before.
TIMEOUT_SECONDS = "3"


def test_every_fault_is_retried_in_the_same_run(
    checkout: Checkout, stand_in: StandIn, undisturbed: Story
) -> None:
    """A run that meets every fault of the model once passes, with the same result."""
    stand_in.fault("rate_limit", match=DISCOVERY, retry_after=RETRY_AFTER)
    stand_in.fault("hang", match=DISCOVERY)
    stand_in.fault("truncate", match=MASTERPLAN)
    stand_in.fault("reset_body", match=MASTERPLAN)
    stand_in.fault("overloaded", match=TASK)

    outcome = checkout.run(MGE_TIMEOUT_SECONDS=TIMEOUT_SECONDS)

    assert outcome.code == 0, outcome.text
    assert outcome.digest == undisturbed.outcome.digest
    broke = outcomes(outcome, "discovery", "masterplan")
    assert broke == ["rate_limit", "hang", "answered", "truncate", "reset_body", "answered"]
    assert waits(outcome.text)[0] >= RETRY_AFTER


@pytest.mark.torture
@pytest.mark.parametrize("match", [DISCOVERY, MASTERPLAN, TASK])
@pytest.mark.parametrize(
    "kind", ["reset", "reset_body", "truncate", "rate_limit", "overloaded", "hang"]
)
def test_each_fault_is_retried_in_each_phase(
    kind: str, match: str, checkout: Checkout, stand_in: StandIn, undisturbed: Story
) -> None:
    """Three failures in a row of any kind, in any phase, cost no more than a wait."""
    stand_in.fault(kind, match=match, times=3, retry_after=RETRY_AFTER)

    outcome = checkout.run(MGE_TIMEOUT_SECONDS=TIMEOUT_SECONDS)

    assert outcome.code == 0, outcome.text
    assert len(waits(outcome.text)) == 3
    assert outcome.digest == undisturbed.outcome.digest


def outcomes(outcome: Outcome, *phases: str) -> list[str]:
    """Tell how the calls of some phases ended, in their order."""
    return [call["outcome"] for call in outcome.calls if call["phase"] in phases]


def waits(text: str) -> list[float]:
    """Give the announced waits between attempts, in seconds."""
    return [float(seconds) for seconds in re.findall(r"⏳ Retrying in ([\d.]+)s", text)]
