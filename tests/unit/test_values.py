"""Values come back as they were, or are refused; they are never changed in silence."""

import collections
import enum
import math
import re
import subprocess
import sys
import threading
import types
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost import values
from milepost.canonical import digest
from milepost.checkpoint import RESERVED
from milepost.errors import DamagedValueError
from milepost.values import (
    NotKeptError,
    decode,
    encode,
    record,
)
from milepost.values.difference import find_difference
from milepost.values.plain import MAX_DEPTH, MAX_JSON_BYTES, to_bytes
from tests.unit.keeping import NOTHING, PLAIN, refused, through_a_document


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
    ids=lambda each: re.sub(" at 0x[0-9a-f]*", "", ascii(each)[:40]),
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
    assert refused(b"key sk-ant-api03-abcdefghijklmnopqrstuvwxyz", bytes).path == "$"


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
