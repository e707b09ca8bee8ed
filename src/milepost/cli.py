"""The command line: milepost ls, show, rm, accept."""

import difflib
import io
import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click

from milepost import report
from milepost.checkpoint import TestCheckpoint
from milepost.document_errors import BadCheckpointError
from milepost.errors import MilepostError, StoreError, UnknownCheckpointError
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what cannot be shown is no error
            stream.reconfigure(errors="replace")
    context.obj = directory


def _manager(directory: str | None) -> CheckpointManager:
    found = find_settings()
    settings = make_settings(found.root, {}, directory) if directory else found
    return CheckpointManager(settings.directory, settings=_with(found, settings.directory))


def _with(settings: Settings, directory: Path) -> Settings:
    return Settings(**{**vars(settings), "directory": directory})


def _known(manager: CheckpointManager, test_id: str, known: list[str]) -> str:
    """Make sure that there is a checkpoint of an id.

    Raises:
        UnknownCheckpointError: There is none; similar ids are named.
    """
    if test_id not in known:
        begun = [each for each in known if each.startswith(test_id)]
        close = begun or difflib.get_close_matches(test_id, known, n=3, cutoff=0.4)
        raise UnknownCheckpointError(test_id, str(manager.checkpoint_dir), close[:3])
    return test_id


@main.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@_told
def list_all(directory: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """List the checkpoints: phases finished, age, what is wrong with a file."""
    manager = _manager(directory)
    rows = [_row(manager, test_id) for test_id in manager.store.test_ids()]
    rows += [{"test_id": i, "set_aside": str(path)} for i, path in manager.store.damaged()]
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
        return {"test_id": test_id, "problem": error.word, "reason": error.reason}
    except StoreError as error:
        return {"test_id": test_id, "problem": "unreadable", "reason": error.why}
    if checkpoint is None:
        return {"test_id": test_id, "problem": "gone", "reason": "It is no longer there."}
    _, done, known, age = progress(test_id, checkpoint)
    row: dict[str, Any] = {
        "test_id": test_id,
        "test_name": checkpoint.test_name,
        "completed": done,
        "phases": known,
        "resume_phase": manager.get_resume_phase(checkpoint),
        "age_seconds": round(age, 1),
    }
    if checkpoint.ended_at:
        row["state"] = "passed" if checkpoint.passed_at else "removed"
    return row


def _row_text(row: dict[str, Any]) -> str:
    if "set_aside" in row:
        return f"{row['test_id']}  damaged, set aside: {row['set_aside']}"
    if "problem" in row:
        return f"{row['test_id']}  {row['problem']}: {row['reason']}"
    state = row.get("state") or f"next: {row['resume_phase'] or 'its end'}"
    age = report.duration(row["age_seconds"])
    done = f"{row['completed']} of {report.count(row['phases'], 'phase')}"
    return f"{row['test_id']}  {done}, {state}, {age} old  ({row['test_name']})"


def _meant(manager: CheckpointManager, test_id: str | None) -> str:
    """Give the id that begins as was typed; the only one where nothing was.

    Raises:
        UnknownCheckpointError: There is none of it.
        click.UsageError: Nothing was typed, and there is not exactly one.
    """
    known = manager.store.test_ids()
    begun = [each for each in known if each.startswith(test_id or "")]
    if test_id is None and len(begun) != 1:
        where = f"No checkpoints in {manager.checkpoint_dir}"
        raise click.UsageError(f"Name one of: {', '.join(known)}" if known else where)
    return begun[0] if len(begun) == 1 else _known(manager, test_id or "", known)


@main.command()
@click.argument("test_id", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the document.")
@click.option("--path", "as_path", is_flag=True, help="Print where the document lies.")
@click.pass_obj
@_told
def show(
    directory: str | None,
    test_id: str | None,
    as_json: bool,  # noqa: FBT001 - click's form
    as_path: bool,  # noqa: FBT001 - click's form
) -> None:
    """Show where a test stands, phase by phase; the only one if none is named."""
    manager = _manager(directory)
    test_id = _meant(manager, test_id)
    if as_path:
        click.echo(manager.get_checkpoint_path(test_id))
        return
    checkpoint = manager.writer.read(test_id)
    if checkpoint is None:
        raise UnknownCheckpointError(test_id, str(manager.checkpoint_dir), [])
    if as_json:
        click.echo(json.dumps(checkpoint.to_dict(), indent=2, ensure_ascii=False))
        return
    for line in [report.status_block(checkpoint), *_details(checkpoint)]:
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
    damaged = [test_id for test_id, _ in manager.store.damaged()]
    known = sorted({*manager.store.test_ids(), *damaged})
    names = known if everything else [_known(manager, each, known) for each in test_ids]
    results = [_removed(manager, test_id) for test_id in names]
    if not all(results):
        raise SystemExit(1)


def _removed(manager: CheckpointManager, test_id: str) -> bool:
    """Remove one checkpoint; what stands against it does not stop the others."""
    try:
        manager.cleanup_checkpoint(test_id)
        manager.store.remove_damaged(test_id)
    except MilepostError as error:
        click.echo(str(error), err=True)
        return False
    click.echo(f"Removed {test_id}")
    return True


@main.command()
@click.argument("test_id")
@click.pass_obj
@_told
def accept(directory: str | None, test_id: str) -> None:
    """Take over a document that was edited by hand, as it is now."""
    manager = _manager(directory)
    test_id = _known(manager, test_id, manager.store.test_ids())
    checkpoint = manager.accept_checkpoint(test_id)
    resume = manager.get_resume_phase(checkpoint)
    click.echo(f"Accepted {test_id}; the next run goes on at {resume or 'its end'}.")
