"""What all verbs share: the checkpoints meant, and errors told as text."""

import difflib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click

from milepost.errors import MilepostError, UnknownCheckpointError
from milepost.manager import CheckpointManager
from milepost.settings import Settings, find_settings, make_settings

P = ParamSpec("P")


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Show milepost's own errors as text, with exit code 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except MilepostError as error:
            click.echo(str(error), err=True)
            raise SystemExit(1) from None

    return run


def manager_of(directory: str | None) -> CheckpointManager:
    """Give the manager of the folder that is meant."""
    found = find_settings()
    settings = make_settings(found.root, {}, directory) if directory else found
    return CheckpointManager(settings.directory, settings=_with(found, settings.directory))


def _with(settings: Settings, directory: Path) -> Settings:
    return Settings(**{**vars(settings), "directory": directory})


def known_id(manager: CheckpointManager, test_id: str, known: list[str]) -> str:
    """Make sure that there is a checkpoint of an id.

    Raises:
        UnknownCheckpointError: There is none; similar ids are named.
    """
    if test_id not in known:
        begun = [each for each in known if each.startswith(test_id)]
        close = begun or difflib.get_close_matches(test_id, known, n=3, cutoff=0.4)
        raise UnknownCheckpointError(test_id, str(manager.checkpoint_dir), close[:3])
    return test_id


def meant_id(manager: CheckpointManager, test_id: str | None) -> str:
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
    return begun[0] if len(begun) == 1 else known_id(manager, test_id or "", known)
