"""What milepost holds for a pytest session: made when the first test asks."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from milepost.plugin.asking import asks, description
from milepost.plugin.options import is_worker
from milepost.plugin.seen import SeenReports

if TYPE_CHECKING:
    from milepost.phases.run import Run
    from milepost.plugin.nobody import Nobody
    from milepost.plugin.scopes import Scopes
    from milepost.plugin.waiting import Waiting
    from milepost.session import CollectedTest, Session

session_key: pytest.StashKey["Session"] = pytest.StashKey()
test_key: pytest.StashKey["CollectedTest"] = pytest.StashKey()
scopes_key: pytest.StashKey["Scopes"] = pytest.StashKey()
runs_key: pytest.StashKey[list["Run"]] = pytest.StashKey()  # of the phases
identity_runs_key: pytest.StashKey[list["Run"]] = pytest.StashKey()
waiting_key: pytest.StashKey["Waiting | Nobody"] = pytest.StashKey()
around_key: pytest.StashKey[ExitStack] = pytest.StashKey()  # of the test that runs
seen_key: pytest.StashKey[SeenReports] = pytest.StashKey()


def session_of(config: pytest.Config) -> "Session":
    """Give the session's state."""
    if session_key not in config.stash:
        from milepost.errors import InvalidSettingError  # noqa: PLC0415 - only if used
        from milepost.session import Session  # noqa: PLC0415 - only if used

        try:
            made = Session(config.getoption, config.getini, config.inipath)
        except InvalidSettingError as error:
            raise pytest.UsageError(str(error)) from None
        config.stash[session_key] = made
    return config.stash[session_key]


def scopes_of(config: pytest.Config) -> "Scopes":
    """Give the scopes that have a checkpoint of their own."""
    if scopes_key not in config.stash:
        from milepost.plugin.scopes import Scopes  # noqa: PLC0415 - only if used

        config.stash[scopes_key] = Scopes(
            session_of(config),
            is_worker=is_worker(config),
            seen=config.stash[seen_key],
        )
    return config.stash[scopes_key]


def collected(item: pytest.Item) -> "CollectedTest":
    """Describe a test that asks; the same object for the whole session."""
    from milepost.session import CollectedTest  # noqa: PLC0415 - only if used

    if test_key not in item.stash:
        item.stash[test_key] = CollectedTest(**description(item))
    return item.stash[test_key]


def all_runs(item: pytest.Item) -> list["Run"]:
    """Give every run of a test's own; the last one is that of its phases."""
    found = [*item.stash.get(identity_runs_key, []), *item.stash.get(runs_key, [])]
    return list({id(run): run for run in reversed(found)}.values())[::-1]


def tests_of(config: pytest.Config, items: list[pytest.Item]) -> list["CollectedTest"]:
    """Describe what has a checkpoint: tests that ask, and the scopes that they ask for."""
    asking = [item for item in items if asks(item)]
    if not asking:
        return []
    tests = [collected(item) for item in asking if asks(item, own=True)]
    return [*tests, *scopes_of(config).asked_for(asking)]


def refuse(config: pytest.Config, error: Any, tests: list["CollectedTest"]) -> None:
    """Stop with a usage error; in a worker, where that is an internal error, at set-up.

    Args:
        config: The session's configuration.
        error: What is wrong.
        tests: Those that cannot run for it.
    """
    if not is_worker(config):
        raise pytest.UsageError(str(error))
    for test in tests:
        test.error = error
