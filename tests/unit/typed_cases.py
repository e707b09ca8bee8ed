"""Classes and values that come back with their types, and such that do not."""

import collections
import enum
import functools
import math
import re
import threading
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Address
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Generic, Literal, NamedTuple, Self, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pydantic
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    SecretStr,
    computed_field,
    field_serializer,
    field_validator,
)

T = TypeVar("T")


class Word(str):
    """A text of a class of its own."""


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Kind(enum.StrEnum):
    A = "a"


class Level(enum.IntEnum):
    LOW = 1


@dataclass
class Book:
    title: str


@dataclass
class Rare(Book):
    price: float = 0.0


@dataclass
class Shelf:
    books: list[Book]


@dataclass
class Login:
    password: str


@dataclass
class Node:
    label: str
    children: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Frozen:
    n: int
    when: datetime | None = None


@dataclass(kw_only=True)
class Costs:
    usd: float = 0
    tokens: dict[str, int] = field(default_factory=dict)


@dataclass(eq=False)
class NoEquality:
    n: int


@dataclass
class Derived:
    n: int
    double: int = field(init=False)

    def __post_init__(self) -> None:
        self.double = self.n * 2


@dataclass
class Computed:
    n: int

    @functools.cached_property
    def double(self) -> int:
        return self.n * 2


@dataclass
class Box(Generic[T]):
    inside: T


class Point(NamedTuple):
    x: int
    y: str = "y"


class Aliased(BaseModel):
    task_count: int = Field(alias="taskCount")
    other: int = Field(0, validation_alias=AliasChoices("o", "p"), serialization_alias="q")


class WithComputed(BaseModel):
    n: int

    @computed_field
    @property
    def double(self) -> int:
        return self.n * 2


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    lives: int = 1


class Pets(BaseModel):
    pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]]


class Envelope(BaseModel, Generic[T]):
    body: T


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    n: int


class Tree(BaseModel):
    left: Self | None = None
    n: int = 0


def stripped(text: str) -> str:
    """Give a text without blanks around it."""
    return text.strip()


class Rounds(BaseModel):
    stamp: Annotated[str, AfterValidator(stripped)]


class Items(RootModel[list[int]]):
    pass


@pydantic.dataclasses.dataclass
class Checked:
    n: int = Field(gt=0)


TYPED: dict[str, tuple[object, object]] = {
    "dataclass": (Book, Book("a")),
    "nested": (Shelf, Shelf([Book("a"), Book("b")])),
    "derived class": (Rare, Rare("a", 1.5)),
    "recursive": (Node, Node("a", [Node("b", [Node("c")])])),
    "frozen slots": (Frozen, Frozen(1, datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))),
    "keyword only": (Costs, Costs(usd=1.25, tokens={"a": 1})),
    "without equality": (NoEquality, NoEquality(1)),
    "made after init": (Derived, Derived(2)),
    "generic dataclass": (Box[int], Box(1)),
    "checked dataclass": (Checked, Checked(1)),
    "NamedTuple": (Point, Point(1, "b")),
    "list of NamedTuple": (list[Point], [Point(1)]),
    "model": (Cat, Cat(lives=3)),
    "alias": (Aliased, Aliased(taskCount=3, o=4)),
    "computed field": (WithComputed, WithComputed(n=2)),
    "discriminated": (Pets, Pets(pets=[Cat(), Dog()])),
    "generic model": (Envelope[Cat], Envelope[Cat](body=Cat())),
    "model of models": (Envelope[list[Cat]], Envelope[list[Cat]](body=[Cat()])),
    "extra allowed": (Open, Open(n=1, more=[1])),
    "Self": (Tree, Tree(left=Tree(n=2))),
    "validator that agrees": (Rounds, Rounds(stamp="a")),
    "root model": (Items, Items([1, 2])),
    "optional": (Cat | None, None),
    "union": (Cat | Dog, Dog()),
    "union of plain": (int | Cat, 3),
    "tuple": (tuple[int, str], (1, "a")),
    "tuple...": (tuple[int, ...], (1, 2, 3)),
    "empty tuple": (tuple[()], ()),
    "set": (set[str], {"a", "b", "c"}),
    "frozenset": (frozenset[int], frozenset({3, 1})),
    "set in a list": (list[set[str]], [{"x", "y"}, {"z"}]),
    "dict of int": (dict[int, str], {1: "a", -2: "b"}),
    "dict of enum": (dict[Color, int], {Color.RED: 1}),
    "dict of date": (dict[date, int], {date(2026, 1, 1): 1}),
    "deque": (collections.deque[int], collections.deque([1, 2])),
    "OrderedDict": (
        collections.OrderedDict[str, int],
        collections.OrderedDict(b=1, a=2),
    ),
    "Counter": (collections.Counter[str], collections.Counter("aab")),
    "defaultdict": (
        collections.defaultdict[str, list[int]],
        collections.defaultdict(list, a=[1]),
    ),
    "enum": (Color, Color.BLUE),
    "IntEnum": (Level, Level.LOW),
    "Literal of a text enum": (Literal[Kind.A], Kind.A),
    "Literal of a number enum": (Literal[Level.LOW], Level.LOW),
    "datetime": (datetime, datetime(2026, 1, 2, 3, 4, 5)),  # noqa: DTZ001 - naive on purpose
    "aware datetime": (
        datetime,
        datetime(2026, 7, 2, tzinfo=timezone(timedelta(hours=2))),
    ),
    "zone": (datetime, datetime(2026, 7, 2, tzinfo=ZoneInfo("Europe/Madrid"))),
    "date": (date, date(2026, 1, 2)),
    "time": (time, time(1, 2, 3, 4)),
    "timedelta": (timedelta, timedelta(days=-1, microseconds=3)),
    "Decimal": (Decimal, Decimal("1.500")),
    "UUID": (UUID, UUID(int=5)),
    "Path": (Path, Path("/a/b")),
    "PurePosixPath": (PurePosixPath, PurePosixPath("a")),
    "Fraction": (Fraction, Fraction(1, 3)),
    "complex": (complex, 1 + 2j),
    "address": (IPv4Address, IPv4Address("127.0.0.1")),
    "pattern": (re.Pattern, re.compile("a+")),
    "datetime | str, a datetime": (datetime | str, datetime(2026, 1, 1)),  # noqa: DTZ001
    "datetime | str, a text": (datetime | str, "no date"),
    "bytes": (bytes, b"\x00\xff raw"),
    "bytes | None": (bytes | None, None),
    "list of bytes": (list[bytes], [b"text"]),
    "plain": (dict[str, list[int]], {"a": [1]}),
    "a float that is whole": (float, 1),
    "TypedDict": (typing.TypedDict("Row", {"id": int}), {"id": 1, "more": None}),
    "type variable": (T, {"a": 1}),
}


class Dropping(BaseModel):
    n: int = Field(exclude=True)


class Defaulted(BaseModel):
    n: int = Field(3, exclude=True)


class Private(BaseModel):
    n: int = 0
    _session: str = PrivateAttr("none")

    @classmethod
    def opened(cls) -> Self:
        made = cls(n=1)
        made._session = "open"
        return made


class Stripping(BaseModel):
    text: str

    @field_validator("text")
    @classmethod
    def strip(cls, text: str) -> str:
        return text.strip()


class Rounding(BaseModel):
    x: float

    @field_serializer("x")
    def round(self, x: float) -> float:
        return round(x, 1)


class Failing(BaseModel):
    n: int

    @field_serializer("n")
    def broken(self, n: int) -> int:
        message = "no database here"
        raise RuntimeError(message)


class Hidden(BaseModel):
    key: SecretStr


class Anything(BaseModel):
    data: Any


class Ignoring(BaseModel):
    n: int


def with_attribute() -> Book:
    """Give a dataclass with an attribute that is no field."""
    book = Book("a")
    book.session = "open"  # type: ignore[attr-defined]
    return book


def ring_of_nodes() -> Node:
    """Give a node that is its own child."""
    node = Node("a")
    node.children.append(node)
    return node


REFUSED: dict[str, tuple[object, Callable[[], object], str, str]] = {
    "subclass in a list": (list[Book], lambda: [Rare("a", 1.5)], "$[0]", "Rare comes back"),
    "subclass": (Book, lambda: Rare("a"), "$", "Rare comes back as a Book"),
    "another class": (Book, lambda: Shelf([]), "$", ""),
    "not what is said": (Book, lambda: {"title": "a"}, "$", "dict comes back as a Book"),
    "wrong field type": (Book, lambda: Book(5), "$.title", "read back"),
    "secret text": (Hidden, lambda: Hidden(key="x"), "$.key", "equal"),
    "excluded field": (Dropping, lambda: Dropping(n=1), "$.n", "read back"),
    "excluded default": (Defaulted, lambda: Defaulted(n=4), "$.n", "equal"),
    "private attribute": (Private, Private.opened, "$.pydantic_private._session", "equal"),
    "validator that changes": (
        Stripping,
        lambda: Stripping.model_construct(text=" a "),
        "$.text",
        "equal",
    ),
    "serializer that changes": (Rounding, lambda: Rounding(x=1.234), "$.x", "equal"),
    "serializer that fails": (Failing, lambda: Failing(n=1), "$", "no database here"),
    "tuple under Any": (Anything, lambda: Anything(data=(1, 2)), "$.data", "tuple"),
    "date under Any": (
        Anything,
        lambda: Anything(data=date(2026, 1, 1)),
        "$.data",
        "date comes back as a str",
    ),
    "text that looks like a date": (datetime | str, lambda: "2026-01-01T00:00:00", "$", ""),
    "date that looks like a text": (
        str | date,
        lambda: date(2026, 1, 1),
        "$",
        "date comes back as a str",
    ),
    "text that looks like a number": (Decimal | str, lambda: "1.5", "$", "Decimal"),
    "attribute that is no field": (Book, with_attribute, "$", "'session' does not"),
    "NaN in a field": (Costs, lambda: Costs(usd=math.nan), "$.usd", "nan"),
    "bytes that are no text": (list[bytes], lambda: [b"\xff"], "$", "UnicodeDecodeError"),
    "lone surrogate": (Book, lambda: Book("\udc80"), "$", "surrogate"),
    "keys that change": (dict[int | str, int], lambda: {1: 2}, "$", "keys"),
    "tuple keys": (dict[tuple[int, int], int], lambda: {(1, 2): 3}, "$.1,2.[key]", ""),
    "tuple for a list": (list[int], lambda: (1, 2), "$", "plain JSON"),
    "live thing": (Book, threading.Lock, "$", ""),
    "deque with a maximum": (
        collections.deque[int],
        lambda: collections.deque([1], maxlen=3),
        "$",
        "maxlen",
    ),
    "factory": (
        collections.defaultdict[str, list[int]],
        lambda: collections.defaultdict(lambda: [0], a=[1]),
        "$",
        "default_factory",
    ),
    "bytes without a word": (dict[str, Any], lambda: b"a", "$", "plain JSON"),
    "true in a set of numbers": (set[int], lambda: {True}, "$", ""),
    "text subclass": (Book, lambda: Book(Word("a")), "$.title", ""),
    "Literal of another enum": (Literal[Color.RED], lambda: Color.RED, "$", "Color.RED"),
    "cycle": (Node, ring_of_nodes, "$", ""),
}
