"""Remove a checkpoint by hand, with what its lives left standing."""

from dataclasses import dataclass
from pathlib import Path

from milepost.cleanups import forget, record_made
from milepost.cleanups.calling import call
from milepost.cleanups.finishing import importing
from milepost.cleanups.record import Cleanup
from milepost.cleanups.standing import standing_in
from milepost.document_errors import BadCheckpointError
from milepost.manager import CheckpointManager
from milepost.stores import cleanups, lives


@dataclass(frozen=True)
class Standing:
    """A clean-up that is to be made.

    Attributes:
        folder: Where it is recorded.
        cleanup: The clean-up.
    """

    folder: Path
    cleanup: Cleanup


class Removal:
    """The removal of one checkpoint.

    Args:
        manager: The checkpoints.
        test_id: The checkpoint.
    """

    def __init__(self, manager: CheckpointManager, test_id: str) -> None:
        self._manager = manager
        self._test_id = test_id

    def standing(self) -> list[Standing]:
        """List what is to be cleaned up, in the order of registration, old lives first."""
        return [Standing(f, each) for f in self._folders() for each in standing_in(f)]

    def damaged_lines(self) -> int:
        """Count the lines of which nobody can tell what is to be cleaned up."""
        return sum(cleanups.standing(folder)[1] for folder in self._folders())

    def _folders(self) -> list[Path]:
        store = self._manager.store
        found = lives.left_standing(store.directory)
        old = [folder for test_id, folder in found if test_id == self._test_id]
        return [*old, store.data_path(self._test_id)]

    def make(self, standing: Standing) -> None:
        """Call what a clean-up names, and record that it was made.

        Raises:
            UnknownFunctionError: The function is not there, or may not be imported.
            HeldError: A run works on the checkpoint.
            BaseException: What the function raises.
        """
        self._manager.writer.take(self._test_id)
        root, checkpoints = self._manager.settings.root, self._manager.checkpoint_dir
        made = importing(standing.cleanup, root, checkpoints)
        if standing.folder == self._manager.store.data_path(self._test_id):
            self._end()
        call(made)
        writer = self._manager.writer
        record_made(writer, self._test_id, standing.folder, standing.cleanup)

    def _end(self) -> None:
        """End the life: what is torn down is never gone on with."""
        try:
            checkpoint = self._manager.writer.read(self._test_id)
        except BadCheckpointError:  # no run goes on with that one either
            return
        if checkpoint and not checkpoint.ended_at:
            self._manager.end(checkpoint, passed=False)

    def forget(self) -> None:
        """Record that nothing is left to do, of what cannot be read either.

        Raises:
            HeldError: A run works on the checkpoint.
        """
        for folder in filter(cleanups.stands, self._folders()):
            self._manager.writer.take(self._test_id)
            forget(self._manager.writer, self._test_id, folder)

    def remove(self) -> None:
        """Remove the checkpoint, and all that its lives left.

        Raises:
            HeldError: A run works on it.
        """
        manager = self._manager
        manager.cleanup_checkpoint(self._test_id)
        manager.store.remove_damaged(self._test_id)
        if lives.ended(manager.checkpoint_dir, self._test_id):
            manager.writer.take(self._test_id)
            manager.writer.delete(self._test_id)
