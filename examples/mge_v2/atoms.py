"""Atomization: the generated files cut into atoms, with what builds on what."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Final

from examples.mge_v2.cutting import Scope, cut
from examples.mge_v2.database import find_masterplan, replace_rows, rows_of, transaction
from examples.mge_v2.graph import Draft, dependencies
from examples.mge_v2.moments import moment
from examples.mge_v2.names import names_in
from examples.mge_v2.rows import Atom, GeneratedFile

_OWN_ROWS: Final = (Atom,)


async def atomization(masterplan_id: str, database_url: str) -> dict[str, Any]:
    """Cut the generated files into atoms of about ten lines.

    Args:
        masterplan_id: What ``masterplan`` returned.
        database_url: Where the generated files are, and the atoms go.

    Returns:
        ``atoms_count``, ``atom_dependencies_count`` and ``average_atom_lines``.

    Raises:
        MissingRowsError: The database does not know the plan.
    """
    with transaction(database_url) as session:
        find_masterplan(session, masterplan_id)
        drafts = list(_drafts(rows_of(session, GeneratedFile, masterplan_id)))
        edges = dependencies(drafts)
        rows = [_row(masterplan_id, draft, edges[draft.number]) for draft in drafts]
        replace_rows(session, masterplan_id, _OWN_ROWS, rows)
        session.flush()
        moment("atomization.cut")
    lines = sum(draft.piece.line_count for draft in drafts)
    return {
        "atoms_count": len(drafts),
        "atom_dependencies_count": sum(len(numbers) for numbers in edges.values()),
        "average_atom_lines": round(lines / max(1, len(drafts)), 2),
    }


def scopes_of(atom: Atom) -> tuple[Scope, ...]:
    """Read back the blocks around an atom."""
    return tuple(Scope(**scope) for scope in atom.scopes)


def _drafts(files: Sequence[GeneratedFile]) -> Iterator[Draft]:
    number = 0
    for file in files:
        lines = file.source.splitlines(keepends=True)
        for piece in cut(file.source):
            number += 1
            text = piece.text(lines)
            names = names_in(text, piece.scopes)
            yield Draft(number, file.path, piece, text, names)


def _row(masterplan_id: str, draft: Draft, depends_on: list[int]) -> Atom:
    return Atom(
        masterplan_id=masterplan_id,
        number=draft.number,
        path=draft.path,
        first_line=draft.piece.first_line,
        last_line=draft.piece.last_line,
        source=draft.text,
        scopes=[dataclasses.asdict(scope) for scope in draft.piece.scopes],
        binds=sorted(draft.names.binds),
        uses=sorted(draft.names.uses),
        depends_on=depends_on,
    )
