"""Whether two runs of the pipeline came to the same result."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from examples.mge_v2.database import transaction
from examples.mge_v2.rows import Row

_LEFT_BY_TOOLS: Final = {"__pycache__", ".pytest_cache"}


def result_digest(database_url: str, output_dir: str) -> str:
    """Hash what a run has made: the project's files and the rows about it.

    Ids do not count, nor do the places of the database and of the output directory,
    nor what Python and pytest leave beside the files.

    Args:
        database_url: The pipeline's database.
        output_dir: Where the project's folder is.

    Returns:
        A SHA-256 in hex digits.
    """
    return hashlib.sha256(
        json.dumps(result_content(database_url, output_dir), sort_keys=True).encode()
    ).hexdigest()


def result_content(database_url: str, output_dir: str) -> dict[str, Any]:
    """Collect what the digest is made of, to see where two runs differ.

    Args:
        database_url: The pipeline's database.
        output_dir: Where the project's folder is.

    Returns:
        ``files``: a SHA-256 for each path; ``rows``: the rows of each table, sorted.
    """
    with transaction(database_url) as session:
        rows = {table.name: _rows(session, table) for table in Row.metadata.sorted_tables}
    return {"files": dict(_files(Path(output_dir))), "rows": rows}


def _rows(session: Session, table: Table) -> list[str]:
    columns = [column for column in table.columns if not column.name.endswith("_id")]
    found = session.execute(select(*columns)).mappings()
    return sorted(json.dumps(dict(row), sort_keys=True) for row in found)


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not _LEFT_BY_TOOLS.intersection(relative.parts):
            yield relative.as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()
