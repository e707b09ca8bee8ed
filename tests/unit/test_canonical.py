"""One encoding for every hash: equal content gives equal bytes, everywhere."""

import enum
import math
import subprocess
import sys
from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.canonical import (
    PREFIX,
    NotCanonicalError,
    digest,
    digest_plain,
    encode,
    encode_plain,
)


class Colour(enum.Enum):
    RED = 1


class Number(enum.IntEnum):
    ONE = 1


@dataclass
class Point:
    x: int
    y: object = None


Pair = namedtuple("Pair", "left right")

DIFFERENT = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.0,
    0.0,
    -0.0,
    math.inf,
    -math.inf,
    "",
    "1",
    "null",
    b"",
    b"1",
    [],
    [1],
    [[1]],
    (),
    (1,),
    {},
    {"a": 1},
    {"a": None},
    {1: "a"},
    {"1": "a"},
    {"$set": []},
    {"$tuple": [1]},
    {None: 1},
    {(1, 2): 3},
    set(),
    {1},
    {"1"},
    frozenset({(1, 2)}),
    date(2025, 11, 10),
    datetime(2025, 11, 10),  # noqa: DTZ001 - one without a zone is another value
    datetime(2025, 11, 10, tzinfo=UTC),
    time(1, 2),
    timedelta(days=1),
    timedelta(seconds=1),
    Decimal("1.0"),
    Decimal("1.00"),
    Fraction(1, 2),
    1 + 2j,
    range(3),
    UUID(int=1),
    Path("a"),
    Path("/a"),
    Colour.RED,
    Number.ONE,
    Point(1),
    Point(1, 2),
    Pair(1, 2),
]


def test_what_is_different_stays_different():
    """No two of these share an encoding, however alike JSON would write them."""
    seen = {}
    for value in DIFFERENT:
        bytes_ = encode(value)
        assert bytes_ not in seen, (value, seen.get(bytes_))
        seen[bytes_] = value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: 2, "a": 3}, {"a": 3, 1: 2}),
        ({3, 1, 2}, {2, 3, 1}),
        ({1}, frozenset({1})),
        (bytearray(b"x"), b"x"),
        (Path("a/b"), PurePosixPath("a/b")),
        (Point(1, {"a": 1, "b": 2}), Point(1, {"b": 2, "a": 1})),
    ],
    ids=repr,
)
def test_order_without_meaning_does_not_count(one, other):
    """Equal content gives equal bytes, whatever order it was made in."""
    assert encode(one) == encode(other)


def test_bytes_begin_with_their_version():
    """A later change of the rules can never make two unequal things look equal."""
    assert encode(1) == PREFIX + b"1"
    assert PREFIX == b"milepost-1\n"


def test_the_encoding_is_pinned():
    """A change of the rules makes every checkpoint stale: it must not come by accident."""
    value = {"ü": [1, 2.5, None, True, {"b": "€"}], "set": {2, 1}, "path": Path("a/b")}
    assert encode(value) == (
        b'milepost-1\n{"path":{"$path":"a/b"},"set":{"$set":[1,2]},'
        b'"\\u00fc":[1,2.5,null,true,{"b":"\\u20ac"}]}'
    )
    assert digest({"a": 1}) == (
        "9014ac9ab0cbee3147507c88bb46371bb960a69b2e636089cf7097503ac222d1"
    )


_KEYS = st.text(max_size=5).filter(lambda key: not key.startswith("$"))
_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(_PLAIN)
def test_plain_data_needs_no_walk(value):
    """The fast way gives the same hash as the thorough one, where no key begins with $."""
    assert digest_plain(value) == digest(value)
    assert encode_plain(value) == encode(value)


@given(_PLAIN, _PLAIN)
def test_equal_bytes_mean_equal_values(one, other):
    """Two plain values share an encoding only if they are the same JSON."""
    import json

    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (encode(one) == encode(other)) is same


def test_another_process_gives_the_same_bytes():
    """Hash seeds and set order of a process do not show."""
    program = (
        "from milepost.canonical import digest; "
        "print(digest({'s': {'a', 'b', 'c', 'd'}, 'n': {1: {'x', 'y'}}}))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


def test_numpy_counts_by_content():
    """Arrays are equal by type, shape and content."""
    numpy = pytest.importorskip("numpy")
    one = numpy.arange(6).reshape(2, 3)
    assert encode(one) == encode(one.copy())
    different = [one.reshape(3, 2), one.astype("float64"), one + 1, numpy.int64(1)]
    assert len({encode(each) for each in [one, *different]}) == 5
    with pytest.raises(NotCanonicalError):
        encode(numpy.array([object()]))


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (object(), r"\$"),
        ([1, object()], r"\$\[1\]"),
        ({"a": {"b": lambda: 1}}, r"\$\.a\.b"),
        (Point(object()), r"\$\.x"),
    ],
    ids=["top", "list", "dict", "dataclass"],
)
def test_what_has_no_content_is_named_with_its_place(value, path):
    """An object that is no record of values is refused, with its type and path."""
    with pytest.raises(NotCanonicalError, match=f"at {path}$"):
        encode(value)


def test_what_has_no_content_can_be_described():
    """A caller may put something else in such an object's place."""
    paths = []

    def describe(found, path):
        paths.append(path)
        return type(found).__name__

    found = encode({"a": object(), "b": 1}, describe)
    assert found == PREFIX + b'{"a":{"$described":"object"},"b":1}'
    assert paths == ["$.a"]


def test_what_holds_itself_is_no_content():
    """A cycle, and what is nested without end, is refused instead of followed."""
    cycle = []
    cycle.append(cycle)
    deep = nested = []
    for _ in range(300):
        nested.append([])
        nested = nested[0]
    for value in (cycle, deep):
        with pytest.raises(NotCanonicalError):
            encode(value)


def test_the_same_object_twice_is_no_cycle():
    """Sharing is not nesting."""
    shared = [1]
    assert encode([shared, shared]) == encode([[1], [1]])
