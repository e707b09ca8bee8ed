"""Start over: the old life of a checkpoint is set aside until the new one passes."""

from milepost import clock
from milepost.checkpoint import TestCheckpoint
from milepost.manager import CheckpointManager


def set_aside(manager: CheckpointManager, checkpoint: TestCheckpoint) -> None:
    """Set the old life of a checkpoint aside, as the holder of its lease."""
    generation = checkpoint.generation or clock.new_id()
    manager.writer.shelve(checkpoint.test_id, generation)


def old_lives(manager: CheckpointManager, test_id: str) -> list[str]:
    """Give a line for people about each life that waits for the new one to pass."""
    found = manager.store.shelved(test_id)
    return [f"started over; {path.name} goes when this test passes" for path in found]


class Beginner:
    """Sets old lives aside where the test loads or creates its checkpoint itself.

    Args:
        manager: The test's manager; calls this when it is first asked for a checkpoint.
    """

    def __init__(self, manager: CheckpointManager) -> None:
        self._manager = manager
        self._known: set[str] = set()

    def __call__(self, test_id: str) -> None:
        """Set the life that is there aside, once in a session.

        Raises:
            HeldError: Another run works on it.
        """
        __tracebackhide__ = True
        if test_id in self._known:
            return
        self._known.add(test_id)
        checkpoint = self._manager.hold(test_id)
        if checkpoint is not None:
            set_aside(self._manager, checkpoint)
