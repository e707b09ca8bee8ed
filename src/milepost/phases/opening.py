"""Where a test stands when its run begins: what is kept, and what of it is dropped."""

from typing import TYPE_CHECKING

from milepost import attempts, report
from milepost.anew import old_lives, set_aside
from milepost.checkpoint import TestCheckpoint
from milepost.document_errors import OtherIdentityError
from milepost.identity import unlike

if TYPE_CHECKING:
    from milepost.phases.run import Run


def adopt(run: "Run", checkpoint: TestCheckpoint) -> None:
    """Go on with a checkpoint that the test made or loaded itself.

    Args:
        run: The run.
        checkpoint: The checkpoint.

    Raises:
        HeldError: Another run works on it.
    """
    __tracebackhide__ = True
    run.manager.go_on(checkpoint)
    if run.plan.drop_from:
        _drop(run, checkpoint)


def find(run: "Run") -> TestCheckpoint | None:
    """Take the lease and give the checkpoint; None where the test begins anew.

    Raises:
        HeldError: Another run works on it.
        BadCheckpointError: The file is not what milepost wrote.
        OtherIdentityError: The file belongs to another test.
    """
    __tracebackhide__ = True
    manager = run.manager
    checkpoint = manager.hold(run.test_id)
    if checkpoint is None:
        return None
    _compare_identity(run, checkpoint)
    if run.plan.starts_over:
        set_aside(manager, checkpoint)
        return None
    if run.plan.drop_from:
        _drop(run, checkpoint)
    report.checkpoint_found(checkpoint, manager.get_resume_phase(checkpoint))
    return checkpoint


def _compare_identity(run: "Run", checkpoint: TestCheckpoint) -> None:
    __tracebackhide__ = True
    recorded = checkpoint.milepost.get("identity")
    wanted = dict(run.plan.identity or {})
    if recorded is None and "accepted_at" in checkpoint.milepost:
        checkpoint.milepost["identity"], run.is_changed = wanted, True
    elif recorded != wanted:
        raise OtherIdentityError(run.test_id, unlike(recorded or {}, wanted))


def _drop(run: "Run", checkpoint: TestCheckpoint) -> None:
    dropped = attempts.drop_from(checkpoint, run.plan.drop_from)
    if dropped:
        run.manager.save_checkpoint(checkpoint)
        run.record.notes.append(f"begun again at {dropped[0]}: {', '.join(dropped)}")
    else:
        name = run.plan.drop_from
        run.record.notes.append(
            f"--milepost-from {name} changes nothing here: no phase of that name was "
            "started, and what is kept stays"
        )


def note_earlier_lives(run: "Run") -> None:
    """Say what became of the lives before this one."""
    manager, notes = run.manager, run.record.notes
    if manager.last_passed_at:
        notes.append(f"the last run passed ({manager.last_passed_at})")
    if run.plan.starts_over:
        notes += old_lives(manager, run.test_id)
    notes += manager.writer.asides
    manager.writer.asides.clear()
