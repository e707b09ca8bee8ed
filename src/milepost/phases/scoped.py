"""How the tests of a scope ended, as its document keeps it over runs."""

from collections.abc import Mapping
from typing import Final

from milepost.errors import MilepostError
from milepost.phases.run import Run
from milepost.stores.signals import deferred_signals

DONE: Final = frozenset({"passed", "skipped"})


def tests_of(run: Run) -> dict[str, str]:
    """Tell how the tests of a scope ended last, by name."""
    checkpoint = run.checkpoint
    recorded = checkpoint.milepost.get("tests", {}) if checkpoint else {}
    return {name: str(outcome) for name, outcome in recorded.items()}


def record_tests(run: Run, outcomes: Mapping[str, str]) -> None:
    """Record how tests of a scope ended; nothing where there is no document yet.

    A test that is done is written with whatever is written next: if that gets lost, the
    checkpoint waits for a test too many.

    Args:
        run: The run on the scope's checkpoint.
        outcomes: By the tests' names.
    """
    known = tests_of(run)
    told = {**run.plan.tests, **known, **outcomes}
    if run.checkpoint is None or known == told:
        return
    news = {name: outcome for name, outcome in told.items() if known.get(name) != outcome}
    try:
        with run.lock, deferred_signals():
            run.checkpoint.milepost["tests"] = told
            run.is_changed = True
            if not DONE.issuperset(news.values()):
                run.save()
    except MilepostError as error:
        if str(error) not in run.record.notes:
            run.record.notes.append(str(error))
