"""The text of a document, rendered again only where it has changed."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from milepost import TestCheckpoint
from milepost.checkpoint import PhaseCheckpoint, checksum

TEXTS = st.text(max_size=8) | st.sampled_from(
    ["\n", '\\n"', "\u2028", "\ud800", "é", "\x00"]
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
).filter(lambda value: "Infinity" not in json.dumps(value))
NAMES = st.sampled_from(["plan", "build", "a b", 'é"\n', "milepost", "phases"])
# A phase's name, with what it returns from then on; None takes the phase out.
CHANGES = st.lists(st.tuples(NAMES, st.none() | PLAIN.map(lambda found: [found])))


def new_checkpoint() -> TestCheckpoint:
    """Give a checkpoint without phases."""
    at = "2025-11-10T18:31:48.123Z"
    own = {"schema_version": 1, "generation": "0" * 16, "revision": 0, "fence": 1}
    return TestCheckpoint(
        "a test", "test_a", started_at=at, last_updated_at=at, milepost=own
    )


def rendered_whole(checkpoint: TestCheckpoint) -> bytes:
    """Give the bytes of a document's file as the standard library writes them."""
    document = copy.deepcopy(checkpoint.to_dict())
    own = checkpoint.milepost | {"checksum": checksum(document)}
    text = json.dumps(document | {"milepost": own}, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass") + b"\n"


@given(CHANGES)
def test_what_is_not_rendered_again_reads_as_if_it_were(changes: list[Any]) -> None:
    """After any changes the file is, letter by letter, that of the whole document."""
    checkpoint = new_checkpoint()
    for number, (name, value) in enumerate(changes):
        if value is None:
            checkpoint.phases.pop(name, None)
        else:
            phase = checkpoint.phases.setdefault(name, PhaseCheckpoint(name))
            phase.milepost_extra["result"] = value[0]
        checkpoint.milepost["revision"] = number
        checkpoint.extra["of a user"] = value

        content = checkpoint.to_json()

        assert content == rendered_whole(checkpoint)
        assert TestCheckpoint.from_json(content).to_dict()["phases"].keys() == set(
            checkpoint.phases
        )


def test_a_change_deep_inside_a_phase_is_written() -> None:
    """What is changed in place, to an equal value of another type too, reaches the file."""
    checkpoint = new_checkpoint()
    checkpoint.phases["plan"] = PhaseCheckpoint("plan")
    inner: dict[str, Any] = {"tasks": [{"done": 0}]}
    checkpoint.phases["plan"].milepost_data = inner
    checkpoint.to_json()

    inner["tasks"][0]["done"] = False

    assert b'"done": false' in checkpoint.to_json()
