"""Start over: the old life of a checkpoint is set aside until the new one passes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from milepost import clock
from milepost.checkpoint import TestCheckpoint
from milepost.cleanups import finish_old
from milepost.manager import CheckpointManager
from milepost.stores import cleanups


def set_aside(manager: CheckpointManager, checkpoint: TestCheckpoint) -> None:
    """Set the old life of a checkpoint aside, as the holder of its lease."""
    generation = checkpoint.generation or clock.new_id()
    if cleanups.stands(manager.store.data_path(checkpoint.test_id)):
        # What is torn down now is never gone on with, wherever a kill comes between.
        manager.end(checkpoint, passed=False)
    finish_old(manager.writer, checkpoint.test_id, manager.settings.root)
    manager.writer.shelve(checkpoint.test_id, generation)


def old_lives(manager: CheckpointManager, test_id: str) -> list[str]:
    """Give a line for people about each life that waits for the new one to pass."""
    found = manager.store.shelved(test_id)
    return [f"started over; {path.name} goes when this test passes" for path in found]


@contextmanager
def starting_over(known: set[tuple[Path, str]]) -> Iterator[None]:
    """Set old lives aside where the test loads or creates its checkpoints itself.

    Its managers may be made and used anywhere before its first phase, so it holds for
    all managers of the process while the test runs.

    Args:
        known: The checkpoints that have begun anew already; they go on.
    """

    def begin(manager: CheckpointManager, test_id: str) -> None:
        place = (manager.checkpoint_dir, test_id)
        if place in known:
            return
        known.add(place)
        checkpoint = manager.hold(test_id)
        if checkpoint is not None:
            set_aside(manager, checkpoint)

    CheckpointManager.before_looking.append(begin)
    try:
        yield
    finally:
        CheckpointManager.before_looking.remove(begin)
