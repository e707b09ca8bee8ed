"""The command line: milepost ls, show, rm, accept."""

import difflib
import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click

from milepost import report
from milepost.checkpoint import TestCheckpoint
from milepost.errors import BadCheckpointError, MilepostError, UnknownCheckpointError
from milepost.manager import CheckpointManager
from milepost.session import progress
from milepost.settings import Settings, find_settings, make_settings

P = ParamSpec("P")


def _told(command: Callable[P, None]) -> Callable[P, None]:
    """Show milepost's own errors as text, with exit code 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except MilepostError as error:
            click.echo(str(error), err=True)
            raise SystemExit(1) from None

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--dir", "directory", metavar="DIR", help="The folder of the checkpoints.")
@click.version_option(package_name="milepost")
@click.pass_context
def main(context: click.Context, directory: str | None) -> None:
    """Look at the checkpoints of long tests, and remove them."""
    context.obj = directory


def _manager(directory: str | None) -> CheckpointManager:
    found = find_settings()
    settings = make_settings(found.root, {}, directory) if directory else found
    return CheckpointManager(settings.directory, settings=_with(found, settings.directory))


def _with(settings: Settings, directory: Path) -> Settings:
    return Settings(**{**vars(settings), "directory": directory})


def _known(manager: CheckpointManager, test_id: str) -> str:
    """Give the id of a checkpoint that exists; part of an id will do if it is enough."""
    known = manager.store.test_ids()
    if test_id in known:
        return test_id
    begun = [each for each in known if each.startswith(test_id)]
    if len(begun) == 1:
        return begun[0]
    close = begun or difflib.get_close_matches(test_id, known, n=3, cutoff=0.4)
    raise UnknownCheckpointError(test_id, str(manager.checkpoint_dir), close)


@main.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@_told
def list_all(directory: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """List the checkpoints: phases finished, age, what is wrong with a file."""
    manager = _manager(directory)
    rows = [_row(manager, test_id) for test_id in manager.store.test_ids()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(_row_text(row))
    if not rows:
        click.echo(f"No checkpoints in {manager.checkpoint_dir}")


def _row(manager: CheckpointManager, test_id: str) -> dict[str, Any]:
    try:
        checkpoint = manager.writer.read(test_id)
    except BadCheckpointError as error:
        return {"test_id": test_id, "problem": error.what}
    if checkpoint is None:
        return {"test_id": test_id, "problem": "it has just been removed"}
    _, done, known, age = progress(test_id, checkpoint)
    row: dict[str, Any] = {
        "test_id": test_id,
        "test_name": checkpoint.test_name,
        "completed": done,
        "phases": known,
        "resume_phase": manager.get_resume_phase(checkpoint),
        "age_seconds": round(age, 1),
    }
    return row | ({"passed_at": checkpoint.passed_at} if checkpoint.ended_at else {})


def _row_text(row: dict[str, Any]) -> str:
    if "problem" in row:
        return f"{row['test_id']}  {row['problem']}"
    state = "passed" if "passed_at" in row else f"next: {row['resume_phase']}"
    age = report.duration(row["age_seconds"])
    done = f"{row['completed']} of {row['phases']} phases"
    return f"{row['test_id']}  {done}, {state}, {age} old  ({row['test_name']})"


@main.command()
@click.argument("test_id")
@click.option("--json", "as_json", is_flag=True, help="Print the document.")
@click.option("--path", "as_path", is_flag=True, help="Print where the document lies.")
@click.pass_obj
@_told
def show(directory: str | None, test_id: str, as_json: bool, as_path: bool) -> None:  # noqa: FBT001
    """Show where a test stands, phase by phase."""
    manager = _manager(directory)
    test_id = _known(manager, test_id)
    if as_path:
        click.echo(manager.get_checkpoint_path(test_id))
        return
    checkpoint = manager.writer.read(test_id)
    if checkpoint is None:
        raise UnknownCheckpointError(test_id, str(manager.checkpoint_dir), [])
    if as_json:
        click.echo(json.dumps(checkpoint.to_dict(), indent=2, ensure_ascii=False))
        return
    click.echo(report.status_block(checkpoint))
    for line in _details(checkpoint):
        click.echo(line)


def _details(checkpoint: TestCheckpoint) -> list[str]:
    lines = [
        f"   ⚠️ {p.phase_name}: {p.error}" for p in checkpoint.phases.values() if p.error
    ]
    if checkpoint.passed_at:
        lines.append(f"Passed at {checkpoint.passed_at}; kept to look at only.")
    return ["", *lines] if lines else []


@main.command("rm")
@click.argument("test_ids", nargs=-1, metavar="[TEST_ID]...")
@click.option("--all", "everything", is_flag=True, help="Remove all checkpoints.")
@click.pass_obj
@_told
def remove(directory: str | None, test_ids: tuple[str, ...], everything: bool) -> None:  # noqa: FBT001
    """Remove checkpoints: their tests start over."""
    if bool(test_ids) == everything:
        message = "Name the checkpoints to remove, or say --all."
        raise click.UsageError(message)
    manager = _manager(directory)
    names = manager.store.test_ids() if everything else test_ids
    for test_id in [_known(manager, name) for name in names]:
        manager.cleanup_checkpoint(test_id)
        click.echo(f"Removed {test_id}")


@main.command()
@click.argument("test_id")
@click.pass_obj
@_told
def accept(directory: str | None, test_id: str) -> None:
    """Take over a document that was edited by hand, as it is now."""
    manager = _manager(directory)
    test_id = _known(manager, test_id)
    checkpoint = manager.accept_checkpoint(test_id)
    resume = manager.get_resume_phase(checkpoint)
    click.echo(f"Accepted {test_id}; the next run goes on at {resume or 'its end'}.")
