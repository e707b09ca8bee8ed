"""Which clean-ups of a folder still stand: registered, and not made yet."""

from pathlib import Path

from milepost.cleanups.record import Cleanup, from_record
from milepost.stores import cleanups as file


def standing_in(folder: Path) -> list[Cleanup]:
    """List the clean-ups that stand, in the order of their registration.

    Args:
        folder: The folder of a checkpoint, or one that an old life left.

    Raises:
        StoreError: It cannot be read.
    """
    return [from_record(record) for record in file.standing(folder)[0]]
