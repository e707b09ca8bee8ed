"""pytest: options, fixtures, hooks.

Loaded by every pytest run on the machine: whatever is heavier than this file is
imported when a test asks for milepost.
"""

import json
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from milepost.ini import INI

if TYPE_CHECKING:
    from milepost.manager import CheckpointManager
    from milepost.phases import Phase
    from milepost.retry import PhaseRetryHandler
    from milepost.run import Run
    from milepost.session import CollectedTest, Session

MODES = ("resume", "fresh", "require-fresh", "offline", "off")
FIXTURES = ("phase", "milepost", "execute_phase_with_checkpoint", "checkpoint_manager")
PROPERTY = "milepost"

_session_key: pytest.StashKey["Session"] = pytest.StashKey()
_tests_key: pytest.StashKey[dict[str, "CollectedTest"]] = pytest.StashKey()
_records_key: pytest.StashKey[dict[str, tuple[dict[str, Any], bool]]] = pytest.StashKey()
_runs_key: pytest.StashKey[list["Run"]] = pytest.StashKey()
_reports_key: pytest.StashKey[list[Any]] = pytest.StashKey()


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
    """Register the marker; say where a platform gets less."""
    config.addinivalue_line(
        "markers",
        "milepost(id=, test_name=, user_request=, retry=, keep=): how this test is "
        "saved and resumed",
    )
    config.stash[_records_key] = {}
    config.stash[_tests_key] = {}
    config.stash[_reports_key] = []
    config.pluginmanager.register(_Reports(config), "milepost-reports")
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
    """Tell whether a test asks for milepost, by its fixtures or by the marker."""
    if item.get_closest_marker("milepost"):
        return True
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    names = set(FIXTURES[:3]).intersection(getattr(item, "fixturenames", ()))
    return any(name not in parameters and _is_ours(item, name) for name in names)


def _is_ours(item: pytest.Item, name: str) -> bool:
    """Tell whether a fixture's name leads to this file; users own the name too."""
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    found = known.get(name, ())
    return not found or getattr(found[-1].func, "__module__", __name__) == __name__


def _collected(item: pytest.Item) -> "CollectedTest":
    """Describe a test that asks; the same object for the whole session."""
    known = item.config.stash[_tests_key]
    if item.nodeid not in known:
        known[item.nodeid] = _describe(item)
    return known[item.nodeid]


def _describe(item: pytest.Item) -> "CollectedTest":
    from milepost.errors import InvalidSettingError  # noqa: PLC0415 - only if used
    from milepost.session import MARKER_ARGUMENTS, CollectedTest  # noqa: PLC0415

    marker = item.get_closest_marker("milepost")
    given = dict(marker.kwargs) if marker else {}
    case = getattr(item, "callspec", None)
    classes = [n.name for n in item.listchain() if isinstance(n, pytest.Class)]
    plain = getattr(item, "originalname", None) or item.name
    test = CollectedTest(
        nodeid=item.nodeid,
        name=item.name,
        file=item.path,
        in_file="::".join([*classes, plain]),
        parameters=dict(case.params) if case else {},
        case_id=case.id if case else "",
        marker=given,
    )
    unknown = [name for name in given if name not in MARKER_ARGUMENTS]
    if unknown or (marker and marker.args):
        wrong = ", ".join(unknown) or repr(marker.args if marker else "")
        allowed = ", ".join(f"{name}=" for name in MARKER_ARGUMENTS)
        test.error = InvalidSettingError("@pytest.mark.milepost", wrong, allowed)
    return test


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse two tests that would share one checkpoint."""
    asking = [item for item in items if _asks(item)]
    if not asking or _is_off(config):
        return
    tests = [_collected(item) for item in asking]
    for test_id, first, second in _session(config).find_doubles(tests):
        from milepost.errors import SharedIdentityError  # noqa: PLC0415 - an error

        error = SharedIdentityError(test_id, first, second)
        _refuse(config, error, [t for t in tests if t.nodeid in (first, second)])


def _refuse(config: pytest.Config, error: Any, tests: list["CollectedTest"]) -> None:
    """Stop with a usage error; in a worker, where that is an internal error, at set-up."""
    if not _is_worker(config):
        raise pytest.UsageError(str(error))
    for test in tests:
        test.error = error


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse a phase to begin again at that no selected test has."""
    name = session.config.getoption("milepost_from")
    if not name or _is_off(session.config):
        return
    tests = [_collected(item) for item in session.items if _asks(item)]
    if session.config.option.collectonly or _is_controller(session.config):
        return
    if not _session(session.config).has_phase(tests, name):
        from milepost.errors import InvalidSettingError  # noqa: PLC0415 - an error

        allowed = "the name of a phase that a selected test has started"
        _refuse(
            session.config, InvalidSettingError("--milepost-from", name, allowed), tests
        )


def _is_controller(config: pytest.Config) -> bool:
    return bool(config.pluginmanager.hasplugin("dsession"))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what lies in the folder, where workers collect and cannot say it."""
    if not _is_controller(config) or _is_off(config):
        return []
    from milepost import report  # noqa: PLC0415 - only for people

    found = _session(config).in_folder(config.invocation_params.dir)
    return [report.resume_line(found)] if found else []


def pytest_report_collectionfinish(
    config: pytest.Config, items: list[pytest.Item]
) -> list[str]:
    """Say which tests will resume, and how to undo it."""
    asking = [item for item in items if _asks(item)]
    if not asking or _is_off(config) or "fresh" in str(config.getoption("milepost")):
        return []
    from milepost import report  # noqa: PLC0415 - only for people

    found = _session(config).resuming([_collected(item) for item in asking])
    return [report.resume_line(found)] if found else []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Decide at the very end of a test whether its checkpoint goes."""
    if not _asks(item) or _is_off(item.config):
        return (yield)
    item.stash[_runs_key] = []
    item.config.stash[_reports_key].clear()
    with _terminating():
        try:
            result = yield
        except BaseException:
            _close(item, "interrupted")
            raise
        _close(item, _outcome(item))
        return result


def _outcome(item: pytest.Item) -> str:
    """Tell how a test ended, over all its reports since the last set-up began."""
    reports = item.config.stash[_reports_key]
    called = any(report.when == "call" for report in reports)
    if called and all(report.outcome == "passed" for report in reports):
        return "passed"
    return "interrupted" if item.session.shouldstop else "failed"


def _close(item: pytest.Item, outcome: str) -> None:
    runs = item.stash[_runs_key]
    timeouts = [r for r in item.config.stash[_reports_key] if _is_timeout(r)]
    for run in runs:
        if timeouts:
            run.blame_timeout(_first_line(timeouts[0]))
        run.close(outcome)
        records = item.config.stash[_records_key]
        if item.nodeid in records:
            records[item.nodeid] = (run.record.to_dict(), outcome == "passed")


def _is_timeout(report: Any) -> bool:
    return bool(report.failed) and "Failed: Timeout" in _first_line(report)


def _first_line(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(getattr(crash, "message", "")).partition("\n")[0]


@contextmanager
def _terminating() -> Generator[None, None, None]:
    """Raise at once on SIGTERM, while a test that asks runs and nobody else handles it."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    pid = os.getpid()

    def terminate(_number: int, _frame: object) -> None:
        if os.getpid() != pid:  # a forked child dies as it would have without us
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
        raise KeyboardInterrupt("SIGTERM")

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what milepost did into the report; stop the session at the deadline."""
    runs = item.stash.get(_runs_key, [])
    if not runs:
        return (yield)
    if call.excinfo and call.excinfo.type.__name__ == "DeadlineError":
        what = getattr(call.excinfo.value, "what", "")
        item.session.shouldstop = f"milepost: {what}"
    _set_properties(item, runs[-1])
    report = yield
    if (
        call.when == "call"
        and report.passed
        and _session(item.config).mode == "require-fresh"
    ):
        _require_fresh(report, runs[-1])
    return report


def _require_fresh(report: pytest.TestReport, run: "Run") -> None:
    if run.record.restored:
        from milepost.errors import RestoredError  # noqa: PLC0415 - an error

        report.outcome = "failed"
        report.longrepr = str(RestoredError([e.phase for e in run.record.restored]))


def _set_properties(item: pytest.Item, run: "Run") -> None:
    record = run.record.to_dict()
    if not (record["phases"] or record["notes"]):
        return
    kept = [each for each in item.user_properties if not each[0].startswith(PROPERTY)]
    item.user_properties[:] = [*kept, *_properties(record)]


def _properties(record: dict[str, Any]) -> list[tuple[str, object]]:
    phases = record["phases"]
    restored = [phase for phase in phases if phase["word"] == "restored"]
    retried = [phase["phase"] for phase in phases if phase.get("attempts", 0) > 1]
    seconds = sum(phase.get("saved_seconds", 0.0) for phase in restored)
    usd = sum(phase.get("cost_usd", 0.0) for phase in restored)
    return [
        (PROPERTY, json.dumps(record)),
        (f"{PROPERTY}.restored", ", ".join(phase["phase"] for phase in restored)),
        (f"{PROPERTY}.retried", ", ".join(retried)),
        (f"{PROPERTY}.saved_seconds", round(seconds, 3)),
        (f"{PROPERTY}.saved_usd", round(usd, 6)),
    ]


class _Reports:
    """The reports of a session's tests; a plugin of its own, for it needs the config."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect a test's reports; see ``_outcome`` and the terminal section."""
        reports = self._config.stash.get(_reports_key, [])
        if report.when == "setup":
            reports.clear()
        reports.append(report)
        for name, value in getattr(report, "user_properties", ()):
            if name == PROPERTY:
                self._note(report, json.loads(str(value)))

    def _note(self, report: pytest.TestReport, record: dict[str, Any]) -> None:
        records = self._config.stash[_records_key]
        before = report.when == "setup" or records.get(report.nodeid, ({}, True))[1]
        records[report.nodeid] = (record, before and report.passed)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was restored, retried and saved."""
    records = config.stash[_records_key]
    if not records:
        return
    from milepost import report  # noqa: PLC0415 - only for people

    if config.get_verbosity() >= 0:
        terminalreporter.write_sep("=", "milepost")
        for nodeid, (record, passed) in records.items():
            for line in report.test_lines(nodeid, record, passed=passed):
                terminalreporter.write_line(line)
        if os.environ.get("CI") and not all(passed for _, passed in records.values()):
            folder = str(
                _session(config).settings_for(config.invocation_params.dir / "x").directory
            )
            for line in report.ci_lines(folder):
                terminalreporter.write_line(line)
    terminalreporter.write_line(report.last_line(record for record, _ in records.values()))


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
    manager = CheckpointManager(settings=settings)
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
            session = _session(request.config)
            plan = session.plan_for(_collected(request.node), retry_handler.config)
            current = checkpoint_manager.current_checkpoint
            runs.append(session.open_on(checkpoint_manager, current, plan))
        return Phase(runs[-1]).after_completed()(name, fn)

    return execute
