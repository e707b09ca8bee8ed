"""Copies in memory: only the newest one is saved, and nothing that was removed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost import CheckpointManager, PhaseStatus
from milepost.errors import (
    CheckpointExistsError,
    GoneError,
    HeldError,
    MilepostError,
    StaleCopyError,
    StoreError,
)
from milepost.stores import files
from tests.crash.nursery import Nursery

PHASES = ["discovery", "masterplan"]
LARGE = {"tasks": ["a task of many words"] * 10_000}


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[CheckpointManager]:
    """Give a manager with a checkpoint whose first phase has finished."""
    made = CheckpointManager(tmp_path / "checkpoints")
    checkpoint = made.create_checkpoint("Pipeline", "pipeline", "", PHASES)
    made.start_phase(checkpoint, "discovery")
    made.complete_phase(checkpoint, "discovery", {"id": 7})
    yield made
    made.close()


def test_the_older_of_two_copies_is_refused(manager: CheckpointManager) -> None:
    """A copy that was loaded before another one was saved does not overwrite it."""
    first, second = (manager.load_checkpoint("pipeline") for _ in range(2))
    assert first
    assert second
    manager.start_phase(first, "masterplan")
    manager.complete_phase(first, "masterplan", {"tasks": 33})
    for _ in range(2):
        with pytest.raises(StaleCopyError, match="out of date"):
            manager.save_checkpoint(second)

    saved = manager.load_checkpoint("pipeline")
    assert saved
    assert saved.phases["masterplan"].tasks == 33


def test_two_managers_of_one_process_take_turns(manager: CheckpointManager) -> None:
    """A second manager writes under the same lease; the first one's copy is stale then."""
    mine = manager.load_checkpoint("pipeline")
    other = CheckpointManager(manager.checkpoint_dir)
    theirs = other.load_checkpoint("pipeline")
    assert mine
    assert theirs
    other.start_phase(theirs, "masterplan")
    with pytest.raises(StaleCopyError):
        manager.fail_phase(mine, "masterplan", "late")
    # Whoever closes first does not take the lease from the other.
    manager.close()
    other.complete_phase(theirs, "masterplan", LARGE)
    other.close()

    assert list(manager.checkpoint_dir.glob("*.d/lease-*")) == []
    saved = manager.load_checkpoint("pipeline")
    assert saved
    assert saved.phases["masterplan"].status == PhaseStatus.COMPLETED
    assert saved.phases["masterplan"].milepost_outcome == "completed"


def write_from_elsewhere(folder: Path, told: Path) -> None:
    """Do all that writes, from another process, and note what is refused."""
    manager = CheckpointManager(folder)
    checkpoint = manager.load_checkpoint("pipeline")
    assert checkpoint
    uses = (
        lambda: manager.start_phase(checkpoint, "masterplan"),
        lambda: manager.create_checkpoint("Pipeline", "pipeline"),
        lambda: manager.cleanup_checkpoint("pipeline"),
        lambda: manager.accept_checkpoint("pipeline"),
    )
    for use in uses:
        try:
            use()
        except MilepostError as error:
            with told.open("a") as log:
                log.write(f"{type(error).__name__}\n")


def test_a_live_run_is_left_alone(
    manager: CheckpointManager, nursery: Nursery, tmp_path: Path
) -> None:
    """Another process can start, create, remove and accept nothing while a run lives."""
    told = tmp_path / "told"
    life = nursery.call(write_from_elsewhere, manager.checkpoint_dir, told)

    assert life.result().code == 0
    assert told.read_text().split() == ["HeldError"] * 4
    saved = manager.load_checkpoint("pipeline")
    assert saved
    assert saved.phases["masterplan"].retry_count == 0
    manager.save_checkpoint(saved)


def test_a_copy_of_another_process_is_stale(
    manager: CheckpointManager, nursery: Nursery
) -> None:
    """A copy that another process saved over in the meantime is refused."""
    mine = manager.load_checkpoint("pipeline")
    assert mine
    manager.close()
    life = nursery.call(save_once, manager.checkpoint_dir)
    assert life.result().code == 0, life.output.read_text()

    with pytest.raises(StaleCopyError, match="has revision 4, this copy 3"):
        manager.start_phase(mine, "masterplan")


def save_once(folder: Path) -> None:
    """Load the checkpoint and save it."""
    manager = CheckpointManager(folder)
    checkpoint = manager.load_checkpoint("pipeline")
    assert checkpoint
    manager.save_checkpoint(checkpoint)


def test_an_unfinished_checkpoint_is_not_created_anew(manager: CheckpointManager) -> None:
    """Creating a checkpoint where one is unfinished would lose it, and is refused."""
    with pytest.raises(CheckpointExistsError, match="load_checkpoint"):
        manager.create_checkpoint("Pipeline", "pipeline", "", PHASES)
    saved = manager.load_checkpoint("pipeline")
    assert saved
    assert saved.phases["discovery"].id == 7


@pytest.mark.parametrize("value", [{"id": 1}, LARGE], ids=["small", "large"])
def test_a_late_writer_is_told(manager: CheckpointManager, value: object) -> None:
    """What was deleted is not written again, neither its document nor its folder."""
    late = manager.load_checkpoint("pipeline")
    assert late
    manager.start_phase(late, "masterplan")
    CheckpointManager(manager.checkpoint_dir).cleanup_checkpoint("pipeline")
    with pytest.raises(GoneError, match="no longer this run's"):
        manager.complete_phase(late, "masterplan", value)

    assert list(manager.checkpoint_dir.glob("*pipeline*")) == []


def test_a_removed_document_is_not_saved_again(manager: CheckpointManager) -> None:
    """A document that the user removed while a run holds it stays removed."""
    held = manager.load_checkpoint("pipeline")
    assert held
    manager.start_phase(held, "masterplan")
    manager.get_checkpoint_path("pipeline").unlink()
    with pytest.raises(GoneError, match="Its file was removed"):
        manager.complete_phase(held, "masterplan", {})

    assert not manager.checkpoint_exists("pipeline")


def test_a_save_that_is_not_known_to_be_durable_is_repeated(
    manager: CheckpointManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be synced is an error, and the next save goes on from there."""
    held = manager.load_checkpoint("pipeline")
    assert held
    manager.start_phase(held, "masterplan")
    with monkeypatch.context() as broken:
        # No disk here can be told to fail one sync.
        def refuse(folder: Path) -> None:
            raise OSError(5, "Input/output error", str(folder))

        broken.setattr(files, "sync_folder", refuse)
        with pytest.raises(StoreError, match="Input/output error"):
            manager.complete_phase(held, "masterplan", {"tasks": 33})
    manager.save_checkpoint(held)

    saved = manager.load_checkpoint("pipeline")
    assert saved
    assert saved.phases["masterplan"].tasks == 33


def test_a_manager_that_is_dropped_gives_its_leases_back(
    manager: CheckpointManager, nursery: Nursery
) -> None:
    """Who never calls close() blocks nobody once the manager is gone."""
    manager.close()
    other = CheckpointManager(manager.checkpoint_dir)
    checkpoint = other.load_checkpoint("pipeline")
    assert checkpoint
    other.save_checkpoint(checkpoint)
    del other, checkpoint

    assert nursery.call(save_once, manager.checkpoint_dir).result().code == 0


def test_waiting_is_bounded(
    manager: CheckpointManager, nursery: Nursery, tmp_path: Path
) -> None:
    """A manager waits for another process as long as it is told to, and then says so."""
    told = tmp_path / "told"
    life = nursery.call(wait_for, manager.checkpoint_dir, told)

    assert life.result().code == 0, life.output.read_text()
    assert "Waited 0.3 s" in told.read_text()


def wait_for(folder: Path, told: Path) -> None:
    """Try to save with a wait of 0.3 s."""
    manager = CheckpointManager(folder)
    manager.writer.wait = 0.3
    checkpoint = manager.load_checkpoint("pipeline")
    assert checkpoint
    try:
        manager.save_checkpoint(checkpoint)
    except HeldError as error:
        told.write_text(str(error))
