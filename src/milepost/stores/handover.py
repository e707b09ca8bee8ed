"""What one process hands to another through a file that is gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from milepost.stores.files import write_new


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
