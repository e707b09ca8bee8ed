"""milepost rm, accept: what changes checkpoints by hand."""

import sys

import click

from milepost import report
from milepost.cleanups.finishing import is_failure
from milepost.cleanups.loading import UnknownFunctionError
from milepost.cli.calls import buy_again
from milepost.cli.context import known_id, manager_of, told
from milepost.errors import MilepostError
from milepost.manager import CheckpointManager
from milepost.removal import Removal, Standing
from milepost.secret import redact
from milepost.stores import lives


class _UnansweredError(MilepostError):
    """Clean-ups stand, and nobody can be asked."""

    def __init__(self, test_id: str) -> None:
        super().__init__(
            f"{test_id} was not removed.",
            "Something of it still stands, and there is no terminal to ask whether to call "
            "what is printed above.",
            "Say --yes to call it, or --forget to remove the checkpoint and leave it "
            "standing.",
        )


class _DamagedError(MilepostError):
    """Nobody can tell what some clean-ups are."""

    def __init__(self, test_id: str, lines: int) -> None:
        super().__init__(
            f"{test_id} was not removed.",
            f"{report.count(lines, 'damaged line')} may name something that still stands.",
            f"Look for what the test may have left; then `milepost rm --forget {test_id}`.",
        )


class _RefusedError(MilepostError):
    """Somebody was asked, and said no."""

    def __init__(self, test_id: str) -> None:
        super().__init__(
            f"{test_id} was not removed.",
            "What is printed above still stands, and is not to be called.",
            "Run the test again, or say --forget to remove the checkpoint and leave it "
            "standing.",
        )


@click.command("rm")
@click.argument("test_ids", nargs=-1, metavar="[TEST_ID]...")
@click.option("--all", "everything", is_flag=True, help="Remove all checkpoints.")
@click.option("--yes", is_flag=True, help="Call clean-ups, or drop, without asking.")
@click.option("--forget", is_flag=True, help="Call no clean-ups: what stands, stands.")
@click.option(
    "--calls",
    metavar="[PHASE|STEP]",
    is_flag=False,
    flag_value="",
    help="Keep the checkpoint, and buy its steps and calls again: all, or those of a "
    "phase or of a step.",
)
@click.pass_obj
@told
def remove(
    directory: str | None,
    test_ids: tuple[str, ...],
    everything: bool,  # noqa: FBT001 - click's form
    yes: bool,  # noqa: FBT001 - click's form
    forget: bool,  # noqa: FBT001 - click's form
    calls: str | None,
) -> None:
    """Remove checkpoints: their tests start over.

    What a checkpoint left standing is cleaned up first: each call is printed, and made
    when you agree.
    """
    if bool(test_ids) == everything:
        message = "Name the checkpoints to remove, or say --all."
        raise click.UsageError(message)
    if yes and forget:
        message = "--yes calls clean-ups, and --forget does not: say one of them."
        raise click.UsageError(message)
    manager = manager_of(directory)
    if calls is not None:
        if len(test_ids) != 1 or forget:
            message = "milepost rm TEST_ID --calls [PHASE|STEP] takes one test."
            raise click.UsageError(message)
        known_id(manager, test_ids[0], manager.store.test_ids())
        buy_again(manager, test_ids[0], calls, yes=yes)
        return
    known = _known(manager)
    names = known if everything else [known_id(manager, each, known) for each in test_ids]
    names = sorted(names, key=lambda name: _latest(manager, name), reverse=True)
    results = [_removed(manager, name, yes=yes, forget=forget) for name in names]
    if not all(results):
        raise SystemExit(1)


def _latest(manager: CheckpointManager, test_id: str) -> str:
    """Tell when a checkpoint registered a clean-up last: that one is called first."""
    found = Removal(manager, test_id).standing()
    return max((each.cleanup.registered_at for each in found), default="")


def _known(manager: CheckpointManager) -> list[str]:
    """Name all of which something is left."""
    store = manager.store
    damaged = [test_id for test_id, _ in store.damaged()]
    old = [test_id for test_id, _ in lives.left_standing(store.directory)]
    return sorted({*store.test_ids(), *damaged, *old})


def _removed(manager: CheckpointManager, test_id: str, *, yes: bool, forget: bool) -> bool:
    """Remove one checkpoint; what stands against it does not stop the others."""
    removal = Removal(manager, test_id)
    try:
        if not _cleaned_up(removal, test_id, yes=yes, forget=forget):
            return False
        removal.remove()
    except MilepostError as error:
        click.echo(str(error), err=True)
        return False
    finally:
        manager.close()
    click.echo(f"Removed {test_id}")
    return True


def _cleaned_up(removal: Removal, test_id: str, *, yes: bool, forget: bool) -> bool:
    standing = removal.standing()
    for each in standing:
        click.echo(f"{test_id}: {_text(each)}")
    if forget:
        removal.forget()
        return True
    if standing and not yes:
        if not sys.stdin.isatty():
            raise _UnansweredError(test_id)
        if not click.confirm("Call what is named here?"):
            raise _RefusedError(test_id)
    made = [_made(removal, each, test_id) for each in reversed(standing)]
    if removal.damaged_lines():
        raise _DamagedError(test_id, removal.damaged_lines())
    return all(made)


def _text(standing: Standing) -> str:
    cleanup = standing.cleanup
    place = cleanup.file or cleanup.function.partition(":")[0]
    age = report.duration(cleanup.age_seconds)
    return f"{cleanup.text} of {place}, stands for {age}"


def _made(removal: Removal, standing: Standing, test_id: str) -> bool:
    """Make one; what it raises is told, and it stands."""
    try:
        removal.make(standing)
    except UnknownFunctionError as error:
        click.echo(str(error), err=True)
        return False
    except MilepostError:
        raise
    except BaseException as error:
        if not is_failure(error):
            raise
        what = redact(f"{type(error).__name__}: {error}".rstrip(": "))
        message = (
            f"milepost: clean-up {standing.cleanup.text} failed, and still stands.\n"
            f"  It raised {what}\n"
            f"  Mend that and run `milepost rm {test_id}` again; or do by hand what it "
            "would do, and say --forget."
        )
        click.echo(message, err=True)
        return False
    click.echo(f"Called {standing.cleanup.text}")
    return True


@click.command()
@click.argument("test_id")
@click.pass_obj
@told
def accept(directory: str | None, test_id: str) -> None:
    """Take over a document that was edited by hand, as it is now."""
    manager = manager_of(directory)
    test_id = known_id(manager, test_id, manager.store.test_ids())
    checkpoint = manager.accept_checkpoint(test_id)
    resume = manager.get_resume_phase(checkpoint)
    click.echo(f"Accepted {test_id}; the next run goes on at {resume or 'its end'}.")
