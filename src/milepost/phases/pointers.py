"""Paths in values: what points where the next run will not find it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any, Final

from milepost.fingerprint.volatile import is_temporary
from milepost.phases.directory import is_below_directory
from milepost.phases.run import Run

_MOST: Final = 10_000  # atoms of a value that are looked at


def temporary_paths(run: Run, data: Any) -> dict[str, str]:
    """Find what points into a temporary folder, where something is now.

    Args:
        run: The run; its project and its checkpoints are no temporary folders, wherever
            they lie.
        data: A value as plain data.

    Returns:
        The paths by where they stand in the value, as in ``$.report``.
    """
    settings = run.manager.settings
    own = (settings.root, run.manager.checkpoint_dir)
    return {
        place: text
        for place, text in _paths(data)
        if is_temporary(PurePath(text), own) and _is_there(text)
    }


def why_lost(run: Run, record: Mapping[str, Any], data: Any) -> list[str]:
    """Tell what a kept value points to that is not there.

    Args:
        run: The run.
        record: What stands beside the value in the document.
        data: The value as plain data.

    Returns:
        Lines for people; empty if nothing is lost.
    """
    marked = record.get("temporary", {})
    gone = [text for text in marked.values() if not _is_there(str(text))]
    own = f"{os.sep}{run.test_id}.d{os.sep}directory"
    moved = [
        text
        for _, text in _paths(data)
        if own in text and not is_below_directory(run, text)
    ]
    reasons = [f"its value points to {text}, which is gone" for text in gone]
    elsewhere = "its value points into the folder that it had elsewhere"
    return reasons + [f"{elsewhere}: {text}" for text in moved]


def note_of(name: str, found: Mapping[str, str]) -> str:
    """Say for people what the next run will not find, and the cure."""
    place, text = next(iter(found.items()))
    more = f" (+{len(found) - 1} more)" if len(found) > 1 else ""
    return (
        f"{name}: its value points into a temporary folder: {place} is {text}{more}\n"
        "The next run has another one; where that path is gone, the phase is stale.\n"
        "Let the phase write below phase.directory, which is kept with the checkpoint"
    )


def _is_there(text: str) -> bool:
    with suppress(OSError):  # a text that is too long for a path
        return Path(text).exists()
    return False


def _paths(data: Any) -> Iterator[tuple[str, str]]:
    """Give the texts of a value that are absolute paths, with where they stand."""
    for number, (place, atom) in enumerate(_atoms(data, "$")):
        if number >= _MOST:
            return
        if isinstance(atom, str) and atom.startswith(os.sep) and "\0" not in atom:
            yield place, atom


def _atoms(data: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, each in data.items():
            yield from _atoms(each, f"{place}.{key}")
    elif isinstance(data, list):
        for position, each in enumerate(data):
            yield from _atoms(each, f"{place}[{position}]")
    else:
        yield place, data
