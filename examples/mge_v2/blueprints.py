"""The shapes that the model's answers must have."""

import ast
import json
import re
from pathlib import PurePosixPath
from typing import Annotated, Final, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from examples.mge_v2.errors import InvalidAnswerError

_FENCE: Final = re.compile(r"```[a-z]*\n(.*?)^```", re.DOTALL | re.MULTILINE)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Concept(_Shape):
    """An entity or a value object: its name, and its attributes with their types."""

    name: str
    attributes: dict[str, str] = Field(default_factory=dict)


class AggregateModel(_Shape):
    """What is changed together, behind one root."""

    name: str
    root: str
    entities: list[Concept] = Field(min_length=1)
    value_objects: list[Concept] = Field(default_factory=list)


class ContextModel(_Shape):
    """A part of the domain with its own language."""

    name: str
    purpose: str
    aggregates: list[AggregateModel] = Field(min_length=1)


class DomainModel(_Shape):
    """The answer to discovery."""

    domain: str
    summary: str
    bounded_contexts: list[ContextModel] = Field(min_length=1)


def _inside_the_project(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts or "\\" in path:
        raise ValueError(f"{path!r} is not a path inside the project")
    if not path.endswith(".py"):
        raise ValueError(f"{path!r} is not a Python file")
    return str(PurePosixPath(path))


class TaskModel(_Shape):
    """One file to write."""

    number: int
    title: str
    description: str
    target_file: Annotated[str, AfterValidator(_inside_the_project)]
    depends_on: list[int] = Field(default_factory=list)


class MilestoneModel(_Shape):
    """Some tasks that belong together."""

    name: str
    tasks: list[TaskModel] = Field(min_length=1)


class PhaseModel(_Shape):
    """Some milestones that follow each other."""

    name: str
    milestones: list[MilestoneModel] = Field(min_length=1)


class PlanModel(_Shape):
    """The answer to masterplan."""

    project_name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
    phases: list[PhaseModel] = Field(min_length=1)

    @property
    def milestones(self) -> list[MilestoneModel]:
        """All milestones, in order."""
        return [milestone for phase in self.phases for milestone in phase.milestones]

    @property
    def tasks(self) -> list[TaskModel]:
        """All tasks, in order."""
        return [task for milestone in self.milestones for task in milestone.tasks]

    @model_validator(mode="after")
    def _follow_each_other(self) -> Self:
        numbers = [task.number for task in self.tasks]
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError("tasks are numbered 1, 2, 3 ... in the order of the plan")
        for task in self.tasks:
            if any(not 1 <= other < task.number for other in task.depends_on):
                raise ValueError(f"task {task.number} depends on a later one")
        if len({task.target_file for task in self.tasks}) != len(numbers):
            raise ValueError("two tasks write the same file")
        return self


ShapeKind = TypeVar("ShapeKind", DomainModel, PlanModel)


def read_json(shape: type[ShapeKind], answer: str, label: str) -> ShapeKind:
    """Read a JSON answer of the model, with or without a fence around it.

    Raises:
        InvalidAnswerError: It is no JSON, or not of this shape.
    """
    try:
        return shape.model_validate(json.loads(_unfenced(answer)))
    except (ValidationError, json.JSONDecodeError) as error:
        raise InvalidAnswerError(label, str(error)) from error


def read_source(answer: str, label: str) -> str:
    """Read a Python file from an answer of the model.

    Raises:
        InvalidAnswerError: It does not parse.
    """
    source = _unfenced(answer)
    try:
        ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise InvalidAnswerError(label, str(error)) from error
    return source


def _unfenced(answer: str) -> str:
    found = _FENCE.search(answer)
    text = found.group(1) if found else answer
    return text.strip("\n") + "\n"
