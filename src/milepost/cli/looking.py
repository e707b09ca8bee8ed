"""milepost ls, show: where tests stand, and what stands."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from milepost import report
from milepost.checkpoint import TestCheckpoint
from milepost.cleanups.standing import standing_in
from milepost.cli.calls import show_calls
from milepost.cli.context import manager_of, meant_id, told
from milepost.document_errors import BadCheckpointError
from milepost.errors import StoreError, UnknownCheckpointError
from milepost.journal import read_journal
from milepost.manager import CheckpointManager
from milepost.money.ledger import KINDS, totals
from milepost.money.telling import ledger_lines
from milepost.session import progress
from milepost.stores import lives
from milepost.stores.cleanups import standing


@click.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@told
def list_all(directory: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """List the checkpoints: phases finished, age, what is wrong with a file."""
    manager = manager_of(directory)
    rows = [_row(manager, test_id) for test_id in manager.store.test_ids()]
    rows += [{"test_id": i, "set_aside": str(path)} for i, path in manager.store.damaged()]
    rows += _old_rows(manager)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        for line in [_row_text(row), *_standing_lines(row)]:
            click.echo(line)
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
    row |= _left(manager.store.data_path(test_id))
    remembered = list(checkpoint.milepost.get("remembered", ()))
    row |= {"remembered": remembered} if remembered else {}
    row |= {} if known else _bought(manager, checkpoint)
    if checkpoint.ended_at:
        row["state"] = "passed" if checkpoint.passed_at else "removed"
    return row


def _bought(manager: CheckpointManager, checkpoint: TestCheckpoint) -> dict[str, int]:
    """Count what a test without phases keeps of its calls."""
    folder = manager.store.data_path(checkpoint.test_id)
    number = 0
    with suppress(StoreError):  # show tells it
        number = sum(1 for _ in read_journal(folder, checkpoint.generation).records("call"))
    return {"calls": number} if number else {}


def _old_rows(manager: CheckpointManager) -> list[dict[str, Any]]:
    """Give a row for each old life of which something still stands."""
    found = lives.left_standing(manager.store.directory)
    return [
        {"test_id": test_id, "old_life": str(folder), **_left(folder)}
        for test_id, folder in found
    ]


def _left(folder: Path) -> dict[str, Any]:
    """Give what stands in a folder, and how many lines nobody can read."""
    found = {"standing": standing_rows(folder), "damaged_lines": standing(folder)[1]}
    return {name: value for name, value in found.items() if value}


def standing_rows(folder: Path) -> list[dict[str, Any]]:
    """Give what stands in a folder, and for how long."""
    return [
        {
            "call": each.text,
            "function": each.function,
            "file": each.file,
            "registered_at": each.registered_at,
            "age_seconds": round(each.age_seconds, 1),
        }
        for each in standing_in(folder)
    ]


def _standing_lines(row: dict[str, Any]) -> list[str]:
    ages = [report.duration(each["age_seconds"]) for each in row.get("standing", ())]
    lines = [
        f"    to clean up: {each['call']}, stands for {age}"
        for each, age in zip(row.get("standing", ()), ages, strict=True)
    ]
    damaged = row.get("damaged_lines", 0)
    more = f"    to clean up: {report.count(damaged, 'damaged line')}, nobody knows what"
    return [*lines, more] if damaged else lines


def _row_text(row: dict[str, Any]) -> str:
    if "set_aside" in row:
        return f"{row['test_id']}  damaged, set aside: {row['set_aside']}"
    if "old_life" in row:
        return f"{row['test_id']}  an old life left this to clean up: {row['old_life']}"
    if "problem" in row:
        return f"{row['test_id']}  {row['problem']}: {row['reason']}"
    state = row.get("state") or f"next: {row['resume_phase'] or 'its end'}"
    age = report.duration(row["age_seconds"])
    done = f"{row['completed']} of {report.count(row['phases'], 'phase')}"
    kept = [*row.get("remembered", ())]
    kept += [report.count(row["calls"], "call")] if row.get("calls") else []
    if kept and not row["phases"]:
        # The test keeps its phases in a checkpoint that it makes itself, or has none.
        return f"{row['test_id']}  keeps {', '.join(kept)}, {age} old  ({row['test_name']})"
    return f"{row['test_id']}  {done}, {state}, {age} old  ({row['test_name']})"


@click.command()
@click.argument("test_id", required=False)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: the document, or the calls."
)
@click.option("--path", "as_path", is_flag=True, help="Print where the document lies.")
@click.option("--calls", is_flag=True, help="Show what was bought: steps and calls.")
@click.pass_obj
@told
def show(
    directory: str | None,
    test_id: str | None,
    as_json: bool,  # noqa: FBT001 - click's form
    as_path: bool,  # noqa: FBT001 - click's form
    calls: bool,  # noqa: FBT001 - click's form
) -> None:
    """Show where a test stands, phase by phase; the only one if none is named."""
    manager = manager_of(directory)
    test_id = meant_id(manager, test_id)
    if as_path:
        click.echo(manager.get_checkpoint_path(test_id))
        return
    if calls:
        show_calls(manager, test_id, as_json=as_json)
        return
    checkpoint = manager.writer.read(test_id)
    if checkpoint is None:
        raise UnknownCheckpointError(test_id, str(manager.checkpoint_dir), [])
    if as_json:
        click.echo(json.dumps(checkpoint.to_dict(), indent=2, ensure_ascii=False))
        return
    left = _left(manager.store.data_path(test_id))
    spent = _spent(manager, checkpoint)
    lines = [*_details(checkpoint), *([""] if spent else []), *spent]
    lines += _standing_lines(left)
    for line in [report.status_block(checkpoint), *lines]:
        click.echo(line)


def _spent(manager: CheckpointManager, checkpoint: TestCheckpoint) -> list[str]:
    folder = manager.store.data_path(checkpoint.test_id)
    return ledger_lines(totals(read_journal(folder, checkpoint.generation).records(*KINDS)))


def _details(checkpoint: TestCheckpoint) -> list[str]:
    lines = [
        f"   ⚠️ {p.phase_name}: {p.error}" for p in checkpoint.phases.values() if p.error
    ]
    if checkpoint.passed_at:
        lines.append(f"Passed at {checkpoint.passed_at}; kept to look at only.")
    return ["", *lines] if lines else []
