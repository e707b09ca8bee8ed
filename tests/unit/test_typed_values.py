"""Typed values come back with their types, or are refused."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    BaseModel,
    field_validator,
)

from milepost import values
from milepost.canonical import digest
from milepost.values import (
    MissingLibraryError,
    NotKeptError,
    SchemaChangedError,
    decode,
    encode,
    record,
)
from milepost.values.difference import find_difference
from milepost.values.schema import make_schema
from tests.unit.keeping import NOTHING, PLAIN, refused, through_a_document
from tests.unit.typed_cases import (
    REFUSED,
    TYPED,
    Aliased,
    Anything,
    Book,
    Cat,
    Computed,
    Costs,
    Envelope,
    Ignoring,
    Login,
    Node,
    NoEquality,
    Shelf,
    Stripping,
    WithComputed,
)


@pytest.mark.parametrize(("annotation", "value"), TYPED.values(), ids=TYPED)
def test_a_typed_value_comes_back_equal(annotation: object, value: object) -> None:
    """What the annotation says comes back with its types, also through the document."""
    found = through_a_document(value, make_schema(annotation))
    assert type(found) is type(value)
    assert find_difference(value, found) is None
    if not isinstance(value, NoEquality):
        assert found == value


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


def test_a_set_comes_back_in_another_process() -> None:
    """The order in which a process walks a set does not make its value stale."""
    words = {f"word {n}" for n in range(40)}
    encoded, _ = encode(words, make_schema(set[str]), environment=NOTHING)
    program = textwrap.dedent(
        """
        import json, sys
        from milepost import values
        from milepost.values import schema
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


def test_what_is_handed_out_is_a_copy() -> None:
    """A test that changes a typed value does not change the stored data."""
    encoded, handed = encode(Shelf([Book("a")]), make_schema(Shelf), environment=NOTHING)
    handed.books.clear()
    assert encoded.data == {"books": [{"title": "a"}]}


def test_a_secret_in_a_field_is_not_kept() -> None:
    """A field of a typed value counts like a key of a dictionary."""
    assert refused(Login("q7Rk29zLx0Vw4TnB"), Login).path == "$.password"
