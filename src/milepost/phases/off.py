"""What stands in for a checkpoint where milepost is switched off."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from milepost.cleanups.calling import call


class Off:
    """The folder and the clean-ups of a test whose phases are plain calls.

    Args:
        make_folder: Makes a temporary folder.
    """

    def __init__(self, make_folder: Callable[[], Path]) -> None:
        self._make_folder = make_folder
        self._cleanups: list[Callable[[], object]] = []

    @cached_property
    def directory(self) -> Path:
        """Give a folder for this run."""
        return self._make_folder()

    def cleanup(self, call: Callable[[], object]) -> None:
        """Register what to call when the test is over: nothing will be resumed."""
        self._cleanups.append(call)

    def close(self) -> None:
        """Call what was registered, the last first.

        Raises:
            ExceptionGroup: Some of it raised; the rest was called all the same.
        """
        errors = []
        while self._cleanups:
            try:
                call(self._cleanups.pop())
            except Exception as error:  # noqa: BLE001 - the others are called all the same
                errors.append(error)
        if errors:
            message = "clean-ups failed"
            raise ExceptionGroup(message, errors)
