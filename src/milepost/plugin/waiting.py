"""What a test remembers before it has a run."""

import json
import threading
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from milepost import recorder
from milepost.errors import NoIdentityError
from milepost.marker import recording_of
from milepost.plugin.own_runs import identity_run
from milepost.plugin.state import around_key, collected, session_of
from milepost.plugin.termination import raising_termination
from milepost.steps.context import begin_recording, end_recording
from milepost.steps.memory import Memory
from milepost.words import PROPERTY

if TYPE_CHECKING:
    from milepost.phases.run import Run
    from milepost.settings import Settings
    from milepost.steps.memory import Host


class Waiting(Memory):
    """What is remembered of a test; its run is opened when that is needed.

    From then on it is what the run remembers.

    Args:
        item: The test.
    """

    def __init__(self, item: pytest.Item) -> None:
        host = WaitingHost(item)
        super().__init__(
            host=cast("Host", host),
            lock=threading.RLock(),
            recording=recording_of(collected(item).marker, host.settings),
        )
        self._item = item
        self._waits = host
        self._is_known: bool | None = None

    @property
    def is_usable(self) -> bool:
        """Tell whether anything can be recorded of the test."""
        return super().is_usable and self._can_be_known_again()

    def _can_be_known_again(self) -> bool:
        if self._is_known is None:
            try:
                session_of(self._item.config).identity_of(collected(self._item))
            except NoIdentityError as error:
                told = str(error).removeprefix("milepost: ")
                self._waits.notes.append(f"its calls are not recorded: {told}")
            self._is_known = not self._waits.notes
        return self._is_known

    @property
    def waits(self) -> bool:
        """Tell whether there is no run yet."""
        return self.host is cast("Host", self._waits)

    def begin(self) -> None:
        """Let calls be recorded."""
        recorder.start()
        begin_recording(self)

    def open_run(self) -> "Run":
        """Open the test's run, and be what it remembers.

        Raises:
            MilepostError: It cannot run.
        """
        __tracebackhide__ = True
        session, test = session_of(self._item.config), collected(self._item)
        try:
            run = session.open_run(test, prepare=self._adopt)
        except BaseException:
            self.host, self.is_closed = cast("Host", self._waits), False
            raise
        end_recording(self)  # the run has begun it once more
        run.record.notes += self._waits.notes
        return run

    def _adopt(self, run: "Run") -> None:
        self.host = run.memory.host
        run.memory, run.lock = self, self.lock

    def end(self) -> None:
        """Record nothing any more, unless a run has taken that over."""
        if self.waits:
            end_recording(self)
        recorder.stop()

    def to_properties(self) -> list[tuple[str, object]]:
        """Give what is to be told of a test without a run, as for a report."""
        notes = self._waits.notes if self.waits else []
        return [(PROPERTY, json.dumps({"notes": notes}))] if notes else []


class WaitingHost:
    """Stands for a run that is opened when something of it is needed.

    Args:
        item: The test.

    Attributes:
        test_id: No checkpoint's yet.
        settings: The settings.
        notes: Lines for people.
    """

    test_id: Final = ""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item
        self.settings: Settings = session_of(item.config).settings_for(item.path)
        self.notes: list[str] = []

    @property
    def is_offline(self) -> bool:
        """Tell whether nothing may run."""
        return session_of(self._item.config).mode == "offline"

    def note(self, phase: str, text: str) -> None:  # noqa: ARG002 - the host's form
        """Say something to people, once."""
        if text not in self.notes:
            self.notes.append(text)

    def __getattr__(self, name: str) -> Any:
        """Open the run and let it answer."""
        __tracebackhide__ = True
        if name.startswith("__"):
            raise AttributeError(name)
        self._item.config.stash[around_key].enter_context(raising_termination())
        return getattr(identity_run(self._item, is_set_up=False).memory.host, name)
