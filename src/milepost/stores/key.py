"""The key of this user on this machine: no checkpoint holds it."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from milepost import clock
from milepost.stores import files

VARIABLE: Final = "MILEPOST_KEY"
_BYTES: Final = 32


def user_key(*, create: bool) -> bytes | None:
    """Give the key, out of the environment or of the user's own folder.

    Args:
        create: Whether to make one where there is none.

    Returns:
        The key, or None where there is none, or none can be read or written.
    """
    given = os.environ.get(VARIABLE)
    if given:
        return given.encode()
    with suppress(OSError, RuntimeError):
        path = _path()
        if create and not path.exists():
            _create(path)
        key = path.read_bytes()
        return key if len(key) >= _BYTES else None
    return None


def _path() -> Path:
    folder = os.environ.get("XDG_STATE_HOME", "")
    base = Path(folder) if folder else Path.home() / ".local" / "state"
    return base / "milepost" / "key"


def _create(path: Path) -> None:
    """Write a new key; where another process was faster, its key is the key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=files.FOLDER_MODE)
    temporary = path.with_name(f"{path.name}-{clock.new_id()}")
    files.write_new(temporary, os.urandom(_BYTES))
    try:
        with suppress(FileExistsError):
            files.link_or_copy(temporary, path)
    finally:
        temporary.unlink()
