"""The hash of a schema: another type is another hash, in every process the same."""

import dataclasses
import enum
import subprocess
import sys
import textwrap
import threading
import types
import typing
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, NewType, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import typing_extensions
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from milepost.values.schema import Schema, make_schema

T = TypeVar("T")
UserId = NewType("UserId", str)


@dataclass
class Plan:
    name: str
    tasks: int = 0


@dataclass
class Node:
    label: str
    children: list["Node"] = field(default_factory=list)


@dataclass
class Box(Generic[T]):
    inside: T


class Report(BaseModel):
    title: str
    plans: list[Plan] = []


class Row(typing.TypedDict):
    id: int
    name: str


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


def stripped(text: str) -> str:
    """Give a text without blanks around it."""
    return text.strip()


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", title="for readers")
    size: Annotated[int, Field(gt=0, description="for readers")] = Field(3, alias="s")
    name: str = Field("a", min_length=1, pattern="a+")
    rate: float = Field(1.5, allow_inf_nan=False, strict=True)
    text: Annotated[str, AfterValidator(stripped)] = ""
    colors: list[Color] | None = None


def schema(annotation: object) -> Schema:
    """Give the schema of an annotation that says something."""
    found = make_schema(annotation)
    assert found is not None
    return found


def hash_of(body: str, annotation: str = "Subject") -> str:
    """Give the schema hash of a type made by source text, as in a module of its own."""
    module = types.ModuleType("subject_module")
    heading = """
        import enum
        from dataclasses import dataclass, field
        from typing import *
        from collections.abc import *
        from pydantic import BaseModel, Field, ConfigDict, field_validator
        T = TypeVar("T")
    """
    sys.modules["subject_module"] = module
    try:
        exec(textwrap.dedent(heading) + textwrap.dedent(body), vars(module))
        return schema(eval(annotation, vars(module))).hash
    finally:
        del sys.modules["subject_module"]


DATACLASS = """
    @dataclass
    class Inner:
        n: int
    @dataclass
    class Subject:
        '''Says something.'''
        name: str
        tasks: int = 0
        inner: Inner | None = None
        def one(self): ...
        def two(self): ...
"""
MODEL = """
    class Subject(BaseModel):
        '''Says something.'''
        name: str = Field(description="the name")
        tasks: int = Field(0, ge=0)
        kind: Literal["a", "b"] = "a"
        def one(self): ...
        def two(self): ...
"""
TUPLE = """
    class Subject(NamedTuple):
        x: int
        y: int = 0
"""
TYPED_DICT = """
    class Subject(TypedDict):
        x: int
        y: str
"""
ENUM = """
    class Subject(enum.Enum):
        A = 1
        B = "b"
"""


@pytest.mark.parametrize(
    ("body", "old", "new"),
    [
        (DATACLASS, "tasks: int = 0", "task_count: int = 0"),
        (DATACLASS, "tasks: int = 0", "tasks: float = 0"),
        (DATACLASS, "tasks: int = 0", "tasks: int = 1"),
        (DATACLASS, "tasks: int = 0", "tasks: int = field(default_factory=int)"),
        (DATACLASS, "tasks: int = 0", "tasks: int = 0; more: int = 0"),
        (DATACLASS, "n: int", "m: int"),
        (DATACLASS, "Inner | None", "Inner | None | int"),
        (DATACLASS, "Subject:", "Subject(Inner):"),
        (DATACLASS, "name: str", "name: 'str | int'"),
        (MODEL, "tasks: int", "count: int"),
        (MODEL, "Field(0, ge=0)", "Field(0, ge=1)"),
        (MODEL, "Field(0, ge=0)", "Field(1, ge=0)"),
        (MODEL, "Field(0, ge=0)", "Field(0, ge=0, alias='t')"),
        (MODEL, '"b"]', '"c"]'),
        (MODEL, "def one", "model_config = ConfigDict(extra='allow')\n        def one"),
        (TUPLE, "x: int", "z: int"),
        (TUPLE, "y: int = 0", "y: int = 1"),
        (TUPLE, "y: int = 0", "y: int"),
        (TYPED_DICT, "y: str", "y: int"),
        (TYPED_DICT, "y: str", "y: NotRequired[str]"),
        (TYPED_DICT, "(TypedDict)", "(TypedDict, total=False)"),
        (ENUM, "A = 1", "A = 2"),
        (ENUM, "A = 1", "C = 1"),
        (ENUM, 'B = "b"', 'B = "b"; C = 3'),
    ],
)
def test_a_changed_class_is_another_schema(body: str, old: str, new: str) -> None:
    """A field's name, type, default or constraint makes another hash."""
    assert old in body
    assert hash_of(body.replace(old, new)) != hash_of(body)


@pytest.mark.parametrize(
    ("body", "old", "new"),
    [
        (DATACLASS, "'''Says something.'''", ""),
        (DATACLASS, "def one(self): ...", "def three(self): ..."),
        (MODEL, "'''Says something.'''", "'''Says more.'''"),
        (MODEL, 'description="the name"', 'description="its name", title="N"'),
        (MODEL, "def one(self): ...\n        def two(self): ...", "def two(self): ..."),
        (MODEL, '"a", "b"', "'a', 'b'"),
    ],
)
def test_what_is_for_readers_is_the_same_schema(body: str, old: str, new: str) -> None:
    """Docstrings, descriptions and methods do not make a value stale."""
    assert old in body
    assert hash_of(body.replace(old, new)) == hash_of(body)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (int, str),
        (int, bool),
        (int, float),
        (list[int], list[str]),
        (list[int], list),
        (list[int], tuple[int]),
        (tuple[int], tuple[int, ...]),
        (tuple[int, int], tuple[int]),
        (int | None, int),
        (int | str, str | int),
        (Literal[1], Literal[True]),
        (Literal[1], Literal["1"]),
        (Plan, list[Plan]),
        (Plan, Node),
        (Box[int], Box[str]),
        (Annotated[int, Field(gt=0)], Annotated[int, Field(gt=1)]),
        (Annotated[int, Field(gt=0)], Annotated[int, Field(ge=0)]),
        (npt.NDArray[np.float64], npt.NDArray[np.int8]),
        (pd.DataFrame, pd.Series),
        (bytes, str),
        (UserId, str),
        (dict[str, int], dict[str, str]),
    ],
    ids=str,
)
def test_other_types_are_other_schemas(one: object, other: object) -> None:
    """Two types that read differently never have one hash."""
    assert schema(one).hash != schema(other).hash


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (int | None, typing.Optional[int]),  # noqa: UP045 - the old spelling
        (list[int], typing.List[int]),  # noqa: UP006 - the old spelling
        (dict[str, int], typing.Dict[str, int]),  # noqa: UP006 - the old spelling
        (None, type(None)),
        (
            Annotated[int, typing_extensions.Doc("a")],
            Annotated[int, typing_extensions.Doc("b")],
        ),
    ],
)
def test_two_spellings_are_one_schema(one: object, other: object) -> None:
    """The way in which a type is written does not count."""
    assert schema(one).hash == schema(other).hash


ACROSS = (Report, Node, Color, set[Plan], Box[int], Annotated[Row, Field(min_length=1)])


def test_the_hash_is_the_same_in_every_process() -> None:
    """Neither hash randomisation nor addresses reach the hash."""
    program = textwrap.dedent(
        """
        import tests.unit.test_schema_hash as cases
        for made in cases.ACROSS:
            print(cases.schema(made).hash)
        """
    )
    expected = [schema(made).hash for made in ACROSS]
    for seed in ("1", "2"):
        command = [sys.executable, "-c", program]
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        answer = subprocess.run(
            command, capture_output=True, text=True, env=environment, check=True
        )
        assert answer.stdout.split() == expected


def test_a_default_without_content_counts_by_its_name() -> None:
    """A default that has no content does not bring an address into the hash."""

    @dataclass
    class Subject:
        marker: Any = dataclasses.field(default=threading.Lock())

    first = schema(Subject).hash
    Subject.__dataclass_fields__["marker"].default = threading.Lock()
    assert schema(Subject).hash == first


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (dict[str, list[int] | None], "bd5a1e69a9557e50"),
        (Settings, "26c221fe8a152520"),
        (set[Plan], "5c8aecd00e472881"),
    ],
    ids=["plain", "model", "dataclass"],
)
def test_the_hash_is_the_same_with_every_pydantic(
    annotation: object, expected: str
) -> None:
    """An upgrade of pydantic or of milepost does not make every value stale."""
    assert schema(annotation).hash[:16] == expected


def test_recursive_types_end() -> None:
    """A class that names itself is described once."""
    assert schema(Node).hash == schema(Node).hash
    assert schema(list[Node]).hash != schema(Node).hash
