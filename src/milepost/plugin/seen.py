"""What pytest reported of the tests: how each ended, and what milepost put into it."""

import json
from typing import Any

import pytest

from milepost.words import INTERRUPTED, PROPERTY


class SeenReports:
    """The reports of a session's tests; registered as a plugin of its own.

    Attributes:
        records: By node id what the test's last run did, and whether the test passed;
            so too for a class, a module or the session with a checkpoint of its own.
        item: The test that runs in this process, or the last one that did.
        ended: How the tests ended that are over in this process.
    """

    def __init__(self) -> None:
        self.records: dict[str, tuple[dict[str, Any], bool]] = {}
        self.item: pytest.Item | None = None
        self.ended: dict[pytest.Item, str] = {}
        self._reports: list[Any] = []  # of the test that runs in this process

    def begin(self, item: pytest.Item) -> None:
        """Begin with another test."""
        self.item = item
        self._reports.clear()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Collect a report; what stood before another set-up does not count."""
        if report.when == "setup":
            self._reports.clear()
            if report.nodeid in self.records:
                self.records[report.nodeid] = (self.records[report.nodeid][0], True)
        self._reports.append(report)
        for name, value in getattr(report, "user_properties", ()):
            if name == PROPERTY:
                _, before = self.records.get(report.nodeid, ({}, True))
                passed = before and report.outcome == "passed"
                self.records[report.nodeid] = (json.loads(str(value)), passed)
            elif name == f"{PROPERTY}.scope":
                record = json.loads(str(value))
                self.records[record.pop("scope")] = (record, False)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker says of the scopes whose tests it ran."""
        told = getattr(node, "workeroutput", {}).get("milepost", {})
        self.records.update(
            {label: (record, gone) for label, (record, gone) in told.items()}
        )

    def was_called(self) -> bool:
        """Tell whether the test's own function was called."""
        return any(report.when == "call" for report in self._reports)

    def outcome(self) -> str:
        """Tell how the test ended: ``passed``, ``failed``, ``skipped``, ``interrupted``.

        It passed where it was called, nothing failed and nothing was skipped.
        """
        found = {report.outcome for report in self._reports}
        for bad in ("failed", "skipped"):
            if bad in found:
                return bad
        return "passed" if self.was_called() else INTERRUPTED

    def skip_at_setup(self) -> pytest.TestReport | None:
        """Give the report of a set-up that was skipped; None where there is none."""
        found = [each for each in self._reports if each.when == "setup" and each.skipped]
        return found[-1] if found and not self.was_called() else None

    def teardown_failed(self) -> bool:
        """Tell whether a teardown of the test, or of a fixture after it, failed."""
        return any(each.when == "teardown" and each.failed for each in self._reports)

    def timeout(self) -> str:
        """Give what pytest-timeout said where it failed the test; else nothing."""
        lines = [_first_line(report) for report in self._reports if report.failed]
        return next((line for line in lines if "Failed: Timeout" in line), "")


def _first_line(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(getattr(crash, "message", "")).partition("\n")[0]
