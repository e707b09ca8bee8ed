"""The part of milepost doctor inside pytest: looks at what was collected, runs nothing.

Loaded in the doctor's child process only.
"""

import json
import os
from collections.abc import Collection, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from milepost import plugin
from milepost.doctor.collection import PLACE
from milepost.doctor.environment import look_around
from milepost.doctor.examination import Examination
from milepost.doctor.findings import Block
from milepost.errors import MilepostError
from milepost.plugin.state import session_of
from milepost.stores.handover import hand_over

# What would measure, distribute or choose; by the name of the option.
_NEUTRAL: Final[dict[str, Any]] = {
    "cov_source": None,
    "dist": "no",
    "numprocesses": None,
    "tx": [],
    "looponfail": False,
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "stepwise": False,
}
_uses_key: pytest.StashKey[dict[str, str]] = pytest.StashKey()
_found_key: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Load milepost itself where plugins are not loaded by themselves."""
    alone = bool(os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"))
    if alone and not pluginmanager.is_registered(plugin):
        # By the name of its module, so that nobody who names it loads it again.
        pluginmanager.register(plugin, plugin.__name__)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config,
) -> Generator[None, None, None]:
    """Keep other plugins from measuring and distributing."""
    _neutralise(early_config.known_args_namespace)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Keep other plugins from choosing tests."""
    config.stash[_uses_key] = _uses(config)
    _neutralise(config.option)


def _uses(config: pytest.Config) -> dict[str, str]:
    """Tell what the options make of the plugins that interfere."""
    option = config.option
    bound = getattr(option, "timeout", None) or _ini(config, "timeout")
    method = getattr(option, "timeout_method", None) or _ini(config, "timeout_method")
    distributes = getattr(option, "numprocesses", None) or getattr(option, "tx", None)
    dist = str(getattr(option, "dist", "no"))
    return {
        "dist": (dist if dist != "no" else "load") if distributes else "no",
        "timeout_method": str(method or "signal") if bound else "",
        "rerunfailures": str(
            getattr(option, "reruns", None) or _ini(config, "reruns") or ""
        ),
        "forked": "yes" if getattr(option, "forked", False) else "",
        "flaky": "yes" if getattr(option, "force_flaky", False) else "",
    }


def _neutralise(options: Any) -> None:
    for name, value in _NEUTRAL.items():
        if hasattr(options, name):
            setattr(options, name, value)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Look at all tests, before any of them is deselected or moved."""
    if not items:
        return (yield)
    session = session_of(config)
    examination = Examination(session, list(items), config.args)
    tests = examination.blocks()
    config.stash[_found_key] = {
        "tests": [block.to_dict() for block in tests],
        "environment": _environment(config, items, examination.kinds).to_dict(),
        "silent": examination.silent,
    }
    return (yield)


def _environment(
    config: pytest.Config, items: list[pytest.Item], kinds: Collection[str]
) -> Block:
    settings, error = None, None
    try:
        settings = session_of(config).settings_for(items[0].path)
    except MilepostError as found:
        error = found
    plugins = {name for name, _ in config.pluginmanager.list_name_plugin()}
    uses = config.stash[_uses_key]
    if any(item.get_closest_marker("flaky") for item in items):
        uses["rerunfailures" if "rerunfailures" in plugins else "flaky"] = "marked"
    return look_around(settings, error, plugins, kinds, uses)


def _ini(config: pytest.Config, name: str) -> Any:
    with suppress(ValueError):  # no plugin knows the name
        return config.getini(name)
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Hand over what was found; pytest's own exit code says whether all was collected."""
    found = session.config.stash.get(_found_key, None)
    if found and not session.testsfailed:
        hand_over(Path(os.environ[PLACE]), json.dumps(found).encode())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Call it a success although every test was deselected by the user's options."""
    result = yield
    found = session.config.stash.get(_found_key, None)
    if found and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
    return result
