"""The runs of a test that works on a checkpoint of its own."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from milepost.plugin.state import (
    all_runs,
    collected,
    identity_runs_key,
    runs_key,
    session_of,
    waiting_key,
)

if TYPE_CHECKING:
    from milepost.phases.run import Run


def runs_of(
    item: pytest.Item, addfinalizer: Callable[[Callable[[], object]], None]
) -> list["Run"]:
    """Give the open run of a test's phases as a list; empty where it has to be opened.

    A plugin that reruns tests sets the fixtures up again: that is another run.

    Args:
        item: The test.
        addfinalizer: Of the request or of the test.
    """
    _leave_with(addfinalizer, item)
    return _still_open(item, runs_key)


def _still_open(item: pytest.Item, key: "pytest.StashKey[list[Run]]") -> list["Run"]:
    runs = item.stash.setdefault(key, [])
    for run in [run for run in runs if run.fixtures_gone]:
        run.close("failed")
        runs.remove(run)
    return runs


def _leave_with(
    addfinalizer: Callable[[Callable[[], object]], None], item: pytest.Item
) -> None:
    """Have a test's runs know when its fixtures are torn down."""

    def leave() -> None:
        for run in all_runs(item):
            run.fixtures_gone = True

    addfinalizer(leave)


def identity_run(item: pytest.Item, *, is_set_up: bool = True) -> "Run":
    """Give the run on the checkpoint of a test's identity; it is opened when needed.

    Args:
        item: The test, which is being set up or runs.
        is_set_up: Whether finalizers can be added to it.

    Raises:
        MilepostError: It cannot run.
    """
    __tracebackhide__ = True
    waiting = item.stash.get(waiting_key, None)
    with waiting.lock if waiting else nullcontext():
        runs = _still_open(item, identity_runs_key)
        if not runs:
            runs.append(
                waiting.open_run()
                if waiting
                else session_of(item.config).open_run(collected(item))
            )
            if is_set_up:
                _leave_with(item.addfinalizer, item)
    return runs[-1]
