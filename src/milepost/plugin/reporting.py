"""What a test's report says of its phases, and what follows from them for the session."""

import json
from typing import TYPE_CHECKING

import pytest

from milepost.plugin.state import scopes_key, seen_key
from milepost.words import PROPERTY

if TYPE_CHECKING:
    from milepost.events import PhaseEvent
    from milepost.phases.run import Run
    from milepost.plugin.scope import Scope


class Reporting:
    """The reports of one test that works on checkpoints.

    Args:
        item: The test.
        runs: The runs on its own checkpoint; the last one counts.
    """

    def __init__(self, item: pytest.Item, runs: list["Run"]) -> None:
        self._item = item
        self._run = runs[-1] if runs else None
        scopes = item.config.stash.get(scopes_key, None)
        found: list[Scope] = scopes.of(item) if scopes else []
        self._scopes = [scope for scope in found if scope.run]

    def before(self, when: str) -> None:
        """See a part of the test end: its report is not made yet.

        Args:
            when: ``setup``, ``call`` or ``teardown``.
        """
        if when == "teardown":
            self._end_phases(self._item.config.stash[seen_key].timeout())
        for run in self._runs:
            if run.stopped:
                self._item.session.shouldstop = f"milepost: {run.stopped}"
        self._set_properties()

    @property
    def _runs(self) -> list["Run"]:
        own = [self._run] if self._run else []
        return own + [scope.run for scope in self._scopes if scope.run]

    def _end_phases(self, timeout: str) -> None:
        if self._run:
            self._run.shut(timeout)
        for scope in self._scopes:
            if timeout and scope.run:
                scope.run.blame_timeout(timeout)

    def _set_properties(self) -> None:
        others = [each for each in self._item.user_properties if not _is_ours(each[0])]
        own = self._run.record if self._run else None
        found = own.to_properties() if own and own.is_worth_telling else []
        news = [scope.news for scope in self._scopes]
        found += [(f"{PROPERTY}.scope", json.dumps(each)) for each in news if each]
        self._item.user_properties[:] = [*others, *found]

    def after(self, report: pytest.TestReport) -> None:
        """Fail a test that restored anything, where that was forbidden."""
        fresh = any(run.plan.requires_fresh for run in self._runs)
        if fresh and report.when == "call" and report.passed and self._restored:
            from milepost.errors import RestoredError  # noqa: PLC0415 - an error

            report.outcome = "failed"
            report.longrepr = str(RestoredError([e.phase for e in self._restored]))

    @property
    def _restored(self) -> list["PhaseEvent"]:
        own = self._run.record.restored if self._run else []
        return [*own, *(event for scope in self._scopes for event in scope.restored)]


def _is_ours(name: str) -> bool:
    return name == PROPERTY or name.startswith(f"{PROPERTY}.")
