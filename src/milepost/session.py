"""What milepost knows during one pytest session: settings, tests and their runs."""

import math
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from milepost import clock
from milepost.anew import starting_over
from milepost.checkpoint import PhaseStatus, TestCheckpoint
from milepost.errors import InvalidSettingError, MilepostError, NoIdentityError
from milepost.identity import Identity, identify
from milepost.ini import INI
from milepost.manager import CheckpointManager
from milepost.marker import check_marker, is_amount, recording_of, retry_of
from milepost.money.till import make_shared
from milepost.phases.plan import Plan
from milepost.phases.run import Run
from milepost.retry.config import RetryConfig
from milepost.settings import Settings, find_root, make_settings

WINDOWS_GETS_LESS = (
    "on Windows milepost is untested: a power cut may cost the last phase, for folders "
    "cannot be synced, and the lease of a dead run is replaced after 15 s only"
)
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


@dataclass(kw_only=True)
class CollectedTest:
    """A test that asks for milepost.

    Attributes:
        nodeid: As pytest names it.
        name: As people read it.
        file: The test's file.
        in_file: Its name in the file, with its classes and without parameters.
        parameters: Its parameters by argument.
        case_id: What pytest shows in square brackets.
        marker: The marker's arguments.
        unnamed: The marker's arguments without a name; there are none to give.
        in_session: It is the session, which has no file.
        is_original: It uses the original system's fixture, and may make a checkpoint
            of its own, under a name that nobody knows before it runs.
        error: Why it cannot run; raised at its set-up.
    """

    nodeid: str
    name: str
    file: Path
    in_file: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    case_id: str = ""
    marker: Mapping[str, Any] = field(default_factory=dict)
    unnamed: tuple[object, ...] = ()
    in_session: bool = False
    is_original: bool = False
    error: MilepostError | None = None


class Session:
    """The state of one pytest session in one process.

    Args:
        option: Gives a command-line option by its name.
        ini: Gives a configuration value by its name.
        configuration_file: The pytest configuration in use.
    """

    def __init__(
        self,
        option: Callable[[str], Any],
        ini: Callable[[str], Any],
        configuration_file: Path | None,
    ) -> None:
        self._option = option
        self._ini = ini
        self._configuration_file = configuration_file
        self._settings: dict[Path, Settings] = {}
        self._identities: dict[str, Identity] = {}
        self._begun: set[str] = set()
        self._begun_anew: set[tuple[Path, str]] = set()
        self.mode = str(option("milepost") or "resume")
        self.drop_from = str(option("milepost_from") or "")
        self.deadline_at = _deadline(option("milepost_deadline"))
        self.budget_usd = _budget(option("milepost_budget"))
        self.purse_at: Path | None = None

    def time_left(self) -> float | None:
        """Tell the seconds until the deadline, or None without one."""
        return None if self.deadline_at is None else self.deadline_at - clock.monotonic()

    def purse(self) -> Path | None:
        """Give the file of the session's budget, made when it is first asked for."""
        if self.purse_at is None and self.budget_usd is not None:
            self.purse_at = make_shared(self.budget_usd)
        return self.purse_at

    def settings_for(self, file: Path) -> Settings:
        """Give the settings that hold for a test file.

        Raises:
            InvalidSettingError: One has a value that it cannot have.
        """
        root = find_root(file.parent, self._configuration_file)
        if root not in self._settings:
            configuration = {name: self._configured(name) for name in INI}
            folder = self._option("milepost_dir")
            self._settings[root] = make_settings(root, configuration, folder)
        return self._settings[root]

    def _configured(self, name: str) -> Any:
        try:
            return self._ini(name)
        except Exception as error:  # noqa: BLE001 - pytest has several, none names it
            kind = INI[name][0]
            raise InvalidSettingError(name, str(error), f"a {kind}") from None

    def identity_of(self, test: CollectedTest) -> Identity:
        """Give the identity of a test.

        Raises:
            NoIdentityError: A parameter cannot be known again.
        """
        if test.nodeid not in self._identities:
            settings = self.settings_for(test.file)
            path = os.path.relpath(test.file, settings.root).replace(os.sep, "/")
            path = "" if test.in_session else path
            self._identities[test.nodeid] = identify(
                path,
                test.in_file,
                test.parameters,
                case_id=test.case_id,
                given_id=test.marker.get("id"),
                variant=settings.variant,
                root=settings.root,
            )
        return self._identities[test.nodeid]

    def find_doubles(self, tests: list[CollectedTest]) -> list[tuple[str, str, str]]:
        """Find tests that would share a checkpoint.

        A test that cannot run is told so at its set-up.

        Returns:
            The id and the two node ids of each pair.

        Raises:
            InvalidSettingError: A setting has a value that it cannot have.
        """
        seen: dict[tuple[Path, str], str] = {}
        doubles = []
        for test in tests:
            directory = self.settings_for(test.file).directory
            test.error = check_marker(test.marker, test.unnamed)
            if test.error:
                continue
            try:
                place = (directory, self.identity_of(test).test_id)
            except NoIdentityError as error:
                test.error = error
                continue
            if place in seen and seen[place] != test.nodeid:
                doubles.append((place[1], seen[place], test.nodeid))
            seen.setdefault(place, test.nodeid)
        return doubles

    def peek(self, test: CollectedTest) -> TestCheckpoint | None:
        """Read a test's checkpoint without a lease; None if there is none to read."""
        try:
            manager = CheckpointManager(settings=self.settings_for(test.file))
            return manager.load_checkpoint(self.identity_of(test).test_id)
        except MilepostError:
            return None

    def resuming(self, tests: list[CollectedTest]) -> list[tuple[str, int, int, float]]:
        """List the tests that will go on: name, finished and known phases, age."""
        found = []
        for test in tests:
            checkpoint = self.peek(test)
            if checkpoint:
                found.append(progress(test.name, checkpoint))
        return [each for each in found if each[1]]

    def in_folder(self, directory: Path) -> list[tuple[str, int, int, float]]:
        """List what a folder holds, where nobody here collects the tests."""
        manager = CheckpointManager(settings=self.settings_for(directory / "test"))
        found = []
        for test_id in manager.store.test_ids():
            try:
                checkpoint = manager.load_checkpoint(test_id)
            except MilepostError:
                continue
            found += [progress(test_id, checkpoint)] if checkpoint else []
        return [each for each in found if each[1]]

    def has_phase(self, tests: list[CollectedTest], name: str) -> bool:
        """Tell whether any of the tests has, or may have, started such a phase."""
        if any(test.is_original for test in tests):
            return True
        checkpoints = [self.peek(test) for test in tests]
        return any(
            name in c.phases and c.phases[name].retry_count for c in checkpoints if c
        )

    def plan_for(self, test: CollectedTest, retry: RetryConfig | None = None) -> Plan:
        """Make the plan of a test's run; ``fresh`` and ``from`` hold for its first."""
        settings = self.settings_for(test.file)
        recording = recording_of(test.marker, settings)
        first = test.nodeid not in self._begun
        again = {"fresh": "resume", "require-fresh": "resume"}.get(self.mode, self.mode)
        return Plan(
            test_name=test.marker.get("test_name") or test.name,
            user_request=test.marker.get("user_request") or "",
            identity=self.identity_of(test).to_dict(),
            mode=self.mode if first else again,
            requires_fresh=self.mode == "require-fresh",
            drop_from=self.drop_from if first else "",
            retry=retry or retry_of(test.marker, settings),
            keep=test.marker.get("keep") or settings.keep,
            time_left=self.time_left,
            record=recording.record,
            record_hosts=recording.hosts,
            record_ignore=recording.ignore,
            max_cost_usd=test.marker.get("max_cost_usd"),
            purse=self.purse(),
        )

    def open_run(
        self,
        test: CollectedTest,
        *,
        waits: bool = True,
        prepare: Callable[[Run], None] | None = None,
    ) -> Run:
        """Open the run of a test on its own checkpoint.

        Args:
            test: The test.
            waits: Whether to wait for another run as long as is configured.
            prepare: Called with the run before it is opened.

        Raises:
            MilepostError: It cannot run.
        """
        __tracebackhide__ = True
        if test.error:
            raise test.error.with_traceback(None)
        settings = self.settings_for(test.file)
        patient = settings if waits else replace(settings, wait=0.0)
        manager = CheckpointManager(settings=patient)
        return self.open_on(manager, None, test, prepare=prepare)

    def around(self, test: CollectedTest) -> AbstractContextManager[None]:
        """Give what stands around a test: its own checkpoints start over if asked for."""
        if test.is_original and self.mode in ("fresh", "require-fresh"):
            return starting_over(self._begun_anew)
        return nullcontext()

    def open_on(
        self,
        manager: CheckpointManager,
        checkpoint: TestCheckpoint | None,
        test: CollectedTest,
        retry: RetryConfig | None = None,
        *,
        prepare: Callable[[Run], None] | None = None,
    ) -> Run:
        """Open a run on a manager of the test's own.

        Args:
            manager: The manager.
            checkpoint: What the test loaded or created with it; otherwise the run
                finds the checkpoint by the test's identity.
            test: The test.
            retry: When to try a phase again; the test's own policy otherwise.
            prepare: Called with the run before it is opened.

        Raises:
            MilepostError: It cannot run.
        """
        __tracebackhide__ = True
        test_id = checkpoint.test_id if checkpoint else self.identity_of(test).test_id
        run = Run(manager, test_id, self.plan_for(test, retry), checkpoint)
        if prepare:
            prepare(run)
        run.open()
        run.record.notes += platform_notes(os.name)
        self._begun.add(test.nodeid)
        return run


def platform_notes(system: str) -> list[str]:
    """Say what a system does not get that milepost was not made for.

    Args:
        system: As ``os.name`` says it.
    """
    return [WINDOWS_GETS_LESS] if system == "nt" else []


def progress(name: str, checkpoint: TestCheckpoint) -> tuple[str, int, int, float]:
    """Tell how far a test has come: its name, finished and known phases, age."""
    phases = checkpoint.phases.values()
    done = sum(phase.status == PhaseStatus.COMPLETED for phase in phases)
    return name, done, len(checkpoint.phases), clock.age_seconds(checkpoint.last_updated_at)


def _budget(text: object) -> float | None:
    """Read the budget's option, as in ``2.50``."""
    if text is None:
        return None
    try:
        usd = float(str(text).strip().removeprefix("$"))
    except ValueError:
        usd = math.nan
    if not is_amount(usd):
        allowed = "a number of dollars from 0, as in 2.50"
        raise InvalidSettingError("--milepost-budget", str(text), allowed)
    return usd


def _deadline(text: object) -> float | None:
    """Read the deadline's option, as in ``50m``; seconds of the monotonic clock."""
    if not text:
        return None
    given = str(text).strip()
    number = given.rstrip("smh")
    try:
        seconds = float(number) * _UNITS[given[len(number) :]]
    except (ValueError, KeyError):
        allowed = "a duration as in 90s, 50m or 1.5h"
        raise InvalidSettingError("--milepost-deadline", given, allowed) from None
    return clock.monotonic() + seconds
