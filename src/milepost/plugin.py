"""pytest: options, fixtures, hooks.

Loaded by every pytest run on the machine: whatever is heavier than this file is
imported when a test asks for milepost.
"""

import os
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from milepost.asking import asks, description
from milepost.ini import INI
from milepost.seen import SeenReports
from milepost.words import INTERRUPTED, PROPERTY

if TYPE_CHECKING:
    from milepost.manager import CheckpointManager
    from milepost.phases import Phase
    from milepost.phases.run import Run
    from milepost.retry import PhaseRetryHandler
    from milepost.session import CollectedTest, Session

MODES = ("resume", "fresh", "require-fresh", "offline", "off")

_session_key: pytest.StashKey["Session"] = pytest.StashKey()
_tests_key: pytest.StashKey[dict[str, "CollectedTest"]] = pytest.StashKey()
_runs_key: pytest.StashKey[list["Run"]] = pytest.StashKey()
_seen_key: pytest.StashKey[SeenReports] = pytest.StashKey()


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
    for name, (kind, default, text) in INI.items():
        parser.addini(name, text, type=kind, default=default)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and what collects the reports."""
    config.addinivalue_line(
        "markers",
        "milepost(id=, test_name=, user_request=, retry=, keep=): how this test is "
        "saved and resumed",
    )
    config.stash[_tests_key] = {}
    config.stash[_seen_key] = SeenReports()
    config.pluginmanager.register(config.stash[_seen_key], "milepost-reports")
    if config.getoption("milepost_deadline"):
        _session(config)


def _session(config: pytest.Config) -> "Session":
    """Give the session's state; made when the first test asks."""
    if _session_key not in config.stash:
        from milepost.errors import InvalidSettingError  # noqa: PLC0415 - only if used
        from milepost.session import Session  # noqa: PLC0415 - only if used

        try:
            made = Session(config.getoption, config.getini, config.inipath)
        except InvalidSettingError as error:
            raise pytest.UsageError(str(error)) from None
        config.stash[_session_key] = made
    return config.stash[_session_key]


def _is_off(config: pytest.Config) -> bool:
    return bool(config.getoption("milepost") == "off")


def _asks(item: pytest.Item) -> bool:
    return asks(item, __name__)


def _collected(item: pytest.Item) -> "CollectedTest":
    """Describe a test that asks; the same object for the whole session."""
    from milepost.session import CollectedTest  # noqa: PLC0415 - only if used

    known = item.config.stash[_tests_key]
    if item.nodeid not in known:
        known[item.nodeid] = CollectedTest(**description(item))
    return known[item.nodeid]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse settings that cannot be, and two tests that would share one checkpoint."""
    asking = [item for item in items if _asks(item)]
    if not asking or _is_off(config):
        return
    from milepost.errors import InvalidSettingError, SharedIdentityError  # noqa: PLC0415

    tests = [_collected(item) for item in asking]
    try:
        doubles = _session(config).find_doubles(tests)
    except InvalidSettingError as error:
        _refuse(config, error, tests)
        return
    for test_id, first, second in doubles:
        shared = SharedIdentityError(test_id, first, second)
        _refuse(config, shared, [t for t in tests if t.nodeid in (first, second)])


def _refuse(config: pytest.Config, error: Any, tests: list["CollectedTest"]) -> None:
    """Stop with a usage error; in a worker, where that is an internal error, at set-up."""
    if not hasattr(config, "workerinput"):
        raise pytest.UsageError(str(error))
    for test in tests:
        test.error = error


@pytest.hookimpl(tryfirst=True)  # xdist runs tests as soon as its own hook was called
def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse a phase to begin again at that no selected test has."""
    config = session.config
    name = config.getoption("milepost_from")
    if not name or _is_off(config) or config.option.collectonly or _is_controller(config):
        return
    tests = [_collected(item) for item in session.items if _asks(item)]
    if not _session(config).has_phase(tests, name):
        from milepost.errors import InvalidSettingError  # noqa: PLC0415 - an error

        allowed = "the name of a phase that a selected test has started"
        _refuse(config, InvalidSettingError("--milepost-from", name, allowed), tests)


def _is_controller(config: pytest.Config) -> bool:
    return bool(config.pluginmanager.hasplugin("dsession"))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what lies in the folder, where workers collect and cannot say it."""
    if not _is_controller(config) or not _resumes(config) or not _may_hold_any(config):
        return []
    from milepost import report  # noqa: PLC0415 - only for people
    from milepost.errors import MilepostError  # noqa: PLC0415 - only for people

    try:
        found = _session(config).in_folder(_base(config))
    except MilepostError:
        return []  # the workers say it
    return [report.resume_line(found)] if found else []


def _base(config: pytest.Config) -> Path:
    """Give the folder of the configuration in use, else the working directory."""
    return config.inipath.parent if config.inipath else config.invocation_params.dir


def _may_hold_any(config: pytest.Config) -> bool:
    """Tell cheaply whether there can be a checkpoint folder."""
    named = config.getoption("milepost_dir") or os.environ.get("MILEPOST_DIR")
    bases = [_base(config), *_base(config).parents]
    return bool(named or config.getini("milepost_dir")) or any(
        (base / ".milepost").exists() for base in bases
    )


def _resumes(config: pytest.Config) -> bool:
    return config.getoption("milepost") in ("resume", "offline")


def pytest_report_collectionfinish(
    config: pytest.Config, items: list[pytest.Item]
) -> list[str]:
    """Say which tests will resume, and how to undo it."""
    asking = [item for item in items if _asks(item)]
    if not asking or not _resumes(config):
        return []
    from milepost import report  # noqa: PLC0415 - only for people

    found = _session(config).resuming([_collected(item) for item in asking])
    return [report.resume_line(found)] if found else []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test that asks and cannot run, before anything is spent."""
    __tracebackhide__ = True
    if not _is_off(item.config) and _asks(item):
        error = _collected(item).error
        if error:
            raise error.with_traceback(None)  # it is raised for several tests


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Decide at the very end of a test whether its checkpoint goes."""
    if _is_off(item.config):
        return (yield)
    # A test can ask while it runs, with request.getfixturevalue().
    item.stash[_runs_key] = []
    item.config.stash[_seen_key].forget()
    with _around(item):
        try:
            result = yield
        except BaseException:
            _close(item, INTERRUPTED)
            raise
        _close(item, _outcome(item))
        return result


def _around(item: pytest.Item) -> ExitStack:
    """Give what stands around a test: nothing where it does not ask."""
    stack = ExitStack()
    if _asks(item):
        from milepost.termination import raising_termination  # noqa: PLC0415

        stack.enter_context(raising_termination())
        stack.enter_context(_session(item.config).around(_collected(item)))
    return stack


def _outcome(item: pytest.Item) -> str:
    if item.config.stash[_seen_key].has_passed():
        return "passed"
    return INTERRUPTED if any(run.stopped for run in item.stash[_runs_key]) else "failed"


def _close(item: pytest.Item, outcome: str) -> None:
    records = item.config.stash[_seen_key].records
    for run in item.stash[_runs_key]:
        run.close(outcome)
        if run.record.events or run.record.notes:
            records[item.nodeid] = (run.record.to_dict(whole=True), outcome == "passed")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what milepost did into the report; stop the session at the deadline."""
    runs = item.stash.get(_runs_key, [])
    if not runs:
        return (yield)
    run = runs[-1]
    if call.when == "teardown":
        run.shut(item.config.stash[_seen_key].timeout())
    if run.stopped:
        item.session.shouldstop = f"milepost: {run.stopped}"
    _set_properties(item, run)
    report = yield
    if call.when == "call" and report.passed:
        _require_fresh(report, run)
    return report


def _require_fresh(report: pytest.TestReport, run: "Run") -> None:
    if run.plan.requires_fresh and run.record.restored:
        from milepost.errors import RestoredError  # noqa: PLC0415 - an error

        report.outcome = "failed"
        report.longrepr = str(RestoredError([e.phase for e in run.record.restored]))


def _set_properties(item: pytest.Item, run: "Run") -> None:
    if run.record.events or run.record.notes:
        others = [each for each in item.user_properties if not _is_property(each[0])]
        item.user_properties[:] = [*others, *run.record.to_properties()]


def _is_property(name: str) -> bool:
    return name == PROPERTY or name.startswith(f"{PROPERTY}.")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was restored, retried and saved."""
    records = config.stash[_seen_key].records
    if not records:
        return
    from milepost import report  # noqa: PLC0415 - only for people

    lines = [report.last_line(record for record, _ in records.values())]
    if config.get_verbosity() >= 0:
        terminalreporter.write_sep("=", "milepost")
        lines = [*report.section(records, is_ci=bool(os.environ.get("CI"))), *lines]
    for line in lines:
        terminalreporter.write_line(line)


def _open_phase(request: pytest.FixtureRequest) -> "Phase":
    __tracebackhide__ = True
    from milepost.phases import Phase  # noqa: PLC0415 - only if used

    if _is_off(request.config):
        return Phase(None)
    runs = _runs_of(request)
    if not runs:
        runs.append(_session(request.config).open_run(_collected(request.node)))
    return Phase(runs[-1])


def _runs_of(request: pytest.FixtureRequest) -> list["Run"]:
    """Give the open run of a test as a list; empty where it has to be opened.

    A plugin that reruns tests sets the fixtures up again: that is another run.
    """
    runs: list[Run] = request.node.stash.setdefault(_runs_key, [])
    for run in [run for run in runs if run.fixtures_gone]:
        run.close("failed")
        runs.remove(run)

    def leave() -> None:
        for run in runs:
            run.fixtures_gone = True

    request.addfinalizer(leave)
    return runs


@pytest.fixture
def phase(request: pytest.FixtureRequest) -> "Phase":
    """Run a named part of the test, or restore it: ``phase(name, fn, *args)``."""
    __tracebackhide__ = True
    return _open_phase(request)


@pytest.fixture
def milepost(request: pytest.FixtureRequest) -> "Phase":
    """Give the same as ``phase``, for those whose name ``phase`` is taken."""
    __tracebackhide__ = True
    return _open_phase(request)


@pytest.fixture
def checkpoint_manager(
    request: pytest.FixtureRequest,
) -> Generator["CheckpointManager", None, None]:
    """Give the manager of the checkpoints of this test's project."""
    from milepost.manager import CheckpointManager  # noqa: PLC0415 - only if used

    settings = _session(request.config).settings_for(request.path)
    folder = None
    if _is_off(request.config):  # what the test writes itself leaves nothing behind
        folder = request.getfixturevalue("tmp_path_factory").mktemp("milepost-off")
    manager = CheckpointManager(folder, settings=settings)
    yield manager
    manager.close()


@pytest.fixture
def retry_handler(request: pytest.FixtureRequest) -> "PhaseRetryHandler":
    """Give the retry handler with this test's policy."""
    from milepost.retry import PhaseRetryHandler  # noqa: PLC0415 - only if used
    from milepost.session import retry_of  # noqa: PLC0415 - only if used

    settings = _session(request.config).settings_for(request.path)
    return PhaseRetryHandler(config=retry_of(_collected(request.node), settings))


@pytest.fixture
def execute_phase_with_checkpoint(
    request: pytest.FixtureRequest,
    checkpoint_manager: "CheckpointManager",
    retry_handler: "PhaseRetryHandler",
) -> Callable[[str, Callable[[], Any]], Any]:
    """Run a phase of the manager's current checkpoint, or restore it."""
    __tracebackhide__ = True
    runs = _runs_of(request)

    def execute(name: str, fn: Callable[[], Any], /) -> Any:
        __tracebackhide__ = True
        from milepost.phases import Phase  # noqa: PLC0415 - only if used

        if _is_off(request.config):
            return fn()
        if not runs:
            current, test = checkpoint_manager.current_checkpoint, _collected(request.node)
            policy = retry_handler.config
            session = _session(request.config)
            runs.append(session.open_on(checkpoint_manager, current, test, policy))
        return Phase(runs[-1]).after_completed()(name, fn)

    return execute
