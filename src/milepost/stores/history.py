"""What each run cost and saved; it stays when a test passes."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from milepost import clock
from milepost.stores import files
from milepost.stores.killpoints import killpoint
from milepost.stores.lease import TEMPORARY
from milepost.stores.names import check_test_id

RUNS: Final = 20


def write_history(directory: Path, test_id: str, run: str, record: dict[str, Any]) -> None:
    """Keep what a run cost and saved; the newest runs are kept.

    Args:
        directory: The folder of the checkpoints.
        test_id: The checkpoint.
        run: The run's id.
        record: What it did.

    Raises:
        StoreError: The disk refuses.
    """
    folder = directory / "history" / test_id
    with files.store_errors("write the history in", folder):
        files.make_folder(folder)
        for left in folder.glob(f"{TEMPORARY}*"):
            left.unlink(missing_ok=True)
        content = json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n"
        temporary = folder / f"{TEMPORARY}{run}-{clock.new_id()}"
        files.replace(temporary, folder / f"{run}.json", content, "history", _anyway)
        runs = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in runs[:-RUNS]:
            path.unlink(missing_ok=True)
            killpoint("history.trimmed")


def read_history(directory: Path, test_id: str) -> list[dict[str, Any]]:
    """Give what earlier runs recorded; a file that cannot be read is passed over."""
    return [record for record in _records(directory, test_id) if record]


def _records(directory: Path, test_id: str) -> Iterator[dict[str, Any]]:
    check_test_id(test_id)
    for path in sorted((directory / "history" / test_id).glob("*.json")):
        with suppress(OSError, ValueError):
            record = json.loads(path.read_bytes())
            if isinstance(record, dict):
                yield record


def _anyway() -> None:
    """Allow the rename: the name belongs to this run alone."""
