"""Paths in values: what points where the next run will not find it."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePath
from typing import Any, Final

from milepost import clock
from milepost.fingerprint.volatile import is_temporary
from milepost.phases.directory import is_below_directory
from milepost.phases.run import Run

_MOST: Final = 10_000  # atoms of a value that are looked at
_RECORDED: Final = 100  # paths that the document names
_PATH: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:/{2,3})?(/[^\0]*)", re.DOTALL)
# What pytest and tempfile call the folders that they make.
_THEIRS: Final = re.compile(r"pytest-of-.*|tmp[a-z0-9_]{8}.*")
_CLOCK_SECONDS: Final = 2.0  # by which the times of files may be behind the clock


def temporary_paths(run: Run, data: Any) -> dict[str, dict[str, Any]]:
    """Find what points into a temporary folder, where something of this run is now.

    Args:
        run: The run; its project and its checkpoints are no temporary folders, wherever
            they lie.
        data: A value as plain data.

    Returns:
        By where it stands in the value, as in ``$.report``, the path and whether
        nothing is in it.
    """
    settings = run.manager.settings
    own = (settings.root, run.manager.checkpoint_dir)
    began = clock.parse_at(run.record.started_at).timestamp() - _CLOCK_SECONDS
    found = (
        (place, {"path": text, "empty": _is_empty(text)})
        for place, text in _paths(data)
        if is_temporary(PurePath(text), own)
        and _is_there(text)
        and _is_of_run(PurePath(text), began)
    )
    return dict(islice(found, _RECORDED))


def _is_of_run(path: PurePath, began: float) -> bool:
    """Tell whether a path is one that a run makes for itself.

    A folder that many runs share, such as a cache, is none.
    """
    if any(map(_THEIRS.fullmatch, path.parts)):
        return True
    with suppress(OSError):
        found = Path(path).stat()
        # The oldest of its times is never before it was made, and often just then.
        return min(found.st_atime, found.st_mtime, found.st_ctime) >= began
    return False


def why_lost(run: Run, record: Mapping[str, Any], data: Any) -> list[str]:
    """Tell what a kept value points to that is not there.

    Args:
        run: The run.
        record: What stands beside the value in the document.
        data: The value as plain data.

    Returns:
        Lines for people; empty if nothing is lost.
    """
    marked = record.get("temporary", {}).values()
    lost = [f"{known['path']}, which {why}" for known in marked if (why := _why(known))]
    own = f"{os.sep}{run.test_id}.d{os.sep}directory"
    moved = [
        text
        for _, text in _paths(data)
        if own in text and not is_below_directory(run, text)
    ]
    reasons = [f"its value points to {text}" for text in lost]
    elsewhere = "its value points into the folder that it had elsewhere"
    return reasons + [f"{elsewhere}: {text}" for text in moved]


def _why(known: Mapping[str, Any]) -> str:
    """Tell what became of a temporary path; empty if it is as it was."""
    if not _is_there(known["path"]):
        return "is gone"
    emptied = _is_empty(known["path"]) and not known["empty"]
    return "is empty now" if emptied else ""


def note_of(name: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    """Say for people what the next run will not find, and the cure."""
    place, text = next((place, known["path"]) for place, known in found.items())
    more = f" (+{len(found) - 1} more)" if len(found) > 1 else ""
    return (
        f"{name}: its value points into a temporary folder: {place} is {text}{more}\n"
        "The next run has another one; where that path is gone, the phase is stale.\n"
        "Let the phase write below phase.directory, which is kept with the checkpoint"
    )


def _is_there(text: str) -> bool:
    with suppress(OSError, ValueError):  # a text that can be no path
        return Path(text).exists()
    return False


def _is_empty(text: str) -> bool:
    """Tell whether a file or folder holds nothing."""
    path = Path(text)
    with suppress(OSError, ValueError):
        return not (any(path.iterdir()) if path.is_dir() else path.stat().st_size)
    return False


def _paths(data: Any) -> Iterator[tuple[str, str]]:
    """Give the absolute paths in a value, also those in URLs, with where they stand."""
    for number, (place, atom) in enumerate(_atoms(data, "$")):
        if number >= _MOST:
            return
        if isinstance(atom, str) and (found := _PATH.fullmatch(atom)):
            yield place, found[1]


def _atoms(data: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, each in data.items():
            yield from _atoms(each, f"{place}.{key}")
    elif isinstance(data, list):
        for position, each in enumerate(data):
            yield from _atoms(each, f"{place}[{position}]")
    else:
        yield place, data
