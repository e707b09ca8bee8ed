"""Values that look like content and are different in every process."""

import os
import re
import socket
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePath
from typing import Any, Final
from uuid import UUID

from milepost import clock

MINUTES: Final = 5
_RANDOM_VERSIONS: Final = (1, 4)
_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[14][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)
_LOOPBACK: Final = re.compile(r"\w+://(127\.0\.0\.1|localhost|\[::1\]):(\d{4,5})\b")
_PORTS: Final = range(1024, 65536)
_SHORT: Final = 500
_USUAL_FOLDERS: Final = ("/tmp", "/var/tmp", "/usr/tmp")  # noqa: S108 - only compared


class Volatility:
    """What this process and this moment make different.

    Args:
        roots: Paths below these count relative to them.
    """

    def __init__(self, roots: tuple[PurePath, ...]) -> None:
        self._roots = roots
        self._now = clock.parse_at(clock.now_at()).timestamp()
        self._ports: set[int] | None = None

    def reason(self, value: object, path: str) -> str:
        """Tell what makes a value different in every process; empty if nothing does.

        Args:
            value: The value.
            path: Where it stands; a port is known by its name.
        """
        # By exact type: what only says that it is of a class is not asked.
        kind: Any = type(value)
        given: Any = value
        if kind is str:
            return self._text(given) if len(given) < _SHORT else ""
        if kind is int:
            return self._port(given, path)
        if kind is float:
            return self._second(given)
        if kind is UUID:
            return "is a random uuid" if given.version in _RANDOM_VERSIONS else ""
        if kind is datetime:
            return self._moment(given)
        return self._path(given) if issubclass(kind, PurePath) else ""

    def _path(self, path: PurePath) -> str:
        found = is_temporary(path, self._roots)
        return "is a path below the temporary folder" if found else ""

    def _text(self, text: str) -> str:
        if _UUID.fullmatch(text):
            return "looks like a random uuid"
        if text.startswith(os.sep):
            return self._path(PurePath(text))
        if found := _LOOPBACK.match(text):
            return self._port(int(found[2]), "port")
        if text[4:5] == "-" and text[10:11] in ("T", " "):
            with suppress(ValueError):
                return self._moment(datetime.fromisoformat(text))
        return ""

    def _moment(self, moment: datetime) -> str:
        # One without a zone is meant in local time or in UTC: nobody can tell.
        meant = [moment, moment.replace(tzinfo=UTC)] if moment.tzinfo is None else [moment]
        with suppress(OverflowError, ValueError, OSError):
            return next(filter(None, (self._second(one.timestamp()) for one in meant)), "")
        return ""

    def _second(self, seconds: float) -> str:
        near = abs(self._now - seconds) < 60 * MINUTES
        return "is the time of this run" if near else ""

    def _port(self, number: int, path: str) -> str:
        names = re.findall(r"[^\W\d]\w*", path)
        if number not in _PORTS or "port" not in "".join(names[-1:]).lower():
            return ""
        if self._ports is None:
            self._ports = set(_listening_ports())
        return "is a port that this process listens on" if number in self._ports else ""


def is_temporary(path: PurePath, roots: Iterable[PurePath]) -> bool:
    """Tell whether a path leads below a temporary folder.

    Args:
        path: The path.
        roots: Folders that are none, wherever they lie.
    """
    if not path.is_absolute() or any(path.is_relative_to(root) for root in roots):
        return False
    named = any(part.startswith("pytest-of-") for part in path.parts)
    return named or any(folder in path.parents for folder in _temporary_folders())


def cure(name: str) -> str:
    """Give the lines that keep an input the same in every process."""
    argument = name.partition(".")[0].partition("[")[0]
    return (
        f"keep it with phase.remember({argument!r}, ...), "
        f"or leave it out with with_options(ignore=[{argument!r}])"
    )


def _temporary_folders() -> tuple[PurePath, ...]:
    named = map(os.environ.get, ("TMPDIR", "TEMP", "TMP"))
    return _with_targets((*filter(None, named), *_USUAL_FOLDERS))


@cache
def _with_targets(folders: tuple[str, ...]) -> tuple[PurePath, ...]:
    """Give folders as they are named and as they are found."""
    return (*map(PurePath, folders), *(Path(folder).resolve() for folder in folders))


def _listening_ports() -> Iterator[int]:
    """Give the ports on which sockets of this process listen."""
    for handle in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(handle).st_mode):
                with socket.socket(fileno=os.dup(handle)) as copy:
                    if copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        yield copy.getsockname()[1]
