"""What one process hands to another through a file that is gone afterwards."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from milepost.stores.files import FILE_MODE, write_new


@contextmanager
def meeting_place() -> Iterator[Path]:
    """Name a file that a child process may write; it goes at the end."""
    with tempfile.TemporaryDirectory(prefix="milepost-") as folder:
        yield Path(folder) / "handed-over.json"


def hand_over(place: Path, content: bytes) -> None:
    """Write what the other process waits for.

    Args:
        place: The file; it must not exist.
        content: Its bytes.

    Raises:
        OSError: The disk refuses.
    """
    write_new(place, content)


def count_up(place: Path) -> None:
    """Count one, from any process; nothing happens where nobody asks any more."""
    with suppress(OSError):
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
        try:
            os.write(handle, b".")
        finally:
            os.close(handle)


def take_count(place: Path) -> int:
    """Tell how much was counted, and forget it."""
    with suppress(OSError):
        number = place.stat().st_size
        place.unlink()
        return number
    return 0
