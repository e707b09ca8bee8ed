"""Was a test skipped because others had failed before it, or had not run."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from milepost.plugin.scope import DONE, Scope, node_of
from milepost.plugin.seen import SeenReports


def is_blocked(
    scope: Scope, item: pytest.Item, seen: SeenReports, members: Callable[[], set[str]]
) -> bool:
    """Tell whether a skipped test has not had its turn.

    It was skipped at its set-up by something else than its own marks, and a test failed
    before it or did not run in this process: that is how plugins and recipes for ordered
    tests treat what comes after a failure.

    Args:
        scope: One of its scopes.
        item: The test.
        seen: How it was reported, and how the tests before it ended.
        members: Names all tests of the scope.
    """
    skipped = seen.skip_at_setup()
    if skipped is None or _is_by_mark(item, skipped):
        return False
    return (
        any(_is_near(scope, item, other) for other in _failed(seen))
        or _misses_earlier(scope, item, seen)
        or _is_part(scope, item, members)
    )


def _is_by_mark(item: pytest.Item, skipped: pytest.TestReport) -> bool:
    """Tell whether the test's own marks had it skipped: that is said of its own line."""
    reason = getattr(skipped, "wasxfail", None)
    if reason is not None:
        bare = reason.removeprefix("reason: ").removeprefix("[NOTRUN] ")
        return any(mark.kwargs.get("reason", "") == bare for mark in _xfails(item))
    if not isinstance(skipped.longrepr, tuple):
        return False
    path, line, _ = skipped.longrepr
    own_path, own_line, _ = item.reportinfo()
    return os.fspath(path) == os.fspath(own_path) and line == (own_line or 0) + 1


def _xfails(item: pytest.Item) -> list[pytest.Mark]:
    return list(item.iter_markers("xfail"))


def _failed(seen: SeenReports) -> list[pytest.Item]:
    return [item for item, outcome in seen.ended.items() if outcome not in DONE]


def _is_near(scope: Scope, item: pytest.Item, other: pytest.Item) -> bool:
    """Tell whether another test is of the same scope or file, where order is kept."""
    own_file = node_of("module", item)
    is_of_scope = scope.holds(other) and scope.counts(other)
    return is_of_scope or node_of("module", other).nodeid == own_file.nodeid


def _misses_earlier(scope: Scope, item: pytest.Item, seen: SeenReports) -> bool:
    """Tell whether a test before it runs in another process."""
    items: list[Any] = item.session.items
    earlier = items[: items.index(item)]
    own = [each for each in earlier if scope.holds(each) and scope.counts(each)]
    return any(each not in seen.ended for each in own)


def _is_part(scope: Scope, item: pytest.Item, members: Callable[[], set[str]]) -> bool:
    """Tell whether this run was asked for a part of the scope only."""
    chosen = {scope.name_of(each) for each in item.session.items if scope.holds(each)}
    try:
        return bool(members() - chosen)
    except Exception:  # noqa: BLE001 - collecting runs the users' hooks
        return True
