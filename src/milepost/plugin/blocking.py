"""Was a test skipped because others had failed before it, or had not run."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from milepost.phases.scoped import DONE
from milepost.plugin.scope import Scope, node_of
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
    """Tell whether the test's own marks had it skipped: they give the same reason."""
    reason = getattr(skipped, "wasxfail", None)
    if reason is not None:
        bare = reason.removeprefix("reason: ").removeprefix("[NOTRUN] ")
        marks = item.iter_markers("xfail")
        return any(mark.kwargs.get("reason", "") == bare for mark in marks)
    if not isinstance(skipped.longrepr, tuple):
        return False
    said = skipped.longrepr[2].removeprefix("Skipped: ")
    return any(said == reason for reason in _skip_reasons(item)) or (
        said.startswith("condition: ") and item.get_closest_marker("skipif") is not None
    )


def _skip_reasons(item: pytest.Item) -> Iterator[str]:
    for mark in item.iter_markers("skip"):
        default = mark.args[0] if mark.args else "unconditional skip"
        yield str(mark.kwargs.get("reason", default))
    for mark in item.iter_markers("skipif"):
        if "reason" in mark.kwargs:
            yield str(mark.kwargs["reason"])
    for each in item.listchain():  # unittest's decorators
        found = getattr(each, "obj", None)
        if getattr(found, "__unittest_skip__", False):
            yield str(getattr(found, "__unittest_skip_why__", ""))


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
