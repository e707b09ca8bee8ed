"""A signal that arrives inside a save is handled when the save has ended."""

import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from milepost.stores.signals import deferred_signals
from tests.crash.nursery import Nursery
from tests.crash.pipeline import PHASES, left_over, write_pipeline
from tests.crash.test_kill_phases import outcomes
from tests.project import Project

SIGNALS = pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
POINTS = ("begin", "synced", "checked", "renamed", "durable")


@SIGNALS
@pytest.mark.parametrize("point", POINTS)
def test_a_signal_inside_the_save_of_a_value(
    fast_project: Project, nursery: Nursery, name: str, point: str
) -> None:
    """A value that is being written when the run is stopped is written, and restored."""
    write_pipeline(fast_project)
    at = {"MILEPOST_KILL_AT": f"document.{point}:5", "MILEPOST_KILL_SIGNAL": name}
    stopped = nursery.run(fast_project, env=at)

    assert stopped.code == 2, stopped.text
    assert stopped.calls == list(PHASES[:2])
    assert outcomes(fast_project, "masterplan") == ["completed"]
    after = nursery.run(fast_project)
    assert after.passed, after.text
    assert after.calls == list(PHASES[2:])
    assert left_over(fast_project) == []


@SIGNALS
@pytest.mark.parametrize("point", POINTS)
def test_a_signal_inside_the_writing_of_a_large_value(
    fast_project: Project, nursery: Nursery, name: str, point: str
) -> None:
    """Between a large value and the record that names it nothing is cut off either."""
    write_pipeline(fast_project)
    at = {"MILEPOST_KILL_AT": f"blob.{point}", "MILEPOST_KILL_SIGNAL": name}
    stopped = nursery.run(fast_project, env=at)

    assert stopped.code == 2, stopped.text
    assert outcomes(fast_project, "masterplan") == ["completed"]
    assert nursery.run(fast_project).calls == list(PHASES[2:])


@SIGNALS
@pytest.mark.parametrize("point", POINTS)
def test_a_signal_inside_the_record_of_a_start(
    fast_project: Project, nursery: Nursery, name: str, point: str
) -> None:
    """A phase whose start is being written is not called, and is an interrupted attempt."""
    write_pipeline(fast_project)
    at = {"MILEPOST_KILL_AT": f"document.{point}:4", "MILEPOST_KILL_SIGNAL": name}
    stopped = nursery.run(fast_project, env=at)

    assert stopped.code == 2, stopped.text
    assert stopped.calls == list(PHASES[:1])
    assert outcomes(fast_project, "masterplan") == ["interrupted"]
    assert nursery.run(fast_project).calls == list(PHASES[1:])


@SIGNALS
@pytest.mark.parametrize("point", ["history.checked", "document.checked:8", "delete.begin"])
def test_a_signal_inside_the_clean_up(
    fast_project: Project, nursery: Nursery, name: str, point: str
) -> None:
    """What a test that passed leaves behind is removed before the signal is handled."""
    write_pipeline(fast_project)
    at = {"MILEPOST_KILL_AT": point, "MILEPOST_KILL_SIGNAL": name}
    stopped = nursery.run(fast_project, env=at)

    assert stopped.code == 2, stopped.text
    assert stopped.calls == list(PHASES)
    assert left_over(fast_project) == []


def test_a_timeout_inside_a_save_is_a_failure_after_it(
    fast_project: Project, nursery: Nursery
) -> None:
    """The alarm of pytest-timeout waits for the save, and fails the test then."""
    pytest.importorskip("pytest_timeout")
    write_pipeline(fast_project).plugins.append("pytest_timeout")
    at = {"MILEPOST_KILL_AT": "document.checked:5", "MILEPOST_KILL_SIGNAL": "SIGALRM"}
    stopped = nursery.run(fast_project, "--timeout=600", env=at)

    assert stopped.outcomes() == {"failed": 1}
    assert "Timeout" in stopped.text
    assert outcomes(fast_project, "masterplan") == ["completed"]
    assert nursery.run(fast_project).calls == list(PHASES[2:])


class HandledError(Exception):
    """What the handlers of these tests raise."""


@pytest.fixture
def handled() -> Iterator[list[int]]:
    """Give the numbers of the signals handled, by handlers that raise."""
    numbers: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        numbers.append(number)
        raise HandledError(signal.Signals(number).name)

    kinds = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in kinds}
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


def save_under(*numbers: int, error: type[Exception] | None = None) -> None:
    """Do what counts as a save while signals arrive; it may fail."""
    with deferred_signals():
        for number in numbers:
            signal.raise_signal(number)
        if error:
            raise error


def test_handlers_are_put_back(handled: list[int]) -> None:
    """After a save, also one that fails or is nested, the handlers are the user's own."""
    before = [signal.getsignal(number) for number in signal.valid_signals()]
    with deferred_signals(), deferred_signals():
        assert [signal.getsignal(n) for n in signal.valid_signals()] != before
    with pytest.raises(ZeroDivisionError), deferred_signals():
        _ = 1 // 0

    assert [signal.getsignal(number) for number in signal.valid_signals()] == before


def test_an_inner_save_does_not_let_a_signal_through(handled: list[int]) -> None:
    """The outermost block decides: a signal waits for the whole of it."""
    waited: list[bool] = []

    def save() -> None:
        with deferred_signals():
            with deferred_signals():
                signal.raise_signal(signal.SIGUSR1)
            waited.append(not handled)

    with pytest.raises(HandledError, match="SIGUSR1"):
        save()

    assert waited == [True]
    assert handled == [signal.SIGUSR1]


def test_no_signal_is_lost(handled: list[int]) -> None:
    """Several signals in one save are all handled; what stops the run comes out."""
    kinds = (signal.SIGTERM, signal.SIGUSR2, signal.SIGUSR1, signal.SIGTERM)
    with pytest.raises(HandledError, match="SIGTERM"):
        save_under(*kinds)

    assert handled == [signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM]


def test_a_save_that_fails_does_not_swallow_a_signal(handled: list[int]) -> None:
    """The signal comes out where the save fails, too, with the error as its context."""
    with pytest.raises(HandledError) as raised:
        save_under(signal.SIGUSR1, error=ZeroDivisionError)

    assert isinstance(raised.value.__context__, ZeroDivisionError)


def test_a_signal_while_handlers_are_put_back(
    handled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler that raises before the others are back keeps none from coming back."""
    before = [signal.getsignal(number) for number in signal.valid_signals()]
    exchange = signal.signal

    def exchange_and_signal(number: int, handler: Any) -> Any:
        replaced = exchange(number, handler)
        if number == signal.SIGUSR1 and handler in before:
            signal.raise_signal(number)
        return replaced

    with monkeypatch.context() as signalling:
        signalling.setattr(signal, "signal", exchange_and_signal)
        with pytest.raises(HandledError, match="SIGTERM"):
            save_under(signal.SIGTERM)

    assert handled == [signal.SIGUSR1, signal.SIGTERM]
    assert [signal.getsignal(number) for number in signal.valid_signals()] == before


def test_other_threads_have_nothing_to_hold_back(handled: list[int]) -> None:
    """A save in another thread leaves the process's handlers alone."""
    seen: list[object] = []

    def save() -> None:
        with deferred_signals():
            seen.append(signal.getsignal(signal.SIGUSR1))

    before = signal.getsignal(signal.SIGUSR1)
    thread = threading.Thread(target=save)
    thread.start()
    thread.join()

    assert seen == [before]
