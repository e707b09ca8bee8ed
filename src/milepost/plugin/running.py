"""Hooks around each test: what stands around it, and how it ended."""

import os
from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from milepost.plugin.asking import asks, recording_asked
from milepost.plugin.options import is_off, is_worker
from milepost.plugin.seen import SeenReports
from milepost.plugin.spending import take_purse
from milepost.plugin.state import (
    all_runs,
    around_key,
    collected,
    identity_runs_key,
    runs_key,
    scopes_key,
    scopes_of,
    seen_key,
    session_of,
    waiting_key,
)
from milepost.words import INTERRUPTED

if TYPE_CHECKING:
    from milepost.phases.run import Run


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and what collects the reports."""
    config.addinivalue_line(
        "markers",
        "milepost(id=, test_name=, user_request=, retry=, keep=, remember=, record=, "
        "record_ignore=, max_cost_usd=): how this test is saved and resumed",
    )
    config.stash[seen_key] = SeenReports()
    config.pluginmanager.register(config.stash[seen_key], "milepost-reports")
    if config.getoption("milepost_deadline"):
        session_of(config)
    take_purse(config)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test that asks and cannot run, before anything is spent."""
    __tracebackhide__ = True
    if is_off(item.config):
        return
    if asks(item):
        own = [collected(item)] if asks(item, own=True) else []
        for test in [*own, *scopes_of(item.config).asked_by(item)]:
            if test.error:
                raise test.error.with_traceback(None)  # it is raised for several tests
    if recording_asked(item) or scopes_key in item.config.stash:
        from milepost.plugin import recording  # noqa: PLC0415 - only if used

        recording.begin(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Decide at the very end of a test whether its checkpoint goes."""
    if is_off(item.config):
        return (yield)
    # A test can ask while it runs, with request.getfixturevalue().
    item.stash[runs_key], item.stash[identity_runs_key] = [], []
    item.config.stash[seen_key].begin(item)
    if scopes_key in item.config.stash:
        item.config.stash[scopes_key].starts(item)
    with _around(item) as item.config.stash[around_key]:
        try:
            result = yield
        except BaseException:
            _end(item, INTERRUPTED)
            raise
        outcome = item.config.stash[seen_key].outcome()
        is_stopped = bool(item.session.shouldfail or item.session.shouldstop)
        _end(item, outcome, is_last=nextitem is None or is_stopped)
        return result


def _around(item: pytest.Item) -> ExitStack:
    """Give what stands around a test: nothing where it does not ask yet."""
    stack = ExitStack()
    if not asks(item):
        return stack
    from milepost.plugin.termination import raising_termination  # noqa: PLC0415

    stack.enter_context(raising_termination())
    if asks(item, own=True):
        stack.enter_context(session_of(item.config).around(collected(item)))
    return stack


def _end(item: pytest.Item, outcome: str, *, is_last: bool = False) -> None:
    """End what a test held: its own checkpoint, and its part in those of its scopes."""
    seen = item.config.stash[seen_key]
    seen.ended[item] = outcome
    if waiting_key in item.stash:
        item.stash[waiting_key].end()
        del item.stash[waiting_key]
    _close(item, all_runs(item), outcome)
    if scopes_key in item.config.stash:
        scopes = scopes_of(item.config)
        scopes.over(item, outcome, is_last=is_last)
        seen.records.update(scopes.records)


def _close(item: pytest.Item, runs: list["Run"], outcome: str) -> None:
    records = item.config.stash[seen_key].records
    if outcome not in ("passed", INTERRUPTED):
        outcome = INTERRUPTED if any(run.stopped for run in runs) else "failed"
    for run in runs:
        run.close(outcome)
        if run.record.is_worth_telling:
            records[item.nodeid] = (run.record.to_dict(whole=True), outcome == "passed")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what milepost did into the report; stop the session at the deadline."""
    runs = all_runs(item)
    if not runs and scopes_key not in item.config.stash and waiting_key not in item.stash:
        return (yield)
    from milepost.plugin.reporting import Reporting  # noqa: PLC0415 - only if used

    reporting = Reporting(item, runs)
    reporting.before(call)
    report = yield
    reporting.after(report)
    return report


@pytest.hookimpl(wrapper=True, trylast=True)  # xdist's own tells what is told here
def pytest_sessionfinish(
    session: pytest.Session, exitstatus: int
) -> Generator[None, None, None]:
    """End the runs of scopes whose tests did not all run; tell them to the controller."""
    config = session.config
    try:
        yield  # fixtures that are left, after -x, are torn down here
    except BaseException:
        _end_scopes(config, "failed", may_pass=False)
        raise
    stopped = exitstatus == pytest.ExitCode.INTERRUPTED
    _end_scopes(config, INTERRUPTED if stopped else "failed")


def _end_scopes(config: pytest.Config, outcome: str, *, may_pass: bool = True) -> None:
    if scopes_key not in config.stash:
        return
    scopes, seen = config.stash[scopes_key], config.stash[seen_key]
    scopes.close(outcome, may_pass=may_pass)
    seen.records.update(scopes.records)
    if is_worker(config):
        from milepost.plugin.torn_down import late_records  # noqa: PLC0415 - only if used

        told = late_records(config) | scopes.records
        config.workeroutput["milepost"] = told  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was restored, retried and saved."""
    records = config.stash[seen_key].records
    if not records:
        return
    from milepost import report  # noqa: PLC0415 - only for people

    lines = [report.last_line(record for record, _ in records.values())]
    if config.get_verbosity() >= 0:
        terminalreporter.write_sep("=", "milepost")
        lines = [*report.section(records, is_ci=bool(os.environ.get("CI"))), *lines]
    for line in lines:
        terminalreporter.write_line(line)
