"""The budget of a session: one, in whichever processes its tests run."""

from pathlib import Path
from typing import Any

import pytest

from milepost.plugin.options import is_off, is_worker
from milepost.plugin.state import session_key, session_of

_PLACE = "milepost_purse"


def take_purse(config: pytest.Config) -> None:
    """Read the budget's option; in a worker, take what the controller has made."""
    if is_off(config) or config.getoption("milepost_budget") is None:
        return
    session = session_of(config)
    place = getattr(config, "workerinput", {}).get(_PLACE)
    if place:
        session.purse_at = Path(place)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand a worker the file that all of them share."""
    session = node.config.stash.get(session_key, None)
    purse = session.purse() if session else None
    if purse is not None:
        node.workerinput[_PLACE] = str(purse)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the file when the session is over."""
    session = config.stash.get(session_key, None)
    if session and session.purse_at and not is_worker(config):
        from milepost.stores.purse import remove_purse  # noqa: PLC0415 - only if used

        remove_purse(session.purse_at)
        session.purse_at = None
