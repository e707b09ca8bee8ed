"""The tables. Each phase owns some of them, and replaces its own rows only."""

from typing import Any

from sqlalchemy import JSON, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Row(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 - as SQLAlchemy declares it


class DiscoveryPart(Row):
    """Base of the tables that discovery owns."""

    __abstract__ = True
    discovery_id: Mapped[str] = mapped_column(primary_key=True)


class Discovery(DiscoveryPart):
    """What was asked for, and the domain that it is about."""

    __tablename__ = "discoveries"
    request: Mapped[str] = mapped_column(Text)
    domain: Mapped[str]
    summary: Mapped[str] = mapped_column(Text)
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    cost_usd: Mapped[float]


class NamedPart(DiscoveryPart):
    """Base of the tables that hold one concept of the domain model a row."""

    __abstract__ = True
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class BoundedContext(NamedPart):
    """A part of the domain with its own language."""

    __tablename__ = "bounded_contexts"
    purpose: Mapped[str] = mapped_column(Text)


class Aggregate(NamedPart):
    """What is changed together, behind one root."""

    __tablename__ = "aggregates"
    bounded_context: Mapped[int]
    root: Mapped[str]


class Entity(NamedPart):
    """Something with an identity."""

    __tablename__ = "entities"
    aggregate: Mapped[int]
    attributes: Mapped[dict[str, Any]]


class ValueObject(NamedPart):
    """Something that is its value."""

    __tablename__ = "value_objects"
    aggregate: Mapped[int]
    attributes: Mapped[dict[str, Any]]


class MasterplanPart(Row):
    """Base of the tables of the later phases."""

    __abstract__ = True
    masterplan_id: Mapped[str] = mapped_column(primary_key=True)


class Masterplan(MasterplanPart):
    """The plan of a project."""

    __tablename__ = "masterplans"
    discovery_id: Mapped[str]
    project_name: Mapped[str]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    cost_usd: Mapped[float]


class PlannedPhase(MasterplanPart):
    """A phase of the planned project."""

    __tablename__ = "planned_phases"
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Milestone(MasterplanPart):
    """A milestone of a planned phase."""

    __tablename__ = "milestones"
    number: Mapped[int] = mapped_column(primary_key=True)
    phase: Mapped[int]
    name: Mapped[str]


class PlannedTask(MasterplanPart):
    """A task: one file to write."""

    __tablename__ = "planned_tasks"
    number: Mapped[int] = mapped_column(primary_key=True)
    milestone: Mapped[int]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(Text)
    target_file: Mapped[str]
    depends_on: Mapped[list[Any]]


class GeneratedFile(MasterplanPart):
    """What the model wrote for a task."""

    __tablename__ = "generated_files"
    number: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]
    source: Mapped[str] = mapped_column(Text)
    line_count: Mapped[int]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    cost_usd: Mapped[float]


class Atom(MasterplanPart):
    """About ten lines of a generated file, with what they bind and use."""

    __tablename__ = "atoms"
    number: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]
    first_line: Mapped[int]
    last_line: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[Any]]
    binds: Mapped[list[Any]]
    uses: Mapped[list[Any]]
    depends_on: Mapped[list[Any]]


class AtomCheck(MasterplanPart):
    """The wave in which an atom was found good."""

    __tablename__ = "atom_checks"
    number: Mapped[int] = mapped_column(primary_key=True)
    wave: Mapped[int]


class WrittenFile(MasterplanPart):
    """A file that a phase has put, or is about to put, on the disk."""

    __tablename__ = "written_files"
    phase: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    size_bytes: Mapped[int]
