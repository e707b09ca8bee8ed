"""Inputs count by content: equal content is equal in every process, other content not."""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import ipaddress
import json
import logging
import operator
import re
import threading
import types
import typing
import uuid
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import numpy as np
import pandas as pd
import pydantic
import pytest

from milepost.canonical import digest
from milepost.fingerprint import Inputs, inputs_of
from tests.unit.sources import Sources

ROOT = Path(__file__).parents[2]


def _take(value: object) -> None:
    """Have one input."""


def _inputs(value: object) -> Inputs:
    return inputs_of(_take, (value,), {}, root=ROOT)


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Data:
    text: str
    items: list[Any] = dataclasses.field(default_factory=list)


@attrs.define
class Attrs:
    text: str


class Model(pydantic.BaseModel):
    text: str
    inner: "Model | None" = None


class Pair(NamedTuple):
    left: int
    right: int


class Plain:
    """Hold values only."""

    def __init__(self, text: str, inner: object = None) -> None:
        self.text = text
        self.inner = inner

    @functools.cached_property
    def length(self) -> int:
        return len(self.text)


class Slotted:
    __slots__ = ("__private", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.__private = text


class Words(str):
    __slots__ = ()


class Table(dict[str, int]):
    title: str = ""


class FailureError(Exception):
    pass


def _table(title: str, **items: int) -> Table:
    table = Table(items)
    table.title = title
    return table


def _loop(word: str) -> list[Any]:
    loop: list[Any] = [word]
    loop.append(loop)
    return loop


PAIRS: list[tuple[Callable[[], object], Callable[[], object]]] = [
    (lambda: "a", lambda: "b"),
    (lambda: 1, lambda: 1.0),
    (lambda: 1, lambda: True),
    (lambda: None, lambda: "None"),
    (lambda: [1, 2], lambda: (1, 2)),
    (lambda: [1, 2], lambda: [2, 1]),
    (lambda: {"a": 1, "b": 2}, lambda: {"a": 1, "b": 3}),
    (lambda: {1: "a"}, lambda: {"1": "a"}),
    (lambda: {"a", "b", "c"}, lambda: {"a", "b", "d"}),
    (lambda: frozenset("abc"), lambda: frozenset("abd")),
    (lambda: b"a", lambda: b"b"),
    (lambda: float("nan"), lambda: float("inf")),
    (lambda: decimal.Decimal("1.0"), lambda: decimal.Decimal("1.00")),
    (lambda: fractions.Fraction(1, 3), lambda: fractions.Fraction(1, 4)),
    (lambda: datetime.date(2020, 1, 1), lambda: datetime.date(2020, 1, 2)),
    (lambda: datetime.timedelta(1), lambda: datetime.timedelta(2)),
    (lambda: datetime.UTC, lambda: datetime.timezone(datetime.timedelta(hours=1))),
    (lambda: zoneinfo.ZoneInfo("UTC"), lambda: datetime.UTC),
    (lambda: uuid.UUID(int=1), lambda: uuid.UUID(int=2)),
    (lambda: Path("a"), lambda: "a"),
    (lambda: Color.RED, lambda: Color.BLUE),
    (lambda: Data("a", [Data("b")]), lambda: Data("a", [Data("c")])),
    (lambda: Attrs("a"), lambda: Attrs("b")),
    (lambda: Model(text="a", inner=Model(text="b")), lambda: Model(text="a")),
    (lambda: Pair(1, 2), lambda: Pair(2, 1)),
    (lambda: Plain("a"), lambda: Plain("b")),
    (lambda: Plain("a", Plain("b")), lambda: Plain("a", Plain("c"))),
    (lambda: Plain("a", {"k": [Data("b")]}), lambda: Plain("a", {"k": [Data("c")]})),
    (lambda: Slotted("a"), lambda: Slotted("b")),
    (lambda: Words("a"), lambda: Words("b")),
    (lambda: _table("t", a=1), lambda: _table("t", a=2)),
    (lambda: _table("t", a=1), lambda: _table("u", a=1)),
    (lambda: FailureError("a"), lambda: FailureError("b")),
    (lambda: ValueError("a"), lambda: KeyError("a")),
    (lambda: collections.OrderedDict(a=1), lambda: collections.OrderedDict(a=2)),
    (lambda: collections.Counter("ab"), lambda: collections.Counter("aab")),
    (lambda: collections.defaultdict(int, a=1), lambda: collections.defaultdict(list, a=1)),
    (lambda: collections.deque([1], 2), lambda: collections.deque([1], 3)),
    (lambda: types.MappingProxyType({"a": 1}), lambda: types.MappingProxyType({"a": 2})),
    (lambda: types.SimpleNamespace(a=1), lambda: types.SimpleNamespace(a=2)),
    ({"a": 1}.items, {"a": 2}.items),
    (lambda: re.compile("a"), lambda: re.compile("a", re.IGNORECASE)),
    (lambda: ipaddress.ip_address("1.1.1.1"), lambda: ipaddress.ip_address("1.1.1.2")),
    (lambda: memoryview(b"a"), lambda: memoryview(b"b")),
    (lambda: io.BytesIO(b"a"), lambda: io.BytesIO(b"b")),
    (lambda: slice(1, 2), lambda: slice(1, 3)),
    (lambda: range(3), lambda: range(4)),
    (lambda: list[int], lambda: list[str]),
    (lambda: int | None, lambda: str | None),
    (lambda: typing.Literal["a"], lambda: typing.Literal["b"]),
    (lambda: dict[str, Data], lambda: dict[str, Model]),
    (lambda: Data, lambda: Model),
    (lambda: int, lambda: str),
    (lambda: json, lambda: re),
    (lambda: len, lambda: max),
    (lambda: "abc".join, lambda: "xyz".join),
    (lambda: operator.attrgetter("a"), lambda: operator.attrgetter("b")),
    (lambda: functools.partial(_take, 1), lambda: functools.partial(_take, 2)),
    (lambda: Plain("a").__init__, lambda: Plain("b").__init__),
    (lambda: _loop("a"), lambda: _loop("b")),
    (lambda: logging.getLogger("a"), lambda: logging.getLogger("b")),
    (lambda: np.array([1, 2]), lambda: np.array([1, 3])),
    (lambda: np.array([1, 2]), lambda: np.array([1.0, 2.0])),
    (lambda: np.array([[1, 2]]), lambda: np.array([1, 2])),
    (lambda: np.array([{"a": 1}]), lambda: np.array([{"a": 2}])),
    (lambda: np.float64(1), lambda: np.float32(1)),
    (lambda: np.dtype("int8"), lambda: np.dtype("int16")),
    (
        lambda: pd.DataFrame({"a": [1], "b": ["x"]}),
        lambda: pd.DataFrame({"a": [1], "b": ["y"]}),
    ),
    (lambda: pd.DataFrame({"a": [1]}), lambda: pd.DataFrame({"b": [1]})),
    (lambda: pd.DataFrame({"a": [1]}), lambda: pd.DataFrame({"a": [1]}, index=[5])),
    (lambda: pd.DataFrame({"a": [1]}), lambda: pd.DataFrame({"a": [1.0]})),
    (lambda: pd.DataFrame({"a": [[1]]}), lambda: pd.DataFrame({"a": [[2]]})),
    (lambda: pd.Series([1], name="a"), lambda: pd.Series([1], name="b")),
    (lambda: pd.Timestamp("2020-01-01"), lambda: pd.Timestamp("2020-01-02")),
    (lambda: pd.Index(["a"]), lambda: pd.Index(["b"])),
    (
        lambda: pd.MultiIndex.from_tuples([("a", 1)]),
        lambda: pd.MultiIndex.from_tuples([("a", 2)]),
    ),
]


@pytest.mark.parametrize(("make", "other"), PAIRS, ids=map(str, range(len(PAIRS))))
def test_values_count_by_content(
    make: Callable[[], object], other: Callable[[], object]
) -> None:
    """A value made anew is equal, another value is not, and neither is called live."""
    one, same, different = _inputs(make()), _inputs(make()), _inputs(other())
    assert one == same
    assert one.hashes != different.hashes
    assert one.live == {}


@pytest.mark.parametrize("value", ["a", 1, None, [1, {"a": "b"}], {"a": [1.5]}])
def test_plain_values_have_the_hash_that_values_have(value: object) -> None:
    """An input can be recognised as the value of an earlier phase."""
    assert _inputs(value).hashes["value"] == digest(value)


def test_a_computed_attribute_does_not_count() -> None:
    """Having been asked for something does not change an object."""
    used = Plain("a")
    before = _inputs(used)
    assert used.length == 1
    assert _inputs(used) == before


def test_locks_and_loggers_in_an_object_are_no_content() -> None:
    """What every other class holds for its own sake does not make it live."""
    found = _inputs(Plain("a", [threading.Lock(), threading.RLock(), object()]))
    assert found.live == {}
    assert found == _inputs(Plain("a", [threading.Lock(), threading.RLock(), object()]))
    assert found != _inputs(Plain("b", [threading.Lock(), threading.RLock(), object()]))


def test_classes_of_values_count_as_code(tmp_path: Path) -> None:
    """A method of a value's class can be edited like any other code."""
    sources = Sources(tmp_path)
    text = """
        import dataclasses, enum
        import pydantic
        class Enum(enum.Enum):
            A = 1
        @dataclasses.dataclass
        class Data:
            a: int = 1
            def used(self): return "old"
        class Model(pydantic.BaseModel):
            a: int = 1
            def used(self): return "old"
        class Base:
            def used(self): return "old"
        class Plain(Base): pass
        class Error(Exception):
            def used(self): return "old"
        class Words(str):
            def used(self): return "old"
        def local():
            class Local:
                def used(self): return "old"
            return Local()
        def take(value): return value
        values = [Enum.A, Data(), Model(), Plain(), Error(), Words(), local()]
    """
    sources.write("app.py", text)
    asked = "[inputs_of(app.take, (v,), {}, root=root).parts for v in app.values]"
    before = sources.ask("import app", asked)
    assert [next(iter(parts)) for parts in before] == [
        *[
            f"app.py::{name}"
            for name in ("Enum", "Data", "Model", "Plain", "Error", "Words")
        ],
        "app.py::local.Local",
    ]
    sources.edit("app.py", '"old"', '"new"')
    sources.edit("app.py", "A = 1", "A = 2")
    after = sources.ask("import app", asked)
    assert all(old != new for old, new in zip(before, after, strict=True))


def test_content_is_the_same_in_every_process(tmp_path: Path) -> None:
    """The order in which a process hashes strings has no part in a hash."""
    sources = Sources(tmp_path)
    text = """
        import numpy, pandas
        class Plain:
            def __init__(self): self.words = {"x", "y", "z"}
        def take(value): return value
        words = "the quick brown fox jumps over the lazy dog".split()
        value = [
            set(words), {w: {w, w * 2} for w in set(words)}, Plain(),
            {frozenset(words): 1, (1, 2): 2}, numpy.array(words),
            pandas.DataFrame({"w": words}), pandas.Series(words, dtype="category"),
            take, Plain,
        ]
    """
    sources.write("app.py", text)
    asked = "vars(inputs_of(app.take, (app.value,), {}, root=root))"
    first = sources.ask("import app", asked, seed="1")
    assert first["live"] == {}
    assert first == sources.ask("import app", asked, seed="2")
    assert first == sources.ask("import app", asked, seed="4242")


def test_a_huge_value_is_hashed_whole() -> None:
    """The last character of fifty megabytes counts."""
    huge = "x" * 50_000_000
    assert _inputs(huge) != _inputs(huge[:-1] + "y")
    assert _inputs(huge.encode()) != _inputs(huge.encode()[:-1] + b"y")


def test_a_value_nested_beyond_all_reason_is_live() -> None:
    """Depth ends in a type that counts, not in a crash."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert set(_inputs(deep).live) == {"value"}
