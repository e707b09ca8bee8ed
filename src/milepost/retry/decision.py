"""After each attempt at a phase: another one, and when?

Says what it decides in the log, to whoever records the attempts, and in a note on the
error that comes out in the end.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar, cast

from milepost import clock
from milepost.retry.config import RetryConfig
from milepost.retry.retry_after import seconds_asked
from milepost.retry.transient import is_transient

T = TypeVar("T")

_LINE: Final = 300  # characters of an error's text
_logger = logging.getLogger("milepost.retry")


class AttemptListener(Protocol):
    """Whoever records the attempts at a phase, each as it happens."""

    def attempt_starts(self, attempt: int) -> None:
        """Take note that an attempt is about to start.

        Args:
            attempt: 1 for the first.
        """

    def attempt_failed(
        self, attempt: int, error: BaseException, wait: float | None
    ) -> None:
        """Take note that an attempt has ended without a value.

        Args:
            attempt: 1 for the first.
            error: What it raised.
            wait: Seconds until the next one starts; None: there will be none.
        """


@dataclass(slots=True)
class Ending(Generic[T]):
    """How an attempt ended: with a value or an error, and the wait for the next."""

    value: T | None = None
    error: BaseException | None = None
    wait: float | None = None

    def give(self) -> T:
        """Give the value, or raise the error as it is."""
        __tracebackhide__ = True
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # with its traceback it would hold this frame, and the phase's
        return cast("T", self.value)


class Attempts:
    """The attempts at one phase: counts and announces them, decides on the next."""

    def __init__(
        self,
        phase_name: str,
        config: RetryConfig,
        listener: AttemptListener | None,
        time_left: Callable[[], float | None] | None,
    ) -> None:
        self._phase_name = phase_name
        self._config = config
        self._listener = listener
        self._time_left = time_left
        self._started = clock.monotonic()
        self._number = 0
        self._waits: list[float] = []
        self._obstacle = self._manner = ""
        self._last: BaseException | None = None

    def begin(self) -> BaseException | None:
        """Announce the next attempt.

        Returns:
            What to raise instead of starting it; None: it starts.
        """
        last, self._last = self._last, None
        self._number += 1
        try:
            if self._listener is not None:
                self._listener.attempt_starts(self._number)
        except Exception as broken:  # noqa: BLE001 - must not hide the phase's own error
            if last is None:
                return broken
            self._number -= 1
            self._obstacle = f"the next attempt could not be recorded: {_line(broken)}"
            self._note_end(last)
            return last
        return None

    def end(self, error: BaseException) -> Ending[T]:
        """Announce that the attempt ended with an error, and decide on the next."""
        wait = self._decide(error)
        try:
            if self._listener is not None:
                self._listener.attempt_failed(self._number, error, wait)
        except Exception as broken:  # noqa: BLE001 - must not hide the phase's own error
            wait = None
            _add_note(error, f"{self._attempt} could not be recorded: {_line(broken)}")
        if wait is None:
            self._note_end(error)
        else:
            self._last = error
            self._waits.append(wait)
            self._log("⏳ Retrying in %.1fs %s...", wait, self._manner)
        return Ending(error=error, wait=wait)

    @property
    def _attempt(self) -> str:
        return f"attempt {self._number} of phase {self._phase_name!r}"

    def _decide(self, error: BaseException) -> float | None:
        try:
            return self._choose_wait(error)
        except Exception as broken:  # noqa: BLE001 - a predicate is the user's, and may raise
            reason = f"a retry after {self._attempt} could not be decided: {_line(broken)}"
            _add_note(error, reason)
            return None

    def _choose_wait(self, error: BaseException) -> float | None:
        config = self._config
        if not is_transient(error, config.retry_on, config.give_up_on):
            return None
        of = config.max_retries + 1
        self._log("⚠️ Phase %s failed (attempt %d/%d)", self._phase_name, self._number, of)
        from milepost.secret import redact  # noqa: PLC0415 - only when something failed

        self._log("   Error: %s", redact(_line(error)))
        if self._number >= of:
            return None
        asked = seconds_asked(error)
        if asked is None:
            wait, self._manner = config.delay(self._number - 1), "with exponential backoff"
        else:
            wait, self._manner = min(asked, config.longest_asked), "as the server asks"
        self._obstacle = self._find_obstacle(wait)
        return None if self._obstacle else wait

    def _log(self, text: str, *values: object) -> None:
        # A listener says it to people by itself; twice would bury a failing test.
        level = logging.WARNING if self._listener is None else logging.INFO
        _logger.log(level, text, *values)

    def _find_obstacle(self, wait: float) -> str:
        limit, elapsed = self._config.max_elapsed, clock.monotonic() - self._started
        if limit is not None and elapsed + wait > limit:
            return f"a wait of {wait:.1f} s would end after max_elapsed ({limit:g} s)"
        left = self._time_left() if self._time_left is not None else None
        if left is not None and wait > left:
            away = f"{max(left, 0.0):.1f} s away"
            return f"a wait of {wait:.1f} s would end after the run's deadline, {away}"
        return ""

    def _note_end(self, error: BaseException) -> None:
        if not isinstance(error, Exception) or not (self._waits or self._obstacle):
            return
        plural = "s" if self._number > 1 else ""
        seconds = clock.monotonic() - self._started
        text = f"phase {self._phase_name!r} failed after {self._number} attempt{plural}"
        text += f" over {seconds:.1f} s"
        if self._waits:
            text += f" (waits: {', '.join(f'{wait:.1f} s' for wait in self._waits)})"
        if self._obstacle:
            text += f"; not tried again: {self._obstacle}"
        _add_note(error, text)


def _line(error: BaseException) -> str:
    text = ""
    with suppress(Exception):
        text = str(error).strip().partition("\n")[0][:_LINE]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _add_note(error: BaseException, text: str) -> None:
    # A class may have made its notes something that add_note() refuses.
    with suppress(Exception):
        error.add_note(f"milepost: {text}")
