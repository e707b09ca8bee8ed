"""Named points at which a test can have this process killed.

``MILEPOST_KILL_AT=document.renamed`` kills the process with SIGKILL when it reaches
that point for the first time, ``document.renamed:3`` for the third;
``MILEPOST_KILL_SIGNAL=SIGSTOP`` sends another signal. A file named by
``MILEPOST_KILL_LOG`` receives the name of every point passed. All are read when
milepost is imported; without them a point costs one comparison.
"""

import os
import signal

_target, _, _count = os.environ.get("MILEPOST_KILL_AT", "").partition(":")
_log = os.environ.get("MILEPOST_KILL_LOG", "")
_signal = signal.Signals[os.environ.get("MILEPOST_KILL_SIGNAL", "SIGKILL")]
_active = bool(_target or _log)
_remaining = int(_count or 1)


def killpoint(name: str) -> None:
    """Die here, without a word, if this point was asked for."""
    if _active:
        _arrive(name)


def is_armed(name: str) -> bool:
    """Tell whether a point will be noticed: what only leads to it can else be left out."""
    return _active and (bool(_log) or name == _target)


def _arrive(name: str) -> None:
    global _remaining  # noqa: PLW0603 - counts over the whole life of the process
    if _log:
        with open(_log, "a", encoding="utf-8") as log:  # noqa: PTH123 - no import for a test aid
            log.write(name + "\n")
    if name == _target:
        _remaining -= 1
        if _remaining == 0:
            os.kill(os.getpid(), _signal)
