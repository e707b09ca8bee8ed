"""What lives of a checkpoint left behind, besides the one that goes on.

``old-<test_id>-<generation>`` waits for the life after it to pass;
``<test_id>.d.old-<generation>`` is what a removed document left, or what is still to be
cleaned up.
"""

import glob
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from milepost.stores import cleanups

_OLD: Final = re.compile(
    r"(?P<retired>.+)\.d\.old-[0-9a-f]+|old-(?P<shelved>.+)-[0-9a-f]{16}"
)


def shelved(directory: Path, test_id: str) -> list[Path]:
    """List the lives that ``fresh`` set aside.

    Args:
        directory: The folder of the checkpoints.
        test_id: The checkpoint.
    """
    pattern = re.compile(f"old-{re.escape(test_id)}-[0-9a-f]{{16}}")
    return [entry for entry in _entries(directory) if pattern.fullmatch(entry.name)]


def ended(directory: Path, test_id: str) -> list[Path]:
    """List what may go with a checkpoint: old lives of which nothing stands."""
    retired = directory.glob(f"{glob.escape(test_id)}.d.old-*")
    found = [*shelved(directory, test_id), *retired]
    return [entry for entry in found if not cleanups.stands(entry)]


def let_stand(directory: Path, test_id: str) -> None:
    """Keep what a life that was set aside left standing, when the next one has passed."""
    for entry in shelved(directory, test_id):
        if cleanups.stands(entry):
            generation = entry.name.rpartition("-")[2]
            os.replace(entry, directory / f"{test_id}.d.old-{generation}")


def left_standing(directory: Path) -> list[tuple[str, Path]]:
    """List the folders of old lives with clean-ups to make, with their test ids."""
    found = [(_OLD.fullmatch(entry.name), entry) for entry in _entries(directory)]
    return sorted(
        (match["retired"] or match["shelved"], path)
        for match, path in found
        if match and cleanups.stands(path)
    )


def _entries(directory: Path) -> list[Path]:
    with suppress(FileNotFoundError):
        return sorted(directory.iterdir())
    return []
