"""The manager module at the place where the original system has it."""

from pathlib import Path

from milepost.checkpoint import PhaseCheckpoint, PhaseStatus, TestCheckpoint
from milepost.manager import CheckpointManager as Manager

__all__ = ["CheckpointManager", "PhaseCheckpoint", "PhaseStatus", "TestCheckpoint"]


class CheckpointManager(Manager):
    """The manager whose checkpoints lie in ``checkpoints/`` beside this file.

    Args:
        checkpoint_dir: Another folder.
    """

    def __init__(self, checkpoint_dir: str | Path | None = None) -> None:
        super().__init__(checkpoint_dir or Path(__file__).parent / "checkpoints")
