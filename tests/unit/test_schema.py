"""What a function says that it returns: refused before the call, or a schema."""

import asyncio
import collections
import enum
import functools
import subprocess
import sys
import threading
import types
import typing
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Self, TypeVar
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import typing_extensions
from pydantic import BaseModel, ConfigDict, Field

from milepost.values.errors import UnrestorableAnnotationError
from milepost.values.schema import Schema, make_schema, schema_of

T = TypeVar("T")
BoundT = TypeVar("BoundT", bound=int)
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


class Stamped(typing.TypedDict):
    at: datetime


class Point(NamedTuple):
    x: int
    y: int = 0


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Cluster:
    def __init__(self, name: str = "") -> None:
        self.socket = threading.Lock()

    @classmethod
    def open(cls) -> Self:
        return cls()

    def name(self) -> str:
        return ""


class Holder(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    cluster: Cluster


def returning(annotation: object) -> Callable[[], object]:
    """Make a function with a return annotation."""

    def made() -> object:
        return None

    made.__annotations__["return"] = annotation
    return made


def schema(annotation: object) -> Schema:
    """Give the schema of an annotation that says something."""
    found = schema_of(returning(annotation))
    assert found is not None
    return found


def refusal(fn: Callable[..., object], **options: object) -> UnrestorableAnnotationError:
    """Give the refusal of a function."""
    with pytest.raises(UnrestorableAnnotationError) as caught:
        schema_of(fn, **options)
    return caught.value


def test_no_annotation_is_no_schema() -> None:
    """Where nothing is said, plain JSON values are kept."""

    def silent():
        return 1

    mocked = typing.cast("Callable[..., object]", types.SimpleNamespace())
    for fn in (silent, lambda: 1, len, print, mocked, functools.partial(silent)):
        assert schema_of(fn) is None
    for annotation in (Any, object, Awaitable):
        assert schema_of(returning(annotation)) is None


PLAIN: dict[str, object] = {
    "None": None,
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "list": list,
    "list[int]": list[int],
    "List": list[str],
    "dict": dict,
    "dict[str, Any]": dict[str, Any],
    "dict[str, list[int]]": dict[str, list[int]],
    "optional": int | None,
    "union": str | list[str] | None,
    "Optional[Any]": typing.Union[Any, None],  # noqa: UP007 - the old spelling
    "Mapping": Mapping[str, int],
    "Sequence": Sequence[str],
    "Iterable": Iterable[str],
    "Literal": Literal["a", 1, None],
    "dict[Literal]": dict[Literal["a", "b"], int],
    "NewType": UserId,
    "dict[NewType]": dict[UserId, int],
    "Annotated": Annotated[int, Field(gt=0)],
    "TypeVar": T,
    "bound TypeVar": BoundT,
    "alias": typing_extensions.TypeAliasType("Ids", list[int]),
    "TypedDict": Row,
    "list of TypedDict": list[Row],
    "bytes": bytes,
    "array": np.ndarray,
    "typed array": npt.NDArray[np.float64],
    "array or None": np.ndarray | None,
    "table": pd.DataFrame,
    "column": pd.Series,
    "LiteralString": typing.LiteralString,
    "NoReturn": typing.NoReturn,
}


@pytest.mark.parametrize("annotation", PLAIN.values(), ids=PLAIN)
def test_a_plain_annotation_needs_no_pydantic(
    annotation: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Types that JSON says exactly, arrays and tables work where pydantic is absent."""
    with_pydantic = schema(annotation)
    assert with_pydantic.adapter is None
    monkeypatch.setitem(sys.modules, "pydantic", None)
    assert schema(annotation) == with_pydantic


TYPED: dict[str, object] = {
    "dataclass": Plan,
    "recursive": Node,
    "generic": Box[int],
    "model": Report,
    "NamedTuple": Point,
    "namedtuple": collections.namedtuple("Pair", "a b"),
    "enum": Color,
    "tuple": tuple[int, str],
    "tuple...": tuple[int, ...],
    "empty tuple": tuple[()],
    "set": set[str],
    "frozenset": frozenset[int],
    "dict[int]": dict[int, str],
    "datetime": datetime,
    "Decimal": Decimal,
    "UUID": UUID,
    "Path": Path,
    "deque": collections.deque[int],
    "defaultdict": collections.defaultdict[str, list[int]],
    "Literal of an enum": Literal[Color.RED],
    "nested bytes": list[bytes],
    "list of dataclass": list[Plan],
    "alias": typing_extensions.TypeAliasType("Plans", list[Plan]),
    "optional dataclass": Plan | None,
    "Annotated dataclass": Annotated[Plan, "why"],
}


@pytest.mark.parametrize("annotation", TYPED.values(), ids=TYPED)
def test_a_typed_annotation_is_refused_without_pydantic(
    annotation: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where pydantic 2 is absent the refusal names the extra, before the call."""
    assert schema(annotation).adapter is not None
    for absent in (None, types.SimpleNamespace(VERSION="1.10.24")):
        monkeypatch.setitem(sys.modules, "pydantic", absent)
        error = refusal(returning(annotation))
        assert 'pip install "milepost[typed]"' in error.cure
        assert "pydantic 2" in error.why


LIVE: dict[str, object] = {
    "arbitrary class": Cluster,
    "lock": type(threading.Lock()),
    "thread": threading.Thread,
    "module": types.ModuleType,
    "callable": Callable[[], int],
    "bare callable": Callable,
    "class": type[Plan],
    "iterator": Iterator[int],
    "generator": Generator[int, None, None],
    "async iterator": AsyncIterator[int],
    "awaitable inside": list[Awaitable[int]],
    "iterable of models": Iterable[Plan],
    "model that holds one": Holder,
    "optional": Cluster | None,
    "list": list[Cluster],
    "dict": dict[str, Cluster],
    "array inside": list[np.ndarray],
    "array beside": np.ndarray | Plan,
    "masked array": np.ma.MaskedArray,
    "index": pd.Index,
    "numpy scalar": np.float64,
}


@pytest.mark.parametrize("annotation", LIVE.values(), ids=LIVE)
@pytest.mark.parametrize("installed", [True, False])
def test_a_live_type_is_refused_before_the_call(
    annotation: object, installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lives in one process is refused with what to write instead."""
    if not installed:
        monkeypatch.setitem(sys.modules, "pydantic", None)
    error = refusal(returning(annotation))
    assert error.what
    assert error.why
    assert error.cure


def test_a_live_class_shows_the_pattern() -> None:
    """The refusal of a live class shows how to return the name and open it."""
    error = refusal(returning(Cluster))
    assert "Cluster is live" in error.why
    assert "cluster = Cluster(name)" in error.cure
    assert "open it on the next line" in error.cure


def test_functions_that_yield_are_refused() -> None:
    """A generator function is refused whatever its annotation says."""

    def lines() -> Iterable[str]:
        yield "a"

    async def later():
        yield "a"

    @contextmanager
    def opened() -> Iterator[str]:
        yield "a"

    for fn in (lines, later, opened, functools.partial(lines)):
        assert "once" in refusal(fn).why or "live" in refusal(fn).why
    assert "yields" in refusal(lines, returns=list[str]).why


def test_a_name_that_cannot_be_resolved_is_refused() -> None:
    """An annotation that names nothing says so, and where to define it."""

    def made() -> "Missing":  # noqa: F821 - it is missing
        return None

    error = refusal(made)
    assert "Missing" in str(error)
    assert "top level" in error.cure
    assert "Missing" in str(refusal(returning(list["Missing"])))  # noqa: F821


def test_a_parameter_that_cannot_be_resolved_does_not_matter() -> None:
    """Only what is returned counts, not what is given."""

    def made(client: "Missing") -> "Plan":  # noqa: F821
        return Plan("")

    found = schema_of(made)
    assert found is not None
    assert found.annotation is Plan


def test_a_field_that_cannot_be_resolved_is_refused() -> None:
    """The fields of a class count like the annotation itself."""

    @dataclass
    class Broken:
        inner: "Missing"  # noqa: F821 - it is missing

    assert "Missing" in refusal(returning(Broken)).why


def test_a_local_class_is_found_in_the_closure() -> None:
    """A class of the test itself is found where the function uses it."""

    @dataclass
    class Local:
        n: int = 0

    def made() -> "Local":
        return Local()

    found = schema_of(made)
    assert found is not None
    assert found.annotation is Local


def test_the_awaited_type_counts() -> None:
    """A coroutine function counts by its result, like what returns an awaitable."""

    async def later() -> Plan:
        return Plan("")

    def handed() -> Awaitable[Plan]:
        return later()

    def coroutine() -> Coroutine[Any, Any, Plan]:
        return later()

    def future() -> "asyncio.Future[Plan]":
        raise NotImplementedError

    async def twice() -> Awaitable[int]:
        raise NotImplementedError

    expected = schema(Plan)
    for fn in (later, handed, coroutine, future):
        assert schema_of(fn) == expected
    assert "live" in refusal(twice).why


def test_every_kind_of_callable_is_looked_through() -> None:
    """Partials, methods, callable objects and wrapped functions have their annotation."""

    class Caller:
        attribute: int = 0

        def __call__(self, n: int) -> Plan:
            return Plan("", n)

        def method(self) -> Plan:
            return Plan("")

        @classmethod
        def made(cls) -> Plan:
            return Plan("")

        @staticmethod
        def static() -> "Plan":
            return Plan("")

    def plain(n: int) -> "Plan":
        return Plan("", n)

    @functools.wraps(plain)
    def wrapped(*args: object) -> object:
        return plain(*args)

    cached = functools.lru_cache(plain)
    caller = Caller()
    expected = schema(Plan)
    for fn in (
        plain,
        wrapped,
        cached,
        functools.partial(plain, 1),
        functools.partial(functools.partial(caller), 1),
        caller,
        caller.method,
        Caller.made,
        Caller.static,
    ):
        assert schema_of(fn) == expected, fn


def test_a_class_returns_its_instance() -> None:
    """A class called as a function counts as its own instance."""
    assert schema_of(Plan) == schema(Plan)
    assert schema_of(Report) == schema(Report)
    assert schema_of(dict) == schema(dict)
    assert "live" in refusal(Cluster).why


def test_self_is_the_class_of_the_method() -> None:
    """`Self` means the class on which the method was called."""

    @dataclass
    class Base:
        n: int = 0

        @classmethod
        def make(cls) -> Self:
            return cls()

        def copy(self) -> "Self":
            return self

    class Derived(Base):
        pass

    assert schema_of(Derived.make) == schema_of(Derived().copy) == schema(Derived)
    assert "Cluster is live" in refusal(Cluster.open).why
    assert "Self" in refusal(Base.copy).why


def test_returns_comes_before_the_annotation() -> None:
    """`with_options(returns=...)` says the type where the function does not."""
    assert schema_of(lambda: 1, Plan) == schema(Plan)
    assert schema_of(returning(Cluster), str) == schema(str)
    assert schema_of(returning(Plan), Any) is None
    assert schema_of(returning(Plan), None) == schema(None)
    assert "live" in refusal(returning(str), returns=Cluster).why
    assert "5 does not say" in refusal(returning(str), returns=5).why


def test_a_typed_dict_of_typed_fields_names_its_cure() -> None:
    """Below Python 3.12 pydantic wants the TypedDict of typing_extensions."""
    Fields = typing_extensions.TypedDict("Fields", {"at": datetime})  # noqa: UP013
    assert schema(Fields).adapter is not None
    if sys.version_info < (3, 12):
        assert "typing_extensions" in refusal(returning(Stamped)).cure


@pytest.mark.filterwarnings("ignore")
def test_a_model_of_pydantic_1_is_refused() -> None:
    """A model from pydantic's version 1 name space is refused by name."""
    version_1 = pytest.importorskip("pydantic.v1")
    old = type("Old", (version_1.BaseModel,), {"__annotations__": {"n": int}})
    assert "pydantic 1" in refusal(returning(old)).why


def test_a_model_defined_before_what_it_names_is_completed() -> None:
    """A forward reference that can be resolved by now is resolved."""
    module = types.ModuleType("late_module")
    sys.modules["late_module"] = module
    try:
        exec(
            "from __future__ import annotations\n"
            "from pydantic import BaseModel\n"
            "class Outer(BaseModel):\n    inner: Inner\n"
            "class Inner(BaseModel):\n    n: int\n",
            vars(module),
        )
        assert schema(module.Outer).adapter is not None
    finally:
        del sys.modules["late_module"]


def test_the_text_is_as_people_write_it() -> None:
    """Messages show a type as it stands in the source."""
    assert schema(Plan).text == "Plan"
    assert schema(None).text == "None"
    assert schema(list[int] | None).text == "list[int] | None"
    assert make_schema(dict[str, Any]).text == "dict[str, Any]"


def test_pydantic_is_not_loaded_for_plain_annotations() -> None:
    """A suite that never says a type does not pay for pydantic."""
    program = (
        "import sys; from milepost.values.schema import schema_of\n"
        "def made() -> dict[str, list[int]]: ...\n"
        "schema_of(made)\n"
        "print(sorted({'pydantic', 'numpy', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    answer = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=True
    )
    assert answer.stdout.strip() == "[]"
