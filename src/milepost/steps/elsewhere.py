"""Steps in other processes: plain calls there, which are counted and reported."""

import os
from pathlib import Path
from typing import Final

from milepost.stores.handover import count_up, take_count

_VARIABLE: Final = "MILEPOST_ELSEWHERE"


class Elsewhere:
    """Lets the child processes of a run say that they have called steps.

    Args:
        place: The file in which they count.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._before = os.environ.get(_VARIABLE)
        os.environ[_VARIABLE] = f"{os.getpid()} {place}"

    def end(self) -> int:
        """End it, and give how many steps they have called."""
        if self._before is None:
            os.environ.pop(_VARIABLE, None)
        else:
            os.environ[_VARIABLE] = self._before
        return take_count(self._place)


def count_elsewhere() -> None:
    """Count a step that is called in a child process of a running phase."""
    told = os.environ.get(_VARIABLE)
    if not told:
        return
    pid, _, place = told.partition(" ")
    if pid != str(os.getpid()):
        count_up(Path(place))
