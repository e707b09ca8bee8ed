"""Values come back as they were, or are refused; they are never changed in silence."""

import collections
import enum
import functools
import json
import math
import re
import subprocess
import sys
import textwrap
import threading
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Address
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Generic, Literal, NamedTuple, Self, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
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

from milepost import values
from milepost.canonical import digest
from milepost.checkpoint import RESERVED
from milepost.difference import find_difference
from milepost.errors import DamagedValueError
from milepost.plain import MAX_DEPTH, MAX_JSON_BYTES, to_bytes
from milepost.schema import Schema, make_schema
from milepost.values import (
    MissingLibraryError,
    NotKeptError,
    SchemaChangedError,
    decode,
    encode,
    record,
)

T = TypeVar("T")
NOTHING: dict[str, str] = {}


def through_a_document(value: object, schema: Schema | None) -> object:
    """Keep a value as a document of format version 1 does, and read it from its bytes."""
    encoded, handed = encode(value, schema, environment=NOTHING)
    placed = {"flat": encoded.data, "inline": {"result": encoded.data}, "blob": {}}
    document = {"phase_name": "p", **placed[encoded.form], "milepost": record(encoded)}
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    read = json.loads(
        text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass")
    )
    kept = read["milepost"]
    flat = {key: read[key] for key in kept.get("keys", ())}
    found = {"flat": flat, "inline": read.get("result"), "blob": encoded.content}
    again = decode(found[kept["form"]], kept, schema)
    assert find_difference(handed, again) is None
    return again


def refused(value: object, annotation: object = Any, **options: Any) -> NotKeptError:
    """Give the refusal of a value."""
    with pytest.raises(NotKeptError) as caught:
        encode(value, make_schema(annotation), environment=NOTHING, **options)
    return caught.value


# Plain JSON values

TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**600), 10**600)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from(sorted(RESERVED))
)
PLAIN = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)


@given(PLAIN)
def test_any_plain_value_comes_back_exactly(value: object) -> None:
    """Plain JSON survives the document exactly, to the sign of zero, or is refused."""
    try:
        found = through_a_document(value, None)
    except NotKeptError as error:
        assert re.search("surrogates", error.reason)  # noqa: PT017 - the one allowed refusal
        return
    assert repr(found) == repr(value)


@given(PLAIN, st.data())
def test_mutated_bytes_never_restore_another_value(
    value: object, data: st.DataObject
) -> None:
    """A blob that was changed gives the same value or an error of ours."""
    try:
        encoded, _ = encode(value, None, environment=NOTHING)
    except NotKeptError:
        return
    content = bytearray(to_bytes(encoded.data))
    at = data.draw(st.integers(0, len(content) - 1))
    mutation = data.draw(st.sampled_from(["flip", "cut", "add", "drop"]))
    if mutation == "flip":
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    elif mutation == "cut":
        del content[at:]
    elif mutation == "drop":
        del content[at]
    else:
        content.insert(at, data.draw(st.integers(0, 255)))
    try:
        found = decode(bytes(content), record(encoded), None)
    except DamagedValueError:
        return
    assert repr(found) == repr(value)


@given(PLAIN, PLAIN)
def test_another_values_data_is_never_taken(value: object, other: object) -> None:
    """Data that is not what its record names is damage, never a value."""
    try:
        encoded, _ = encode(value, None, environment=NOTHING)
    except NotKeptError:
        return
    try:
        found = decode(other, record(encoded), None)
    except DamagedValueError:
        assert digest(other) != encoded.sha256
    else:
        assert find_difference(value, found) is None


class Word(str):
    """A text of a class of its own."""


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Kind(enum.StrEnum):
    A = "a"


class Level(enum.IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("value", "path", "kind"),
    [
        ((1, 2), "$", "tuple"),
        ({"items": [1, 2, 3, {1, 2}]}, "$.items[3]", "set"),
        ({"a": {1: "x"}}, "$.a", "dict"),
        ([math.nan], "$[0]", "float"),
        ({"a": math.inf}, "$.a", "float"),
        (b"bytes", "$", "bytes"),
        ([Word("a")], "$[0]", "tests.unit.test_values.Word"),
        ({"c": Color.RED}, "$.c", "tests.unit.test_values.Color"),
        ([Level.LOW], "$[0]", "tests.unit.test_values.Level"),
        (datetime(2026, 1, 1, tzinfo=UTC), "$", "datetime.datetime"),
        ({"lock": threading.Lock()}, "$.lock", "_thread.lock"),
        (collections.OrderedDict(a=1), "$", "collections.OrderedDict"),
        ({Word("key"): 1}, "$", "dict"),
        ([10**640], "$[0]", "int"),
        (["\ud83d\ude00"], "$[0]", "str"),
        ({"\ud83d\ude00": 1}, "$.\ud83d\ude00", "str"),
        (Decimal(1), "$", "decimal.Decimal"),
        (object(), "$", "object"),
        ((n for n in [1]), "$", "generator"),
    ],
    ids=lambda each: ascii(each)[:40],
)
def test_what_json_would_change_is_refused(value: object, path: str, kind: str) -> None:
    """Without an annotation nothing is coerced; the place and the type are named."""
    error = refused(value)
    assert (error.path, error.type_name) == (path, kind)
    assert error.reason
    assert error.cure


def test_a_refused_value_is_untouched() -> None:
    """A value that is not kept can still be handed to the test."""
    stream = iter([1, 2])
    refused({"stream": stream})
    assert list(stream) == [1, 2]


def test_depth_cycles_and_size_are_bounded() -> None:
    """A value that is too deep, holds itself, or is too large is refused, not looped."""
    deep: list[Any] = []
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert "levels" in refused(deep).reason
    assert through_a_document(deep[0], None) == deep[0]
    ring: dict[str, Any] = {}
    ring["me"] = [ring]
    assert (refused(ring).path, refused(ring).reason) == ("$.me[0]", "it contains itself")
    assert "MiB" in refused({"a": "x" * MAX_JSON_BYTES}).reason
    assert "MiB" in refused(["\u20ac" * (MAX_JSON_BYTES // 5)]).reason
    shared = [1]
    assert through_a_document([shared, shared], None) == [[1], [1]]


def test_the_largest_integers_survive() -> None:
    """An integer of 640 digits is read under every limit that Python allows to set."""
    value = [10**640 - 1, -(10**640) + 1]
    limit = sys.get_int_max_str_digits()
    encoded, _ = encode(value, None, environment=NOTHING)
    try:
        sys.set_int_max_str_digits(640)
        assert decode(to_bytes(encoded.data), record(encoded), None) == value
    finally:
        sys.set_int_max_str_digits(limit)


def test_a_dictionary_lies_flat() -> None:
    """A dictionary with text keys lies in the document beside our fields, in its order."""
    encoded, _ = encode({"b": 1, "a": None}, None, environment=NOTHING)
    assert (encoded.form, encoded.keys, encoded.codec) == ("flat", ["b", "a"], "json")
    assert record(encoded)["keys"] == ["b", "a"]
    assert encode({}, None, environment=NOTHING)[0].form == "flat"


@pytest.mark.parametrize("key", [*sorted(RESERVED), "milepost_more", "milepost.x"])
def test_a_clash_with_our_fields_lies_under_result(key: str) -> None:
    """No field of ours can eat one of the value's, now or later."""
    encoded, _ = encode({key: 1, "other": 2}, None, environment=NOTHING)
    assert (encoded.form, encoded.keys) == ("inline", [])
    assert through_a_document({key: 1, "other": 2}, None) == {key: 1, "other": 2}


@pytest.mark.parametrize("value", [None, 0, "", [], [1], "text", False])
def test_other_values_lie_under_result(value: object) -> None:
    """What is no dictionary lies under `result`."""
    assert encode(value, None, environment=NOTHING)[0].form == "inline"
    assert find_difference(value, through_a_document(value, None)) is None


def test_what_is_handed_out_is_a_copy() -> None:
    """A test that changes a value changes neither the stored data nor the next reading."""
    original = {"items": [1]}
    encoded, handed = encode(original, None, environment=NOTHING)
    handed["items"].append(2)
    original["items"].append(3)
    assert encoded.data == {"items": [1]}
    first = decode(encoded.data, record(encoded), None)
    first["items"].append(4)
    assert decode(encoded.data, record(encoded), None) == {"items": [1]}
    typed, out = encode(Shelf([Book("a")]), make_schema(Shelf), environment=NOTHING)
    out.books.clear()
    assert typed.data == {"books": [{"title": "a"}]}


def test_a_secret_is_not_kept() -> None:
    """A value with a secret is refused by its path, unless the path is admitted."""
    made = "q7Rk29zLx0Vw4TnB"
    error = refused({"login": {"token": made}})
    assert error.path == "$.login.token"
    assert made not in str(error)
    assert 'secret_ok=["$.login.token"]' in error.cure
    encode({"login": {"token": made}}, None, secret_ok=["$.login"], environment=NOTHING)
    with pytest.raises(NotKeptError):
        encode([f"x{made}"], None, environment={"MY_TOKEN": made})
    assert refused(Login(made), Login).path == "$.password"
    assert refused(b"key sk-ant-api03-abcdefghijklmnopqrstuvwxyz", bytes).path == "$"


# Typed values


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


class Rounds(BaseModel):
    stamp: Annotated[str, AfterValidator(str.strip)]


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


@pytest.mark.parametrize(("annotation", "value"), TYPED.values(), ids=TYPED)
def test_a_typed_value_comes_back_equal(annotation: object, value: object) -> None:
    """What the annotation says comes back with its types, also through the document."""
    found = through_a_document(value, make_schema(annotation))
    assert type(found) is type(value)
    assert find_difference(value, found) is None
    if not isinstance(value, NoEquality):
        assert found == value


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


@pytest.mark.parametrize(
    ("annotation", "make", "path", "reason"), REFUSED.values(), ids=REFUSED
)
def test_a_value_that_does_not_come_back_is_refused(
    annotation: object, make: Callable[[], object], path: str, reason: str
) -> None:
    """A value that would come back changed is not kept, with the place and the reason."""
    error = refused(make(), annotation)
    assert error.path == path
    assert reason in error.reason
    assert error.reason
    assert error.cure


def test_a_cached_property_is_no_part_of_the_value() -> None:
    """What a class computes once from its fields is computed again."""
    value = Computed(2)
    assert value.double == 4
    found = through_a_document(value, make_schema(Computed))
    assert found == Computed(2)


def test_the_first_run_sees_what_later_runs_see() -> None:
    """A whole number in a float field is handed out as the float that is restored."""
    encoded, handed = encode(Costs(usd=3), make_schema(Costs), environment=NOTHING)
    assert type(handed.usd) is float
    assert encoded.data["usd"] == 3.0
    assert type(encoded.data["usd"]) is float
    again = decode(encoded.data, record(encoded), make_schema(Costs))
    assert type(again.usd) is float


def test_fields_are_stored_by_name() -> None:
    """A typed value with fields lies flat, by field name, without computed fields."""
    encoded, _ = encode(Aliased(taskCount=1), make_schema(Aliased), environment=NOTHING)
    assert (encoded.form, encoded.codec) == ("flat", "typed")
    assert encoded.data == {"task_count": 1, "other": 0}
    computed, _ = encode(WithComputed(n=1), make_schema(WithComputed), environment=NOTHING)
    assert computed.keys == ["n"]


def test_another_schema_is_stale() -> None:
    """A value is never read as another type than the one under which it was written."""
    encoded, _ = encode(Book("a"), make_schema(Book), environment=NOTHING)
    for other in (make_schema(Shelf), make_schema(dict[str, str]), None):
        with pytest.raises(SchemaChangedError):
            decode(encoded.data, record(encoded), other)
    plain, _ = encode({"title": "a"}, None, environment=NOTHING)
    with pytest.raises(SchemaChangedError):
        decode(plain.data, record(plain), make_schema(Book))


def resealed(encoded: values.Encoded, data: object) -> dict[str, Any]:
    """Give the record of a value whose data was changed and accepted by hand."""
    sealed = replace(encoded, data=data, sha256=digest(data))
    return record(sealed)


@pytest.mark.parametrize(
    ("annotation", "value", "data"),
    [
        (Book, Book("a"), {"title": "a", "more": 1}),
        (Shelf, Shelf([Book("a")]), {"books": [{"title": "a", "more": 1}]}),
        (Ignoring, Ignoring(n=1), {"n": 1, "more": 1}),
        (
            Envelope[Cat],
            Envelope[Cat](body=Cat()),
            {"body": {"kind": "cat", "lives": 9, "x": 1}},
        ),
        (Costs, Costs(usd=1.5), {"tokens": {}}),
        (Ignoring, Ignoring(n=1), {"n": "1"}),
        (Ignoring, Ignoring(n=1), {"n": 1.0}),
        (Book, Book("a"), {"title": 5}),
        (Book, Book("a"), {}),
        (set[int], {1, 2}, [1, 1]),
        (datetime, datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01"),
        (Stripping, Stripping(text="a"), {"text": " a"}),
    ],
    ids=lambda each: str(each)[:60],
)
def test_data_that_does_not_write_back_is_stale(
    annotation: object, value: object, data: object
) -> None:
    """Nothing is ignored, filled in or converted: what is read writes back as it was."""
    schema = make_schema(annotation)
    encoded, _ = encode(value, schema, environment=NOTHING)
    assert decode(encoded.data, record(encoded), schema) == value
    with pytest.raises(SchemaChangedError):
        decode(data, resealed(encoded, data), schema)


def test_a_validator_that_refuses_today_makes_stale() -> None:
    """A class that no longer takes its old value makes it stale, without a traceback."""
    threshold = [0]

    class Limited(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def check(cls, n: int) -> int:
            if n <= threshold[0]:
                message = "too small"
                raise ValueError(message)
            return n

    schema = make_schema(Limited)
    encoded, _ = encode(Limited(n=1), schema, environment=NOTHING)
    threshold[0] = 5
    with pytest.raises(SchemaChangedError, match="too small"):
        decode(encoded.data, record(encoded), schema)


def test_a_typed_value_without_pydantic_is_not_called_stale() -> None:
    """Where the type cannot be looked at, that is said; the value is not given up."""
    schema = make_schema(Book)
    encoded, _ = encode(Book("a"), schema, environment=NOTHING)
    with pytest.raises(MissingLibraryError, match=r"milepost\[typed\]"):
        decode(encoded.data, record(encoded), replace(schema, adapter=None))


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"codec": "json"},
        {"codec": "json", "sha256": 5},
        {"codec": "pickle", "sha256": "0" * 64},
        {"codec": ["json"]},
        {"codec": None, "sha256": None},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "data", [None, {"a": 1}, b"\x80\x04N.", b"{", b"[1e999]", math.inf]
)
def test_a_strange_record_is_damage(kept: dict[str, Any], data: object) -> None:
    """A record that nothing of ours wrote gives an error of ours."""
    with pytest.raises(DamagedValueError):
        decode(data, kept, None)


def test_a_deep_or_giant_blob_is_damage() -> None:
    """A blob that would cost the stack or the memory is not read."""
    encoded, _ = encode([1], None, environment=NOTHING)
    for content in (b"[" * 500_000, b" " * (MAX_JSON_BYTES + 1), b"[" + b"9" * 5000 + b"]"):
        with pytest.raises(DamagedValueError):
            decode(content, record(encoded), None)


def test_a_set_comes_back_in_another_process() -> None:
    """The order in which a process walks a set does not make its value stale."""
    words = {f"word {n}" for n in range(40)}
    encoded, _ = encode(words, make_schema(set[str]), environment=NOTHING)
    program = textwrap.dedent(
        """
        import json, sys
        from milepost import schema, values
        data, kept = json.loads(sys.stdin.read())
        print(len(values.decode(data, kept, schema.make_schema(set[str]))))
        """
    )
    for seed in ("1", "2"):
        answer = subprocess.run(
            [sys.executable, "-c", program],
            input=json.dumps([encoded.data, record(encoded)]),
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            check=True,
        )
        assert answer.stdout.strip() == "40"


ANNOTATED = st.one_of(
    st.tuples(st.just(set[int]), st.frozensets(st.integers()).map(set)),
    st.tuples(st.just(dict[int, str]), st.dictionaries(st.integers(), st.text())),
    st.tuples(st.just(tuple[int, ...]), st.lists(st.integers()).map(tuple)),
    st.tuples(st.just(datetime), st.datetimes()),
    st.tuples(st.just(timedelta), st.timedeltas()),
    st.tuples(st.just(Decimal), st.decimals(allow_nan=False)),
    st.tuples(st.just(datetime | str), st.text() | st.datetimes().map(str)),
    st.tuples(st.just(int | str | float), st.text() | st.integers() | st.floats()),
    st.tuples(st.just(Node), st.builds(Node, st.text(), st.just([]))),
    st.tuples(st.just(Costs), st.builds(Costs, usd=st.floats() | st.integers())),
    st.tuples(st.just(Anything), st.builds(Anything, data=PLAIN)),
    st.tuples(st.just(bytes), st.binary()),
)


@given(ANNOTATED)
def test_any_typed_value_comes_back_or_is_refused(case: tuple[Any, object]) -> None:
    """With any annotation a value comes back equal, or it is refused."""
    annotation, value = case
    schema = make_schema(annotation)
    try:
        found = through_a_document(value, schema)
    except NotKeptError as error:
        assert error.reason  # noqa: PT017 - a refusal is as good
        return
    assert find_difference(value, found) is None


def test_values_load_nothing_heavy() -> None:
    """Plain values are kept without pydantic, numpy or pandas being loaded."""
    program = (
        "import sys; from milepost.values import encode\n"
        "encode({'a': [1]}, None)\n"
        "print(sorted({'pydantic', 'numpy', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        check=True,
    )
    assert answer.stdout.strip() == "[]"
    assert isinstance(values, types.ModuleType)
