"""Transactions on the pipeline's database."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import NullPool, create_engine, delete, inspect, make_url, select
from sqlalchemy.orm import Session

from examples.mge_v2.errors import MissingRowsError
from examples.mge_v2.rows import Discovery, DiscoveryPart, Masterplan, MasterplanPart, Row

RowKind = TypeVar("RowKind", bound=MasterplanPart)


@contextmanager
def transaction(database_url: str) -> Iterator[Session]:
    """Open a session that commits at its end, or leaves nothing behind.

    Args:
        database_url: As SQLAlchemy writes it. The folder of a SQLite file and the
            tables are created where they are missing.
    """
    file = make_url(database_url).database
    if database_url.startswith("sqlite") and file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(database_url, poolclass=NullPool)
    try:
        Row.metadata.create_all(engine)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
    finally:
        engine.dispose()


def replace_discovery(
    session: Session,
    discovery_id: str,
    kinds: Iterable[type[DiscoveryPart]],
    rows: Iterable[DiscoveryPart],
) -> None:
    """Put rows in the place of all that a discovery has of these kinds."""
    for kind in kinds:
        session.execute(delete(kind).where(kind.discovery_id == discovery_id))
    session.add_all(rows)


def replace_rows(
    session: Session,
    masterplan_id: str,
    kinds: Iterable[type[MasterplanPart]],
    rows: Iterable[MasterplanPart],
) -> None:
    """Put rows in the place of all that a masterplan has of these kinds."""
    for kind in kinds:
        session.execute(delete(kind).where(kind.masterplan_id == masterplan_id))
    session.add_all(rows)


def rows_of(session: Session, kind: type[RowKind], masterplan_id: str) -> list[RowKind]:
    """Read a masterplan's rows of one kind, by their keys."""
    keys = inspect(kind).primary_key
    query = select(kind).where(kind.masterplan_id == masterplan_id).order_by(*keys)
    return list(session.scalars(query))


def find_discovery(session: Session, discovery_id: str) -> Discovery:
    """Read a discovery.

    Raises:
        MissingRowsError: There is none with this id.
    """
    found = session.get(Discovery, discovery_id)
    if found is None:
        raise MissingRowsError("discovery", discovery_id)
    return found


def find_masterplan(session: Session, masterplan_id: str) -> Masterplan:
    """Read a masterplan.

    Raises:
        MissingRowsError: There is none with this id.
    """
    found = session.get(Masterplan, masterplan_id)
    if found is None:
        raise MissingRowsError("masterplan", masterplan_id)
    return found
