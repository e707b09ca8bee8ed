"""Keep values as a document does; say why one is refused."""

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from milepost.checkpoint import RESERVED
from milepost.values import NotKeptError, decode, encode, record
from milepost.values.difference import find_difference
from milepost.values.schema import Schema, make_schema

NOTHING: dict[str, str] = {}

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
