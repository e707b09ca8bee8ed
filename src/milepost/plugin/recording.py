"""Tests whose calls are recorded, whether they have phases or not.

What a test remembers waits from its set-up on; there is a run, with a checkpoint, when
something is recorded. A test that asks by its marker, and has no phases, has its run at
once.
"""

import pytest

from milepost.plugin.asking import kinds_asked_for, recording_asked, requests_phases
from milepost.plugin.own_runs import identity_run
from milepost.plugin.state import all_runs, scopes_key, waiting_key


def begin(item: pytest.Item) -> None:
    """Have a test's calls recorded, where that is asked for.

    Args:
        item: The test, which is about to be set up.

    Raises:
        MilepostError: It cannot run.
    """
    __tracebackhide__ = True
    end(item)
    for run in all_runs(item):  # a plugin reruns the test: that is another run
        run.fixtures_gone = True
    asked_by = recording_asked(item)
    if asked_by and not kinds_asked_for(item):
        from milepost.plugin.waiting import Waiting  # noqa: PLC0415 - only if used

        item.stash[waiting_key] = Waiting(item)
        item.stash[waiting_key].begin()
        if asked_by == "marker" and not requests_phases(item):
            identity_run(item, is_set_up=False)
    elif not asked_by and _is_in_recorded_scope(item):
        from milepost.plugin.nobody import Nobody  # noqa: PLC0415 - only if used

        item.stash[waiting_key] = Nobody(item)
        item.stash[waiting_key].begin()


def _is_in_recorded_scope(item: pytest.Item) -> bool:
    """Tell whether calls of a test would belong to others, who share a checkpoint."""
    if scopes_key not in item.config.stash or kinds_asked_for(item):
        return False
    scopes = item.config.stash[scopes_key].of(item)
    runs = [scope.run for scope in scopes if scope.is_open]
    return any(run is not None and run.plan.record for run in runs)


def end(item: pytest.Item) -> None:
    """End what ``begin`` began, unless a run has taken it over.

    Args:
        item: The test.
    """
    waiting = item.stash.get(waiting_key, None)
    if waiting is not None:
        waiting.end()
        del item.stash[waiting_key]
