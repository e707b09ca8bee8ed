"""Atoms checked in waves."""

import asyncio
from pathlib import Path

from examples.mge_v2.atoms import atomization
from examples.mge_v2.database import replace_rows, rows_of, transaction
from examples.mge_v2.errors import InvalidAtomsError
from examples.mge_v2.order import waves
from examples.mge_v2.rows import Atom, AtomCheck, GeneratedFile, Masterplan
from examples.mge_v2.waves import wave_execution
from tests.mge_v2.run import Run, failure_of


def test_a_wave_builds_on_earlier_waves_only(finished: Run) -> None:
    """Every atom is checked once, after all that it depends on."""
    with transaction(finished.database_url) as session:
        atoms = rows_of(session, Atom, finished.plan)
        wave_of = {
            row.number: row.wave for row in rows_of(session, AtomCheck, finished.plan)
        }

    assert len(wave_of) == len(atoms)
    for atom in atoms:
        assert all(wave_of[other] < wave_of[atom.number] for other in atom.depends_on)


def test_an_atom_is_in_the_first_wave_that_it_can_be_in(finished: Run) -> None:
    """An atom waits for what it builds on and for nothing else."""
    with transaction(finished.database_url) as session:
        atoms = rows_of(session, Atom, finished.plan)
    wave_of: dict[int, int] = {}
    for number, wave in enumerate(waves(atoms), start=1):
        wave_of |= {atom.number: number for atom in wave}

    for atom in atoms:
        newest = max((wave_of[other] for other in atom.depends_on), default=0)
        assert wave_of[atom.number] == newest + 1


def project_of(folder: Path, source: str) -> tuple[str, str]:
    """Store a plan with one generated file, and return its id and its database."""
    url, plan = f"sqlite:///{folder / 'mge.db'}", "plan"
    file = {"number": 1, "path": "app.py", "source": source, "line_count": 1}
    spent = {"input_tokens": 1, "output_tokens": 1, "cost_usd": 0.0}
    with transaction(url) as session:
        rows = [
            Masterplan(masterplan_id=plan, discovery_id="d", project_name="p", **spent),
            GeneratedFile(masterplan_id=plan, **file, **spent),
        ]
        replace_rows(session, plan, (), rows)
    return plan, url


def test_a_name_that_nobody_binds_fails_its_atom(tmp_path: Path) -> None:
    """A call of something that was never imported is found without running it."""
    plan, url = project_of(tmp_path, "import os\n\n\ndef f():\n    return sys.path, os\n")
    asyncio.run(atomization(plan, url))

    error = failure_of(wave_execution(plan, url))

    assert isinstance(error, InvalidAtomsError)
    assert "app.py:1-5: unknown names sys" in str(error)


def test_code_that_parses_but_does_not_compile_fails_its_atom(tmp_path: Path) -> None:
    """The compiler's own rules count, not only the grammar."""
    plan, url = project_of(tmp_path, "def f():\n    x = 1\n    global x\n")
    asyncio.run(atomization(plan, url))

    error = failure_of(wave_execution(plan, url))

    assert isinstance(error, InvalidAtomsError)
    assert "before global declaration" in str(error)
