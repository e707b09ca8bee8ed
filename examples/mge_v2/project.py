"""File writing: the project on the disk, put together from its atoms."""

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from examples.mge_v2.database import find_masterplan, rows_of, transaction
from examples.mge_v2.errors import DamagedProjectError
from examples.mge_v2.moments import moment
from examples.mge_v2.rows import Atom, AtomCheck, GeneratedFile, WrittenFile

_PHASE: Final = "file_writing"


async def file_writing(
    masterplan_id: str, database_url: str, output_dir: str
) -> dict[str, Any]:
    """Put the files of the project together from its atoms, and write them.

    Args:
        masterplan_id: What ``masterplan`` returned.
        database_url: Where the atoms are.
        output_dir: Where the project's folder goes; the folder has the project's name.

    Returns:
        ``files_written_count``, ``total_bytes`` and ``project_directory``, relative to
        the output directory.

    Raises:
        MissingRowsError: The database does not know the plan.
        DamagedProjectError: The atoms were not all checked, or are not the files.
    """
    with transaction(database_url) as session:
        project_name = find_masterplan(session, masterplan_id).project_name
        files = _assemble(session, masterplan_id)
    written = write_files(
        masterplan_id, database_url, Path(output_dir) / project_name, _PHASE, files
    )
    return {
        "files_written_count": len(written),
        "total_bytes": sum(file.size_bytes for file in written),
        "project_directory": project_name,
    }


def _assemble(session: Session, masterplan_id: str) -> dict[str, str]:
    checked = {row.number for row in rows_of(session, AtomCheck, masterplan_id)}
    parts: dict[str, list[str]] = defaultdict(list)
    for atom in rows_of(session, Atom, masterplan_id):
        if atom.number not in checked:
            raise DamagedProjectError(atom.path, f"atom {atom.number} was not checked")
        parts[atom.path].append(atom.source)
    files = {path: "".join(texts) for path, texts in parts.items()}
    for file in rows_of(session, GeneratedFile, masterplan_id):
        if files.get(file.path) != file.source:
            raise DamagedProjectError(file.path, "its atoms are not what was generated")
    return files


def write_files(
    masterplan_id: str, database_url: str, folder: Path, phase: str, files: dict[str, str]
) -> list[WrittenFile]:
    """Write the files of one phase in the place of those that it wrote before.

    What is about to be written is in the database first, so that a run that follows a
    crash knows what to remove. Files of other phases are left alone.

    Args:
        masterplan_id: Whose files these are.
        database_url: Where to keep the list of files.
        folder: The project's folder.
        phase: The phase that writes.
        files: Texts by path relative to the folder.

    Returns:
        The list of files, sorted by path.
    """
    rows = [_listed(masterplan_id, phase, path, files[path]) for path in sorted(files)]
    own = (WrittenFile.masterplan_id == masterplan_id) & (WrittenFile.phase == phase)
    with transaction(database_url) as session:
        for path in session.scalars(select(WrittenFile.path).where(own)):
            if path not in files:
                (folder / path).unlink(missing_ok=True)
        session.execute(delete(WrittenFile).where(own))
        session.add_all(rows)
    for row in rows:
        _write(folder / row.path, files[row.path].encode())
        moment(f"{phase}.written")
    return rows


def _listed(masterplan_id: str, phase: str, path: str, text: str) -> WrittenFile:
    content = text.encode()
    return WrittenFile(
        masterplan_id=masterplan_id,
        phase=phase,
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    temporary.replace(path)
