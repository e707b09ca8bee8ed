"""Time, sleep and chance: the one replaceable place.

The functions are bound when this module is imported, so that a test suite that
freezes or patches the ``time`` module does not freeze milepost.
"""

import os as _os
import random as _random
import sys as _sys
import time as _time
from datetime import UTC, datetime

monotonic = _time.monotonic
sleep = _time.sleep
uniform = _random.SystemRandom().uniform
_wall_clock = _time.time


def runs_trio() -> bool:
    """Tell whether the calling task runs under trio; otherwise it is asyncio."""
    trio = _sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_task())


async def async_sleep(seconds: float) -> None:
    """Wait and let other tasks run, under whichever of asyncio and trio is running.

    Args:
        seconds: How long.
    """
    if runs_trio():
        await _sys.modules["trio"].sleep(seconds)
    else:
        import asyncio  # noqa: PLC0415 - who has no loop running need not load it

        await asyncio.sleep(seconds)


def now_at() -> str:
    """Tell the wall-clock time.

    Returns:
        UTC in ISO 8601 with milliseconds and a ``Z``, as in
        ``2025-11-10T18:31:48.123Z``.
    """
    moment = datetime.fromtimestamp(_wall_clock(), UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_at(text: str) -> datetime:
    """Read a time written by milepost or by the original system.

    Args:
        text: ISO 8601; a time without a zone counts as UTC.

    Returns:
        An aware datetime.

    Raises:
        ValueError: The text is not an ISO 8601 time.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def age_seconds(text: str) -> float:
    """Tell how long ago a recorded time was, in seconds, never negative."""
    return max(0.0, _wall_clock() - parse_at(text).timestamp())


def new_id() -> str:
    """Make a random identifier of 16 hex digits for a run or a generation."""
    return _os.urandom(8).hex()
