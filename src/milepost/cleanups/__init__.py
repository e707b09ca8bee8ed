"""Clean-ups: calls that are made when a checkpoint goes.

What most tests do not need is imported where it is.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from milepost import clock
from milepost.stores import cleanups as file
from milepost.stores.signals import deferred_signals
from milepost.writer import Writer, logger

if TYPE_CHECKING:
    from milepost.cleanups.finishing import Entry
    from milepost.cleanups.record import Cleanup

__all__ = ["finish", "finish_old", "forget", "let_stand", "record_made"]


def finish(
    writer: Writer, test_id: str, root: Path, entries: Sequence["Entry"]
) -> list[str]:
    """Make clean-ups, as far as they may be made here, and record each.

    Args:
        writer: Holds the checkpoint's lease.
        test_id: The checkpoint.
        root: The project's folder.
        entries: What to make, in the order of registration.

    Returns:
        Lines for people about those that were not made, or for an earlier run.
    """
    from milepost.cleanups import finishing  # noqa: PLC0415 - only if used

    checkpoints = writer.store.directory
    trust = finishing.Trust(root=root, test_id=test_id, checkpoints=checkpoints)
    folder = writer.store.data_path(test_id)
    done = partial(record_made, writer, test_id, folder)
    notes = finishing.finish(entries, trust, done)
    damaged = file.standing(folder)[1]
    return notes + ([finishing.damage(damaged, test_id)] if damaged else [])


def record_made(writer: Writer, test_id: str, folder: Path, made: "Cleanup") -> None:
    """Record that a clean-up was made.

    Args:
        writer: Holds the checkpoint's lease.
        test_id: The checkpoint.
        folder: Where it was recorded: the checkpoint's folder, or that of an old life.
        made: The clean-up.

    Raises:
        StoreError: The disk refuses.
        GoneError: Another run took over.
    """
    from milepost.cleanups.record import done  # noqa: PLC0415 - only if used

    with deferred_signals():
        file.append(folder, done(made), writer.go_on(test_id), test_id)


def forget(writer: Writer, test_id: str, folder: Path) -> None:
    """Record that nothing is left to do of what a folder holds, damaged lines as well.

    Args:
        writer: Holds the checkpoint's lease.
        test_id: The checkpoint.
        folder: Its folder, or that of an old life.

    Raises:
        StoreError: The disk refuses.
        GoneError: Another run took over.
    """
    from milepost.cleanups.record import forgotten  # noqa: PLC0415 - only if used

    with deferred_signals():
        file.append(folder, forgotten(), writer.go_on(test_id), test_id)


def let_stand(writer: Writer, test_id: str, generation: str) -> None:
    """Move what still stands of a life that has ended out of the way of the next one.

    Args:
        writer: Holds the checkpoint's lease.
        test_id: The checkpoint.
        generation: The life; may be empty where nobody knows it.
    """
    if file.stands(writer.store.data_path(test_id)):
        writer.store.retire(test_id, generation or clock.new_id())
        logger.warning("clean-ups of %s still stand; see `milepost ls`", test_id)


def finish_old(writer: Writer, test_id: str, root: Path) -> None:
    """Make the clean-ups of a life that ends, which nobody has registered here.

    What is to be told of them is told with the next run.

    Args:
        writer: Holds the checkpoint's lease.
        test_id: The checkpoint.
        root: The project's folder.
    """
    folder = writer.store.data_path(test_id)
    if not file.stands(folder):
        return
    from milepost.cleanups.finishing import Entry  # noqa: PLC0415 - only if used
    from milepost.cleanups.standing import standing_in  # noqa: PLC0415 - only if used

    entries = [Entry(text=each.text, cleanup=each) for each in standing_in(folder)]
    writer.asides += finish(writer, test_id, root, entries)
