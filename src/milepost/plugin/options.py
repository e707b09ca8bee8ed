"""The options on pytest's command line."""

from typing import Final

import pytest

from milepost.ini import INI

MODES: Final = ("resume", "fresh", "require-fresh", "offline", "off")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the configuration values."""
    group = parser.getgroup("milepost", "continue long tests where they broke")
    group.addoption(
        "--milepost",
        choices=MODES,
        default="resume",
        help="resume: go on from what is kept (default); fresh: start over, the old "
        "life is deleted when the new one passes; require-fresh: the same, and fail a "
        "test that restored anything; offline: run no phase; off: no milepost",
    )
    group.addoption(
        "--milepost-from",
        metavar="PHASE",
        help="run PHASE and all that were first started after it again",
    )
    group.addoption("--milepost-dir", metavar="DIR", help="folder of the checkpoints")
    group.addoption(
        "--milepost-deadline",
        metavar="DURATION",
        help="start no phase that would not end in time, as in 50m; the next run goes on",
    )
    group.addoption(
        "--milepost-budget",
        metavar="USD",
        help="make no call that may go over it, over all tests and workers; the next "
        "run goes on",
    )
    for name, (kind, default, text) in INI.items():
        parser.addini(name, text, type=kind, default=default)


def is_off(config: pytest.Config) -> bool:
    """Tell whether milepost is switched off."""
    return bool(config.getoption("milepost") == "off")


def resumes(config: pytest.Config) -> bool:
    """Tell whether runs go on from what is kept."""
    return config.getoption("milepost") in ("resume", "offline")


def is_controller(config: pytest.Config) -> bool:
    """Tell whether other processes run the tests."""
    return bool(config.pluginmanager.hasplugin("dsession"))


def is_worker(config: pytest.Config) -> bool:
    """Tell whether this is one of several processes that run the tests."""
    return hasattr(config, "workerinput")
