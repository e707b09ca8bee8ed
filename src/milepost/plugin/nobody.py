"""Calls that belong to nobody: those of a test beside others whose scope records."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, cast

import pytest

from milepost.plugin.state import collected, session_of
from milepost.steps.context import begin_recording, end_recording

if TYPE_CHECKING:
    from milepost.phases.run import Run
    from milepost.steps.memory import Memory


class Nobody:
    """Stands before what others remember: calls of a test that does not ask.

    Args:
        item: The test.
    """

    is_usable: Final = True
    test_scope: Final = None
    lock: Final = nullcontext()

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def begin(self) -> None:
        """Let calls belong to nobody."""
        begin_recording(cast("Memory", self))

    def open_run(self) -> "Run":
        """Open the run of the test, which records nothing."""
        __tracebackhide__ = True
        return session_of(self._item.config).open_run(collected(self._item))

    def end(self) -> None:
        """Let them belong to others again."""
        end_recording(cast("Memory", self))

    def to_properties(self) -> list[tuple[str, object]]:
        """Tell nothing."""
        return []
