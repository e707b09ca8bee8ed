"""Files and folders as inputs: read, not named."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final

from milepost.canonical import Plain, digest_plain
from milepost.errors import MilepostError

_LEFT_OUT: Final = frozenset({".git", "__pycache__"})
_CACHE_TAG: Final = "CACHEDIR.TAG"


class UnreadableInputError(MilepostError):
    """A file or folder among the inputs is there and cannot be read."""

    def __init__(self, name: str, path: Path, error: OSError) -> None:
        super().__init__(
            f"{name} ({path}) cannot be read.",
            f"{type(error).__name__}: {error.strerror or error}.\n"
            "Whether it has changed could not be found out.",
            "Make it readable, or take it out of with_options(inputs=[...]).",
        )


def hash_of_file(name: str, path: PurePath, root: Path) -> str:
    """Hash the content of a file or of all files in a folder.

    Args:
        name: The input's name.
        path: The file or folder; a relative one is looked for below the root first.
        root: The project's root.

    Returns:
        64 hex digits; a distinct value where nothing is there.

    Raises:
        UnreadableInputError: It is there and cannot be read.
    """
    found = Path(path)
    if not found.is_absolute() and os.path.lexists(root / found):
        found = root / found
    try:
        return digest_plain(_content(found))
    except OSError as error:
        raise UnreadableInputError(name, found, error) from error


def _content(path: Path) -> Plain:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return {"$file": None}
    if stat.S_ISDIR(mode):
        return {"$folder": [[name, _content(inner)] for name, inner in _tree(path, "")]}
    if not stat.S_ISREG(mode):
        return {"$file": "special"}
    with path.open("rb") as file:
        return {"$file": hashlib.file_digest(file, "sha256").hexdigest()}


def _tree(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    """Give the files in a folder and below, caches left out, always in one order."""
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    if any(entry.name == _CACHE_TAG for entry in entries):
        return
    for entry in entries:
        name = prefix + entry.name
        if entry.is_dir() and not entry.is_symlink():
            if entry.name not in _LEFT_OUT:
                yield from _tree(entry, f"{name}/")
        elif not entry.is_dir():
            yield name, entry
