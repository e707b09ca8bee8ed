"""Hooks of the collection: refuse what cannot be, and say what will resume."""

import os
from pathlib import Path

import pytest

from milepost.plugin.asking import asks, names_fixtures
from milepost.plugin.options import is_controller, is_off, resumes
from milepost.plugin.state import refuse, scopes_of, session_of, tests_of


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse settings that cannot be, and two tests that would share one checkpoint."""
    if is_off(config):
        return
    tests = tests_of(config, items)
    if not tests:
        return
    from milepost.errors import InvalidSettingError, SharedIdentityError  # noqa: PLC0415

    scopes_of(config).collected(items)
    try:
        doubles = session_of(config).find_doubles(tests)
    except InvalidSettingError as error:
        refuse(config, error, tests)
        return
    for test_id, first, second in doubles:
        shared = SharedIdentityError(test_id, first, second)
        refuse(config, shared, [t for t in tests if t.nodeid in (first, second)])
    from milepost.plugin import torn_down  # noqa: PLC0415 - only if used

    torn_down.watch(config)
    if any(names_fixtures(item) for item in items):
        from milepost.plugin import remembering  # noqa: PLC0415 - only if used

        remembering.watch(config, items)


@pytest.hookimpl(tryfirst=True)  # xdist runs tests as soon as its own hook was called
def pytest_collection_finish(session: pytest.Session) -> None:
    """Look whose tests these are; refuse a phase to begin again at that none has."""
    config = session.config
    if is_off(config) or config.option.collectonly or is_controller(config):
        return
    if _holds_any(config):
        scopes_of(config).join(session.items)
    name = config.getoption("milepost_from")
    if not name:
        return
    tests = tests_of(config, session.items)
    if not session_of(config).has_phase(tests, name):
        from milepost.errors import InvalidSettingError  # noqa: PLC0415 - an error

        allowed = "the name of a phase that a selected test has started"
        refuse(config, InvalidSettingError("--milepost-from", name, allowed), tests)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what lies in the folder, where workers collect and cannot say it."""
    if not is_controller(config) or not resumes(config) or not _may_hold_any(config):
        return []
    from milepost import report  # noqa: PLC0415 - only for people
    from milepost.errors import MilepostError  # noqa: PLC0415 - only for people

    try:
        found = session_of(config).in_folder(_base(config))
    except MilepostError:
        return []  # the workers say it
    return [report.resume_line(found)] if found else []


def _base(config: pytest.Config) -> Path:
    """Give the folder of the configuration in use, else the working directory."""
    return config.inipath.parent if config.inipath else config.invocation_params.dir


def _may_hold_any(config: pytest.Config) -> bool:
    """Tell cheaply whether there can be a checkpoint folder."""
    return any(folder.exists() for folder in _folders(config))


def _holds_any(config: pytest.Config) -> bool:
    """Tell cheaply whether a checkpoint lies where they usually lie."""
    return any(next(f.glob("checkpoint_*.json"), None) for f in _folders(config))


def _folders(config: pytest.Config) -> list[Path]:
    named = config.getoption("milepost_dir") or os.environ.get("MILEPOST_DIR")
    if named:
        return [Path(named)]
    base, configured = _base(config), config.getini("milepost_dir")
    if configured:
        return [base / configured]
    return [each / ".milepost" for each in (base, *base.parents)]


def pytest_report_collectionfinish(
    config: pytest.Config, items: list[pytest.Item]
) -> list[str]:
    """Say which tests will resume, and how to undo it."""
    if not resumes(config) or not any(asks(item) for item in items):
        return []
    from milepost import report  # noqa: PLC0415 - only for people

    found = session_of(config).resuming(tests_of(config, items))
    return [report.resume_line(found)] if found else []
