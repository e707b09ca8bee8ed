"""Named moments in the middle of a phase, at which a test can have it killed.

``MGE_KILL_AT=wave_execution.wave:3`` kills the process with SIGKILL, without a word, the
third time that it passes this moment. Without the variable a moment is nothing.
"""

import os
import signal
from collections import Counter
from typing import Final

MOMENTS: Final = (
    "discovery.answered",
    "masterplan.answered",
    "code_generation.answered",
    "code_generation.kept",
    "atomization.cut",
    "wave_execution.wave",
    "file_writing.written",
    "infrastructure.written",
)

_NAME, _, _COUNT = os.environ.get("MGE_KILL_AT", "").partition(":")
_passed: Final[Counter[str]] = Counter()


def moment(name: str) -> None:
    """Pass a moment, or die in it.

    Args:
        name: One of ``MOMENTS``.
    """
    if name != _NAME:
        return
    _passed[name] += 1
    if _passed[name] == int(_COUNT or 1):
        os.kill(os.getpid(), signal.SIGKILL)
