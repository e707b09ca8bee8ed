"""The tests of a scope, as its own node collects them, without any selection."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from milepost.phases.scoped import DONE
from milepost.plugin.scope import Scope


def members_of(
    scope: Scope, modules: Iterable[Any], recorded: Mapping[str, str]
) -> set[str]:
    """Name the tests that have to pass before a scope's checkpoint goes.

    Args:
        scope: The scope.
        modules: The modules of all tests that the session collected.
        recorded: How tests of the scope ended in earlier runs, by their names.

    Returns:
        Their names, as the document has them.
    """
    if scope.kind == "session":
        return _of_session(scope, list(modules), recorded)
    if isinstance(scope.node, pytest.Item):
        return {scope.name_of(scope.node)}
    return {scope.name_of(item) for item in _collect(scope.node)}


def _of_session(scope: Scope, modules: list[Any], recorded: Mapping[str, str]) -> set[str]:
    """A session's tests that ask, and those that have failed in earlier runs.

    They may be in files not collected, or have asked as they ran.
    """
    items = [item for module in modules for item in _collect(module)]
    names = {scope.name_of(item) for item in items}
    here = {_file(name) for name in names}
    earlier = {
        name
        for name, outcome in recorded.items()
        if outcome not in DONE and _is_there(scope, name) and _file(name) not in here
    }
    open_here = {n for n in names if recorded.get(n, "passed") not in DONE}
    return {scope.name_of(i) for i in items if scope.counts(i)} | earlier | open_here


def _file(name: str) -> str:
    return name.partition("::")[0]


def _is_there(scope: Scope, name: str) -> bool:
    return (scope.root / _file(name)).exists()


def _collect(node: Any) -> Iterator[pytest.Item]:
    """Collect a node again; what a run selects of it is chosen elsewhere."""
    if isinstance(node, pytest.Item):
        yield node
        return
    for each in node.collect():
        yield from _collect(each)
