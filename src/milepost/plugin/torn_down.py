"""Fixtures that are torn down after a test has failed whose phases are kept.

What a kept value points to may go with them. Seen are functions that yield, and what
they hand to ``request.addfinalizer()``, in files of the project. Not seen are: finalizers
added through a node or another fixture's request, ``teardown_module()`` and its like,
``atexit``, and for wider scopes fixtures that a test requested while it ran.
"""

import inspect
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from milepost.events import RunRecord
from milepost.fingerprint.project import Project
from milepost.plugin.named import yields
from milepost.plugin.seen import SeenReports
from milepost.plugin.state import all_runs, scopes_of, seen_key, session_of

_NAME: Final = "milepost-torn-down"
_THEIRS: Final = ("_pytest", "pytest_asyncio", "anyio")


def watch(config: pytest.Config) -> None:
    """See fixtures be torn down, from now on.

    Args:
        config: The session's configuration.
    """
    if not config.pluginmanager.has_plugin(_NAME):
        config.pluginmanager.register(TornDown(config), _NAME)


def late_records(config: pytest.Config) -> dict[str, tuple[dict[str, Any], bool]]:
    """Give the records of tests that had ended when their fixtures were torn down.

    Args:
        config: The session's configuration.
    """
    plugin = config.pluginmanager.get_plugin(_NAME)
    records = config.stash[seen_key].records
    names = plugin.late if isinstance(plugin, TornDown) else ()
    return {name: records[name] for name in names if name in records}


class TornDown:
    """Sees which fixtures are torn down; registered as a plugin of its own.

    Args:
        config: The session's configuration.

    Attributes:
        late: By name the tests and scopes whose records have been told before.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.late: set[str] = set()
        self._config = config
        self._seen: SeenReports = config.stash[seen_key]
        self._failed: dict[pytest.Item, set[Any]] = {}
        self._with_finalizer: set[Any] = set()
        self._projects: dict[Path, Project] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, object, object]:
        """See whether a fixture's function has added a finalizer."""
        __tracebackhide__ = True
        result = yield
        if any(_is_users(each) for each in getattr(fixturedef, "_finalizers", ())):
            self._with_finalizer.add(fixturedef)
        return result

    def pytest_fixture_post_finalizer(
        self, fixturedef: Any, request: pytest.FixtureRequest
    ) -> None:
        """Note a fixture with every test that has failed and was given it."""
        result = fixturedef.cached_result
        if result is None or result[2] is not None:
            return  # it was never there
        if not self._has_teardown(fixturedef) or not self._is_ours(fixturedef, request):
            return
        self._with_finalizer.discard(fixturedef)
        item, scope = self._seen.item, fixturedef.scope
        label = fixturedef.argname + ("" if scope == "function" else f" ({scope})")
        has_failed = item is not None and self._seen.outcome() == "failed"
        if (
            item
            and has_failed
            and (scope == "function" or fixturedef in _definitions(item))
        ):
            self._note(item, label)
        for failed in [i for i, left in self._failed.items() if fixturedef in left]:
            self._failed[failed].remove(fixturedef)
            self._note(failed, label)

    def pytest_runtest_logfinish(self) -> None:
        """Remember what a test that has failed was given, and is still there."""
        item = self._seen.item
        if item is not None and self._seen.outcome() == "failed":
            self._failed[item] = {
                each
                for each in _definitions(item)
                if each.scope != "function" and each.cached_result is not None
            }

    def _has_teardown(self, definition: Any) -> bool:
        return yields(definition.func) or definition in self._with_finalizer

    def _is_ours(self, definition: Any, request: pytest.FixtureRequest) -> bool:
        """Tell whether a fixture is written in a file of the project."""
        plain = inspect.unwrap(getattr(definition.func, "__func__", definition.func))
        code = getattr(plain, "__code__", None)
        if code is None or str(plain.__module__).startswith("milepost."):
            return False
        item = self._seen.item
        root = (
            session_of(self._config)
            .settings_for(item.path if item else request.config.rootpath / "test")
            .root
        )
        project = self._projects.setdefault(root, Project(root))
        return project.own(code.co_filename) is not None

    def _note(self, item: pytest.Item, label: str) -> None:
        for name, record in self._kept(item):
            if label not in record.torn_down:
                record.torn_down.append(label)
            if item in self._failed and name in self._seen.records:
                self._seen.records[name][0]["torn_down"] = record.torn_down
                self.late.add(name)

    def _kept(self, item: pytest.Item) -> Iterator[tuple[str, RunRecord]]:
        """Give the record of the checkpoint in which phases of a test are kept."""
        own = [(item.nodeid, run.record) for run in all_runs(item)[-1:]]
        scopes = scopes_of(self._config).of(item)
        wider = [(each.label, each.run.record) for each in scopes if each.run]
        for name, record in [*own, *wider]:
            if any(event.kept for event in record.events):
                yield name, record
                return


def _definitions(item: pytest.Item) -> set[Any]:
    """Give the fixtures that a test is given."""
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return {definition for found in known.values() for definition in found}


def _is_users(finalizer: Any) -> bool:
    """Tell whether a finalizer is neither pytest's nor an event loop's."""
    home = getattr(getattr(finalizer, "func", finalizer), "__module__", "") or ""
    return home.partition(".")[0] not in _THEIRS
