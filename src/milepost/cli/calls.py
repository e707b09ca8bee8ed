"""milepost show --calls, rm --calls, resolve: what a test has bought."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from milepost import report
from milepost.checkpoint import TestCheckpoint
from milepost.cli.context import known_id, manager_of, told
from milepost.errors import MilepostError, UnknownCheckpointError
from milepost.journal import Journal, read_journal
from milepost.manager import CheckpointManager
from milepost.purchases.again import REASON, Again, find_again, set_back
from milepost.purchases.intentions import find_open, resolution, title
from milepost.purchases.lines import lines
from milepost.purchases.tree import tree


class _NotAgreedError(MilepostError):
    """What is bought again costs money, and nobody has agreed."""

    def __init__(self, test_id: str, *, asked: bool) -> None:
        super().__init__(
            f"nothing of {test_id} was dropped.",
            "You said no." if asked else "There is no terminal to ask whether to drop it.",
            "Say --yes to have what is named above bought again.",
        )


class _NoJSONError(MilepostError):
    """What a step is said to have given is no JSON."""

    def __init__(self, given: str, error: ValueError) -> None:
        super().__init__(
            f"{given!r} is no JSON: {error}.",
            "It is kept as the step's value, as if the step had returned it.",
            "Write it as JSON, as in --done '\"a text\"' or --done 'null'.",
        )


def show_calls(manager: CheckpointManager, test_id: str, *, as_json: bool) -> None:
    """Print what a test has bought, by phase, step and item.

    Args:
        manager: The checkpoints.
        test_id: The checkpoint.
        as_json: Whether for programs.

    Raises:
        UnknownCheckpointError: There is none.
    """
    checkpoint = manager.writer.read(test_id)
    if checkpoint is None:
        raise UnknownCheckpointError(test_id, str(manager.checkpoint_dir), [])
    folder = manager.store.data_path(test_id)
    reader = read_journal(folder, checkpoint.generation)
    tops = tree(reader)
    if as_json:
        found = {
            "test_id": test_id,
            "broken_lines": reader.broken,
            "purchases": [top.to_dict() for top in tops],
        }
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in lines(tops):
        click.echo(line)
    if not tops:
        click.echo(f"{test_id} has bought nothing that is kept.")
    if reader.broken:
        broken = report.count(reader.broken, "broken line")
        click.echo(f"⚠️ {broken}: what they held is lost, the others are used.")


@contextmanager
def _writing(
    manager: CheckpointManager, test_id: str
) -> Iterator[tuple[TestCheckpoint, Journal]]:
    """Hold a checkpoint and its journal.

    Raises:
        UnknownCheckpointError: There is none, or its test has passed.
        HeldError: A run works on it.
    """
    try:
        checkpoint = manager.load_checkpoint(test_id) and manager.hold(test_id)
        if not checkpoint:
            raise UnknownCheckpointError(test_id, str(manager.checkpoint_dir), [])
        lease = manager.writer.go_on(test_id)
        journal = Journal(
            manager.store.data_path(test_id),
            checkpoint.generation,
            fence=lease.fence,
            run=manager.run,
            may_write=lambda: lease.check(test_id),
        )
        try:
            yield checkpoint, journal
        finally:
            journal.close()
    finally:
        manager.close()


def buy_again(manager: CheckpointManager, test_id: str, wanted: str, *, yes: bool) -> None:
    """Drop what a test has bought, so that it is bought again.

    Args:
        manager: The checkpoints.
        test_id: The checkpoint.
        wanted: A phase or a step; empty for all.
        yes: Whether it is agreed.

    Raises:
        MilepostError: There is nothing of that name, or nobody has agreed.
    """
    with _writing(manager, test_id) as (checkpoint, journal):
        again = find_again(journal, checkpoint, wanted)
        for line in _told_again(again):
            click.echo(line)
        if not again.dropped and not again.phases:
            return
        _agree(test_id, yes=yes)
        if again.dropped:
            journal.append("dropped", body={"ids": again.ids, "reason": REASON})
        set_back(checkpoint, again.phases)
        manager.save_checkpoint(checkpoint)
    click.echo("Dropped: the next run buys it again.")


def _told_again(again: Again) -> Iterator[str]:
    """Say what is bought again, and what it had cost."""
    if not again.dropped and not again.phases:
        yield "Nothing is there to be bought again."
    numbers = [(again.number(kind), kind) for kind in ("step", "call")]
    bought = " and ".join(report.count(n, kind) for n, kind in numbers if n)
    if bought:
        cost = f", which had cost {report.money(again.usd)}" if again.number("call") else ""
        unknown = f" and {again.unknown} of unknown cost" if again.unknown else ""
        yield f"To be bought again: {bought}{cost}{unknown}"
    if again.phases:
        yield f"To be run again: {', '.join(again.phases)}"
    for name in again.once:
        yield f"Kept, for it may run at most once: {name}; name it to have it run again"


def _agree(test_id: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise _NotAgreedError(test_id, asked=False)
    if not click.confirm("Drop what is named here?"):
        raise _NotAgreedError(test_id, asked=True)


@click.command()
@click.argument("test_id")
@click.argument("step")
@click.option("--done", metavar="JSON", help="It has happened, and gave this value.")
@click.option("--not-done", is_flag=True, help="It has not happened: it runs again.")
@click.pass_obj
@told
def resolve(
    directory: str | None,
    test_id: str,
    step: str,
    done: str | None,
    not_done: bool,  # noqa: FBT001 - click's form
) -> None:
    """Say how a step ended that may run at most once.

    STEP is its name, or its name with the digits that `milepost show --calls` shows.
    """
    if (done is None) != not_done:
        message = "Say one of --done JSON and --not-done."
        raise click.UsageError(message)
    manager = manager_of(directory)
    test_id = known_id(manager, test_id, manager.store.test_ids())
    value = None if done is None else _json(done)
    with _writing(manager, test_id) as (_, journal):
        intention = find_open(journal, test_id, step)
        body = resolution(intention, value, done=not not_done)
        journal.append("resolved", intention.key, path=intention.path, body=body)
    told_as = "has not happened: it runs again" if not_done else "has happened"
    click.echo(f"Resolved: {title(intention)} {told_as}.")


def _json(given: str) -> Any:
    try:
        return json.loads(given)
    except ValueError as error:
        raise _NoJSONError(given, error) from None
