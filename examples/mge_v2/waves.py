"""Wave execution: atoms checked side by side, each after what it builds on."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from examples.mge_v2.atoms import scopes_of
from examples.mge_v2.database import find_masterplan, replace_rows, rows_of, transaction
from examples.mge_v2.errors import InvalidAtomsError
from examples.mge_v2.moments import moment
from examples.mge_v2.names import ALWAYS_KNOWN, in_place
from examples.mge_v2.order import waves
from examples.mge_v2.rows import Atom, AtomCheck

_OWN_ROWS: Final = (AtomCheck,)


async def wave_execution(masterplan_id: str, database_url: str) -> dict[str, Any]:
    """Check all atoms, in waves: a wave holds what builds on earlier waves only.

    An atom is good when it compiles in its place and knows every name that it uses.

    Args:
        masterplan_id: What ``masterplan`` returned.
        database_url: Where the atoms are, and the outcome goes.

    Returns:
        ``waves_count``, ``total_waves`` (the same), ``atoms_executed`` and
        ``largest_wave``.

    Raises:
        MissingRowsError: The database does not know the plan.
        InvalidAtomsError: Atoms of a wave are not good; later waves were not begun.
    """
    with transaction(database_url) as session:
        find_masterplan(session, masterplan_id)
        atoms = rows_of(session, Atom, masterplan_id)
        replace_rows(session, masterplan_id, _OWN_ROWS, ())
    sizes = []
    known = _names_by_file(atoms)
    for number, wave in enumerate(waves(atoms), start=1):
        await _check_wave(wave, known)
        checks = [
            AtomCheck(masterplan_id=masterplan_id, number=atom.number, wave=number)
            for atom in wave
        ]
        with transaction(database_url) as session:
            session.add_all(checks)
        moment("wave_execution.wave")
        sizes.append(len(wave))
    return {
        "waves_count": len(sizes),
        "total_waves": len(sizes),
        "atoms_executed": sum(sizes),
        "largest_wave": max(sizes, default=0),
    }


def _names_by_file(atoms: Sequence[Atom]) -> dict[str, frozenset[str]]:
    names: dict[str, set[str]] = defaultdict(lambda: set(ALWAYS_KNOWN))
    for atom in atoms:
        names[atom.path].update(atom.binds)
    return {path: frozenset(found) for path, found in names.items()}


async def _check_wave(wave: Sequence[Atom], known: dict[str, frozenset[str]]) -> None:
    checks = [asyncio.to_thread(_check, atom, known[atom.path]) for atom in wave]
    failures = [failure for failure in await asyncio.gather(*checks) if failure]
    if failures:
        raise InvalidAtomsError(failures)


def _check(atom: Atom, known: frozenset[str]) -> str:
    """Say what is wrong with an atom; nothing when it is good."""
    place = f"{atom.path}:{atom.first_line}-{atom.last_line}"
    try:
        compile(in_place(atom.source, scopes_of(atom)), place, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return f"{place}: {error}"
    unknown = sorted(set(atom.uses) - known)
    return f"{place}: unknown names {', '.join(unknown)}" if unknown else ""
