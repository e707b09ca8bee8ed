"""What a test's report says of its phases, and what follows from them for the session."""

import json
from typing import TYPE_CHECKING

import pytest

from milepost.plugin.state import scopes_key, seen_key, waiting_key
from milepost.words import FAILED, PROPERTY

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

    def before(self, call: "pytest.CallInfo[None]") -> None:
        """See a part of the test end: its report is not made yet.

        Args:
            call: How its set-up, its call or its teardown went.
        """
        if call.excinfo and self._run:
            self._note_error(call.excinfo.value, self._run)
        if call.when == "teardown":
            self._end_phases(self._item.config.stash[seen_key].timeout())
            self._look_back()
        for run in self._runs:
            if run.stopped and run.stops_session:
                self._item.session.shouldstop = f"milepost: {run.stopped}"
        self._set_properties()

    def _note_error(self, error: BaseException, run: "Run") -> None:
        from milepost.manager import describe_error  # noqa: PLC0415 - only for a failure
        from milepost.phases.outcomes import outcome_of  # noqa: PLC0415 - the same

        if outcome_of(error) == FAILED and not run.record.error:
            run.record.error = describe_error(error)

    def _look_back(self) -> None:
        """Tell failures that came again, and retries that were stacked."""
        if self._item.config.stash[seen_key].outcome() == "failed":
            from milepost.phases.repetition import repeated  # noqa: PLC0415 - see above

            for run in self._runs:
                run.record.repeated = repeated(run)
        for run in self._runs:
            if run.memory.sdk_retries:
                run.record.attempts = self._stacked(run)

    def _stacked(self, run: "Run") -> dict[str, int]:
        own = run.plan.retry.max_retries if run.record.events else 0
        tries = {"sdk": run.memory.sdk_retries, "phase": own, "reruns": reruns(self._item)}
        return {name: number for name, number in tries.items() if number}

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
        found = own.to_properties() if own and own.is_worth_telling else self._waiting()
        news = [scope.news for scope in self._scopes]
        found += [(f"{PROPERTY}.scope", json.dumps(each)) for each in news if each]
        self._item.user_properties[:] = [*others, *found]

    def _waiting(self) -> list[tuple[str, object]]:
        waiting = self._item.stash.get(waiting_key, None)
        return waiting.to_properties() if waiting else []

    def after(self, report: pytest.TestReport) -> None:
        """Fail a test that restored what it must not, or passed although it was stopped."""
        stopped = next((run.stopped for run in self._runs if run.stopped), "")
        if stopped and report.when == "call" and report.passed:
            report.outcome, report.longrepr = "failed", f"milepost: {stopped}"
        fresh = any(run.plan.requires_fresh for run in self._runs)
        if fresh and report.when == "call" and report.passed and self._restored:
            from milepost.errors import RestoredError  # noqa: PLC0415 - an error

            report.outcome = "failed"
            report.longrepr = str(RestoredError([e.phase for e in self._restored]))

    @property
    def _restored(self) -> list["PhaseEvent"]:
        own = self._run.record.restored if self._run else []
        return [*own, *(event for scope in self._scopes for event in scope.restored)]


def reruns(item: pytest.Item) -> int:
    """Tell how often pytest-rerunfailures may run a test again."""
    if not item.config.pluginmanager.hasplugin("rerunfailures"):
        return 0
    marker = item.get_closest_marker("flaky")
    if marker is None:
        return int(item.config.getoption("reruns", 0) or 0)
    given = marker.kwargs.get("reruns", marker.args[0] if marker.args else 1)
    return given if type(given) is int else 0


def _is_ours(name: str) -> bool:
    return name == PROPERTY or name.startswith(f"{PROPERTY}.")
