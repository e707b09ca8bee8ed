"""Classes, modules and the session: scopes that have a checkpoint of their own.

Every test of a scope stays a test of its own; only the work inside is restored. The
checkpoint goes when the last of the run's tests of the scope is over and all tests that
the scope's node collects without any selection have passed or were skipped, in whichever
run: how each ended last is kept in the document.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import pytest

from milepost import report
from milepost.errors import HeldError, MilepostError, OtherWorkerError
from milepost.phases.run import Run
from milepost.phases.scoped import record_tests, tests_of
from milepost.plugin.asking import kinds_asked_for
from milepost.plugin.blocking import is_blocked
from milepost.plugin.members import members_of
from milepost.plugin.scope import KINDS, Scope, are_ungrouped, describe, node_of
from milepost.plugin.seen import SeenReports
from milepost.session import CollectedTest, Session
from milepost.words import INTERRUPTED


class Scopes:
    """The scopes of a session, as far as tests ask for their checkpoints.

    Args:
        session: Milepost's state of the session.
        is_worker: Whether other processes run tests of the same session.
        seen: How the tests ended that are over already, and which one runs.

    Attributes:
        records: By its name for people what a scope's run did, and whether its
            checkpoint went.
    """

    def __init__(self, session: Session, *, is_worker: bool, seen: SeenReports) -> None:
        self.records: dict[str, tuple[dict[str, Any], bool]] = {}
        self._session = session
        self._is_worker = is_worker
        self._seen = seen
        self._known: dict[tuple[str, str], Scope] = {}
        self._items: dict[pytest.Item, None] = {}

    def collected(self, items: Iterable[pytest.Item]) -> None:
        """See all tests, before any of them is deselected."""
        self._items.update(dict.fromkeys(items))

    def join(self, items: Iterable[pytest.Item]) -> None:
        """Find the scopes of tests of which none that runs asks for the checkpoint.

        How they end counts, too.
        """
        if self._session.mode not in ("resume", "offline"):
            return
        places = {
            (kind, node_of(kind, item).nodeid): item
            for item in items
            for kind in ("class", "module")
        }
        for place, item in places.items():
            if place not in self._known and self._session.peek(describe(place[0], item)):
                self._get(place[0], item)

    def asked_for(self, items: Iterable[pytest.Item]) -> list[CollectedTest]:
        """Describe the checkpoints of the scopes that tests ask for."""
        asked = [self._get(kind, item) for item in items for kind in kinds_asked_for(item)]
        return [scope.test for scope in dict.fromkeys(asked)]

    def asked_by(self, item: pytest.Item) -> list[CollectedTest]:
        """Describe the checkpoints of the scopes that a test asks for."""
        return self.asked_for([item])

    def _get(self, kind: str, item: pytest.Item) -> Scope:
        node = node_of(kind, item)
        place = (kind, node.nodeid)
        if place not in self._known:
            test = describe(kind, item)
            root = self._session.settings_for(test.file).root
            self._known[place] = Scope(kind=kind, node=node, test=test, root=root)
        return self._known[place]

    def of(self, item: pytest.Item) -> list[Scope]:
        """Give the scopes with a checkpoint that a test belongs to."""
        found = [self._known.get((kind, node_of(kind, item).nodeid)) for kind in KINDS]
        return [scope for scope in found if scope]

    def starts(self, item: pytest.Item) -> None:
        """See that a test starts: what its scopes did before is not its doing."""
        for scope in self.of(item):
            scope.told = scope.run.record.to_dict(whole=True) if scope.run else {}

    def open(self, kind: str, node: Any, items: Sequence[pytest.Item]) -> Run:
        """Give the run on a scope's checkpoint.

        Args:
            kind: ``class``, ``module`` or ``session``.
            node: Its node.
            items: All tests that the session runs.

        Raises:
            OtherWorkerError: Another worker runs tests of the scope.
            MilepostError: It cannot run.
        """
        __tracebackhide__ = True
        asking = self._seen.item or next(i for i in items if node in i.listchain())
        scope = self._get(kind, asking)
        if scope.run is None or scope.run.closed:
            is_late = kind not in kinds_asked_for(asking)
            if not scope.is_begun or (is_late and not scope.is_wide):
                scope.is_wide |= is_late
                self._begin(scope, items)
            scope.run, scope.told = self._open_run(scope, items), {}
            scope.run.plan.tests = self._awaited(scope)
        return scope.run

    def _begin(self, scope: Scope, items: Sequence[pytest.Item]) -> None:
        self.collected(items)
        scope.is_begun = True
        own = [item for item in items if scope.holds(item) and scope.counts(item)]
        ended = self._seen.ended
        scope.remaining = {item for item in own if item not in ended}
        scope.outcomes = {scope.name_of(i): ended[i] for i in own if i in ended}

    def _open_run(self, scope: Scope, items: Sequence[pytest.Item]) -> Run:
        __tracebackhide__ = True
        try:
            return self._session.open_run(scope.test, waits=not self._is_worker)
        except HeldError as error:
            if not self._is_worker:
                raise
            kind = "ungrouped" if are_ungrouped(items) else scope.kept_together_by
            raise OtherWorkerError(scope.test.name, kind, error.why) from None

    def _awaited(self, scope: Scope) -> dict[str, str]:
        """Name the tests that a later run may not collect, and has to wait for."""
        if scope.kind != "session":
            return {}
        counted = [item for item in self._items if scope.counts(item)]
        return dict.fromkeys(map(scope.name_of, counted), "pending")

    def over(self, item: pytest.Item, outcome: str, *, is_last: bool = False) -> None:
        """Record how a test ended; after the last of a scope, its checkpoint may go.

        Args:
            item: The test.
            outcome: ``passed``, ``failed``, ``skipped`` or ``interrupted``.
            is_last: Whether no test follows, so that all fixtures were torn down.
        """
        scopes = self.of(item)
        for scope in scopes:
            if not scope.is_begun:
                self._begin(scope, item.session.items)
            if scope.counts(item):
                blocked = outcome == "skipped" and self._is_blocked(scope, item)
                scope.outcomes[scope.name_of(item)] = "blocked" if blocked else outcome
            elif is_last and self._seen.teardown_failed():
                scope.broken = item.nodeid
        for scope in scopes:
            self._go_on(scope, item, outcome)

    def _go_on(self, scope: Scope, item: pytest.Item, outcome: str) -> None:
        """Record what is known now; settle where no test of the scope is left."""
        scope.remaining.discard(item)
        if scope.run is None and not scope.remaining:
            self._open_to_record(scope)
        if scope.run and scope.is_open:
            record_tests(scope.run, scope.outcomes)
            # Any later test may still ask for a session's checkpoint as it runs.
            if not scope.remaining and scope.kind != "session":
                self._settle(scope, scope.run, outcome)

    def _open_to_record(self, scope: Scope) -> None:
        """Open the run of a scope of which no test that ran has asked for anything."""
        begins_again = self._session.mode not in ("resume", "offline")
        if scope.kind == "session" or begins_again or self._session.drop_from:
            return
        if self._session.peek(scope.test):
            with suppress(MilepostError):  # somebody else runs it, or it cannot be read
                scope.run = self._session.open_run(scope.test, waits=False)
                scope.told = {}

    def _is_blocked(self, scope: Scope, item: pytest.Item) -> bool:
        return is_blocked(scope, item, self._seen, lambda: self._members(scope, {}))

    def _members(self, scope: Scope, recorded: dict[str, str]) -> set[str]:
        modules = [node_of("module", item) for item in self._items]
        once = {module.nodeid: module for module in modules}
        return members_of(scope, list(once.values()), recorded)

    def _settle(self, scope: Scope, run: Run, outcome: str) -> None:
        if outcome == INTERRUPTED:
            self._close(scope, INTERRUPTED)
            return
        left = self._left(scope, run)
        if left:
            run.record.notes.append(left)
        self._close(scope, "failed" if left else "passed")

    def _left(self, scope: Scope, run: Run) -> str:
        """Say for people what has yet to go well; nothing where all has."""
        if scope.broken:
            return report.teardown_failed(scope.broken)
        try:
            members = self._members(scope, tests_of(run)) | set(scope.outcomes)
        except Exception as error:  # noqa: BLE001 - collecting runs the users' hooks
            return report.members_unknown(f"{type(error).__name__}: {error}")
        told = {**tests_of(run), **scope.outcomes}
        ended = {name: told.get(name, "pending") for name in sorted(members)}
        left = report.members_left(ended)
        if left and scope.kind == "session":  # the next run may not collect them
            record_tests(run, {**ended, **scope.outcomes})
        return left

    def _close(self, scope: Scope, outcome: str) -> None:
        run = scope.run
        if run is None or run.settled:
            return
        run.close(INTERRUPTED if run.stopped and outcome == "failed" else outcome)
        if run.record.events or run.record.notes:
            record = run.record.to_dict(whole=True)
            self.records[scope.label] = (record, outcome == "passed")

    def close(self, outcome: str, *, may_pass: bool = True) -> None:
        """End the runs that are left, when no test will run any more.

        Args:
            outcome: ``failed`` or ``interrupted``, for scopes whose tests did not all
                run.
            may_pass: Whether all fixtures were torn down without an error.
        """
        for scope in self._known.values():
            if scope.run is None and scope.outcomes:
                self._open_to_record(scope)
                if scope.run:
                    record_tests(scope.run, scope.outcomes)
            if may_pass and scope.run and scope.is_open and not scope.remaining:
                self._settle(scope, scope.run, outcome)
            self._close(scope, outcome)
