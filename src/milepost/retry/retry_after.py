"""How long a server asks to be left alone: Retry-After and its relatives."""

import math
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

from milepost import clock
from milepost.retry.library_errors import read
from milepost.retry.transient import every_error

_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


def seconds_asked(error: BaseException) -> float | None:
    """Find how long the server behind an error asks to wait.

    Reads the headers ``retry-after-ms`` and ``retry-after`` (seconds or an HTTP date)
    of the response that the error carries, and Google's ``RetryInfo``. Of an error,
    its causes and the members of a group the longest counts.

    Args:
        error: What an attempt raised.

    Returns:
        Seconds, more than 0; None if nothing is asked for, or it is over, or it is
        not understood.
    """
    found = [_of_one(each) for each in every_error(error)]
    return max((each for each in found if each is not None), default=None)


def _of_one(error: BaseException) -> float | None:
    for headers in (read(read(error, "response"), "headers"), read(error, "headers")):
        found = _positive(_milliseconds(headers)) or _positive(_seconds(headers))
        if found is not None:
            return found
    return _positive(_retry_info(read(error, "details")))


def _positive(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 < seconds < math.inf else None


def _milliseconds(headers: object) -> float | None:
    text = _header(headers, "retry-after-ms")
    return float(text) / 1000 if _NUMBER.fullmatch(text) else None


def _seconds(headers: object) -> float | None:
    text = _header(headers, "retry-after")
    return float(text) if _NUMBER.fullmatch(text) else _until(text)


def _header(headers: object, name: str) -> str:
    get = read(headers, "get")
    if not callable(get):
        return ""
    try:
        found = get(name) or get(name.title())
    except Exception:  # noqa: BLE001 - a mapping of a library may raise anything
        return ""
    return found.strip() if isinstance(found, str) else ""


def _until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
        # "-0000" says that the zone is not known; HTTP has no zone but GMT.
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (aware - clock.parse_at(clock.now_at())).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _retry_info(details: object) -> float | None:
    """Read ``retryDelay`` as google-genai shows it, ``retry_delay`` as google-api-core."""
    if isinstance(details, dict):
        inner = details.get("error")
        return _retry_info((inner if isinstance(inner, dict) else details).get("details"))
    if not isinstance(details, list | tuple):
        return None
    found = [_delay(each) for each in details]
    return max((each for each in found if each is not None), default=None)


def _delay(detail: Any) -> float | None:
    if isinstance(detail, dict):
        text = str(detail.get("retryDelay", "")).removesuffix("s")
        return float(text) if _NUMBER.fullmatch(text) else None
    duration = read(detail, "retry_delay")
    seconds, nanos = read(duration, "seconds"), read(duration, "nanos")
    if isinstance(seconds, int) and isinstance(nanos, int):
        return seconds + nanos / 1e9
    return None
