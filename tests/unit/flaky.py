"""Phases that fail as they are told, on a clock that does not run."""

import asyncio

import httpx
import pytest

from milepost import clock, retry
from milepost.retry import RetryConfig

SEED = RetryConfig(3, 5.0, 120.0, 2.0, jitter=False)
RESET_BY_PEER = (104, "Connection reset by peer")


class FakeClock:
    """A clock that stands still but for the waits asked of it."""

    def __init__(self):
        self.now = 1000.0
        self.waits = []
        self.chance = 0.5

    def sleep(self, seconds):
        self.waits.append(float(seconds))
        self.now += seconds

    async def async_sleep(self, seconds):
        self.sleep(seconds)

    def uniform(self, low, high):
        return low + (high - low) * self.chance


def replace_clock(monkeypatch):
    """Put a fake clock in the place of milepost's for the length of a test."""
    fake = FakeClock()
    monkeypatch.setattr(clock, "monotonic", lambda: fake.now)
    monkeypatch.setattr(clock, "sleep", fake.sleep)
    monkeypatch.setattr(clock, "async_sleep", fake.async_sleep)
    monkeypatch.setattr(clock, "uniform", fake.uniform)
    return fake


class Flaky:
    """A phase's function: raises each of these errors, then returns."""

    def __init__(self, *errors, value="done", takes=0.0, time=None):
        self.errors = list(errors)
        self.value = value
        self.takes = takes
        self.time = time
        self.calls = 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        if self.time is not None:
            self.time.now += self.takes
        if self.errors:
            raise self.errors.pop(0)
        return self.value

    async def later(self, *args, **kwargs):
        await asyncio.sleep(0)
        return self(*args, **kwargs)


class Listener:
    """Records what it is told; raises what it is given for an event."""

    def __init__(self, **broken):
        self.events = []
        self.broken = broken

    def attempt_starts(self, attempt):
        self.events.append(("starts", attempt))
        self._break(f"starts_{attempt}")

    def attempt_failed(self, attempt, error, wait):
        self.events.append(("failed", attempt, type(error).__name__, wait))
        self._break(f"failed_{attempt}")

    def _break(self, event):
        if event in self.broken:
            raise self.broken[event]


def resets(number):
    """Make that many connection resets."""
    return [ConnectionResetError(*RESET_BY_PEER) for _ in range(number)]


def failure(fn, *args, **kwargs):
    """Call a function that must fail, and give what it raised."""
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - which one is the question
        fn(*args, **kwargs)
    return raised.value


def run_async(name, fn, config=SEED, **options):
    """Run a phase's coroutine function to its end under asyncio."""
    return asyncio.run(retry.call_async(name, fn, config, **options))


class AskingError(ConnectionError):
    """A transient error of a server that asks for a pause."""

    def __init__(self, text="", name="retry-after"):
        self.response = httpx.Response(200, headers={name: text} if text else {})


def note_on(error):
    """Give the one note that an error has."""
    (note,) = error.__notes__
    return note


def because(error, cause):
    """Give the error as if it had been raised from the cause."""
    error.__cause__ = cause
    return error
