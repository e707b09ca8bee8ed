"""The document: the seed's form, every value back, nothing unknown lost."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost import PhaseStatus, TestCheckpoint
from milepost.checkpoint import ORIGIN_FIELDS, PHASE_FIELDS, PhaseCheckpoint
from milepost.document_errors import (
    BadCheckpointError,
    DamagedCheckpointError,
    EditedCheckpointError,
    ForeignCheckpointError,
    NewerCheckpointError,
)
from milepost.manager import CheckpointManager
from tests.unit.seed import DISCOVERY, EXAMPLE, MASTERPLAN, PHASES, RESET, example

OURS = {
    "schema_version": 1,
    "generation": "0123456789abcdef",
    "revision": 3,
    "fence": 2,
    "identity": {"path": "t.py", "name": "test_x", "parameters": {}, "variant": "py3.11"},
}


def ours(**more: Any) -> dict[str, Any]:
    """Give the seed's example as a document of ours."""
    document = example() | {"milepost": OURS | more}
    for phase in document["phases"].values():
        keys = [key for key in phase if key not in PHASE_FIELDS]
        if phase["status"] == "completed":
            phase["milepost"] = {"value": {"form": "flat", "keys": keys, "sha256": "00"}}
    return document


def written(document: dict[str, Any]) -> bytes:
    """Give the bytes of a document's file."""
    return TestCheckpoint.from_dict(document).to_json()


def test_the_seeds_statuses_are_these_five():
    """Five statuses with lower-case values, which are texts as well."""
    names = ["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "SKIPPED"]
    assert [status.name for status in PhaseStatus] == names
    assert [status.value for status in PhaseStatus] == [name.lower() for name in names]
    assert PhaseStatus.COMPLETED == "completed"


def test_the_seeds_document_loads_and_saves_as_it_is():
    """The README's own JSON comes back with its fields, in its order, letter by letter."""
    checkpoint = TestCheckpoint.from_json(EXAMPLE.encode())
    assert json.dumps(checkpoint.to_dict(), indent=2) == EXAMPLE.strip()


def test_a_document_of_ours_has_the_seeds_fields_in_the_seeds_order(tmp_path):
    """What the seed shows comes first, as shown; all else lies in one object, last."""
    manager = CheckpointManager(tmp_path)
    checkpoint = manager.create_checkpoint("T", "t_1", "request", PHASES[:4])
    manager.start_phase(checkpoint, "discovery")
    manager.complete_phase(checkpoint, "discovery", **DISCOVERY)
    manager.start_phase(checkpoint, "masterplan")
    manager.complete_phase(checkpoint, "masterplan", MASTERPLAN)
    manager.start_phase(checkpoint, "code_generation")
    manager.fail_phase(checkpoint, "code_generation", RESET)
    found = json.loads((tmp_path / "checkpoint_t_1.json").read_text())

    assert list(found) == [*example(), "milepost"]
    for name in ("discovery", "masterplan", "atomization"):
        shown = found["phases"][name]
        assert [key for key in shown if key != "milepost"] == list(
            example()["phases"][name]
        )
        assert list(shown)[-1] in ("milepost", "error")
    assert found["current_phase"] == "code_generation"
    assert found["total_retries"] == 1
    assert found["phases"]["code_generation"]["error"] == RESET
    assert found["started_at"].endswith("Z")
    assert len(found["started_at"]) == len(example()["started_at"])


def test_values_read_back_as_attributes():
    """What a phase returned is an attribute, and whole under result."""
    discovery = TestCheckpoint.from_json(EXAMPLE.encode()).phases["discovery"]
    assert discovery.discovery_id == DISCOVERY["discovery_id"]
    assert discovery.entities_count == 8
    assert discovery.result == DISCOVERY


@pytest.mark.parametrize("name", sorted(ORIGIN_FIELDS))
def test_the_originals_optional_fields_read_as_none(name):
    """The nine optional fields exist on every phase."""
    assert getattr(PhaseCheckpoint("p"), name) is None


@pytest.mark.parametrize("name", ["domain", "result", "__len__", "milepost_x"])
def test_a_name_that_was_not_returned_is_an_attribute_error(name):
    """Other names are missing, and the message says what there is."""
    phase = TestCheckpoint.from_json(EXAMPLE.encode()).phases["atomization"]
    with pytest.raises(AttributeError):
        getattr(phase, name)
    assert not hasattr(phase, name)
    with pytest.raises(AttributeError, match="returned: masterplan_id, project_name"):
        _ = TestCheckpoint.from_json(EXAMPLE.encode()).phases["masterplan"].domain


@pytest.mark.parametrize(
    "name",
    "data extra attempts earlier value values unkept clock form keys read items "
    "outcome generation cost_usd fingerprint inputs awaitable".split(),
)
def test_no_name_of_ours_hides_one_that_a_phase_returned(tmp_path, name):
    """A phase may return any name but the document's own; it reads back as returned."""
    manager = CheckpointManager(tmp_path)
    checkpoint = manager.create_checkpoint("T", "t", "", ["p"])
    manager.complete_phase(checkpoint, "p", {name: ["theirs"]})
    loaded = manager.load_checkpoint("t")

    assert loaded
    assert getattr(checkpoint.phases["p"], name) == ["theirs"]
    assert getattr(loaded.phases["p"], name) == ["theirs"]


@pytest.mark.parametrize(
    "value",
    [
        *({name: "theirs"} for name in (*PHASE_FIELDS, "result", "milepost", "milepost_x")),
        [1, 2],
        "text",
        0,
        {},
        {"": 1, "a b": {"blob": "0" * 64, "form": "blob"}},
    ],
    ids=repr,
)
def test_every_plain_value_comes_back_whole(tmp_path, value):
    """A name that the document needs does not clash, nor does a value of any other kind."""
    manager = CheckpointManager(tmp_path)
    checkpoint = manager.create_checkpoint("T", "t", "", ["p"])
    manager.complete_phase(checkpoint, "p", copy.deepcopy(value))
    loaded = manager.load_checkpoint("t")

    assert loaded
    phase = loaded.phases["p"]
    assert phase.status == PhaseStatus.COMPLETED
    stored = phase.milepost_data if isinstance(value, dict) else phase.result
    if isinstance(value, dict) and "result" in phase.milepost_extra:
        stored = phase.milepost_extra["result"]
    assert stored == value


def test_pytest_does_not_collect_the_class():
    """TestCheckpoint begins with Test and is no test."""
    assert TestCheckpoint.__test__ is False


def test_unknown_fields_survive_at_both_levels(tmp_path):
    """What nobody here knows is kept through load, change and save; ours and theirs."""
    manager = CheckpointManager(tmp_path)
    manager.create_checkpoint("T", "t", "", ["p", "q"])
    document = manager.load_checkpoint("t").to_dict()
    document["ticket"] = {"id": 7}
    document["phases"]["p"]["owner"] = None
    document["phases"]["q"]["note"] = "keep me"
    document["milepost"] |= {"later": [1]}
    document["phases"]["p"]["milepost"] = {"later": {"a": 1}}
    manager.get_checkpoint_path("t").write_bytes(written(document))
    manager.close()

    checkpoint = manager.load_checkpoint("t")
    manager.start_phase(checkpoint, "p")
    manager.complete_phase(checkpoint, "p", value=1)
    manager.start_phase(checkpoint, "q")
    manager.complete_phase(checkpoint, "q", value=2)
    found = manager.load_checkpoint("t").to_dict()

    assert found["ticket"] == {"id": 7}
    assert found["milepost"]["later"] == [1]
    assert found["phases"]["p"]["milepost"]["later"] == {"a": 1}
    assert found["phases"]["p"]["owner"] is None
    assert found["phases"]["q"]["note"] == "keep me"
    assert manager.load_checkpoint("t").phases["q"].note == "keep me"
    assert manager.load_checkpoint("t").phases["q"].result == {"value": 2}


def test_a_value_is_exactly_the_keys_recorded():
    """A field beside a value is not part of it, whatever its name."""
    document = ours()
    document["phases"]["discovery"]["fingerprint"] = "added by somebody"
    phase = TestCheckpoint.from_dict(document).phases["discovery"]
    assert phase.milepost_data == DISCOVERY
    assert phase.milepost_extra == {"fingerprint": "added by somebody"}


def test_null_fields_do_not_come_before_a_value():
    """A field that was null is the value's own once the phase has returned it."""
    document = example()
    document["phases"]["atomization"]["atoms_count"] = None
    phase = TestCheckpoint.from_dict(document).phases["atomization"]
    phase.milepost_data = {"atoms_count": 812}
    assert phase.to_dict()["atoms_count"] == 812
    assert phase.atoms_count == 812


def test_what_is_written_reads_back_equal():
    """Save and load is the identity."""
    checkpoint = TestCheckpoint.from_dict(ours())
    again = TestCheckpoint.from_json(checkpoint.to_json())
    assert again.phases == checkpoint.phases
    assert again.to_json() == checkpoint.to_json()


_TEXTS = st.text(alphabet=st.characters(), max_size=8)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
).filter(lambda value: "Infinity" not in json.dumps(value))


@given(st.dictionaries(_TEXTS, _PLAIN, max_size=5), _TEXTS, _TEXTS)
def test_any_text_and_any_value_survive_the_bytes(data, title, name):
    """Whatever Unicode and JSON can say comes back from the file as it was."""
    document = ours()
    document["test_name"] = title
    document["phases"] = {name: {"phase_name": name, "status": "pending", "a": data}}
    checkpoint = TestCheckpoint.from_dict(document)
    again = TestCheckpoint.from_json(checkpoint.to_json())

    assert again.test_name == title
    assert again.phases[name].a == data
    assert again.to_dict()["phases"] == checkpoint.to_dict()["phases"]


def test_a_checksum_that_does_not_fit_is_an_edit():
    """A change of any field of ours is seen, and can be taken over."""
    content = written(ours()).replace(b'"completed"', b'"pending"', 1)
    with pytest.raises(EditedCheckpointError):
        TestCheckpoint.from_json(content)
    accepted = TestCheckpoint.from_json(content, accept=True)
    assert accepted.phases["discovery"].status == PhaseStatus.PENDING


def test_layout_is_no_content():
    """An editor's byte order mark, line ends, order and indents change nothing."""
    content = written(ours())
    document = json.loads(content)
    layouts = [
        b"\xef\xbb\xbf" + content,
        content.replace(b"\n", b"\r\n"),
        content.rstrip(),
        json.dumps(dict(reversed(document.items()))).encode(),
    ]
    for layout in layouts:
        assert TestCheckpoint.from_json(layout).to_dict() == json.loads(layout)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\0" * 100,
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"test_name": NaN}',
        b'{"test_name": 1e999}',
        b'{"test_name": ' + b"9" * 5000 + b"}",
        b"not json",
    ],
    ids="empty open nul utf16 list object nan inf digits words".split(),
)
def test_what_is_no_json_is_damaged(content):
    """Bytes that cannot be read are damage, with a reason of one line."""
    with pytest.raises(DamagedCheckpointError) as caught:
        TestCheckpoint.from_json(content)
    assert "\n" not in caught.value.reason


@pytest.mark.parametrize("content", ["[]", "1", "null", '"x"', "{}", '{"a": 1}'])
def test_other_json_is_foreign(content):
    """JSON that is no checkpoint is not ours, and never damage."""
    with pytest.raises(ForeignCheckpointError):
        TestCheckpoint.from_json(content.encode())


def test_a_field_that_stands_twice_is_refused():
    """JSON that means two things is never read as one of them."""
    content = written(ours()).replace(
        b'"test_id":', b'"test_id": "fastapi_pipeline_abc12345",\n"test_id":', 1
    )
    with pytest.raises(ForeignCheckpointError, match="'test_id' stands in it twice"):
        TestCheckpoint.from_json(content)


def test_a_newer_version_is_refused():
    """A document of a newer milepost is not read, however it looks."""
    newer = {"milepost": {"schema_version": 2}, "phases": "in another form"}
    with pytest.raises(NewerCheckpointError, match="schema version 2"):
        TestCheckpoint.from_dict(newer)


WRONG = [
    ("test_name", None),
    ("test_id", 5),
    ("started_at", "yesterday"),
    ("last_updated_at", None),
    ("total_duration_seconds", "long"),
    ("total_duration_seconds", True),
    ("total_duration_seconds", 10**400),
    ("current_phase", {}),
    ("total_retries", -1),
    ("total_retries", 1.5),
    ("user_request", []),
    ("phases", []),
    ("phases.discovery", None),
    ("phases.discovery.status", "complete"),
    ("phases.discovery.status", None),
    ("phases.discovery.status", []),
    ("phases.discovery.started_at", "now"),
    ("phases.discovery.started_at", 5),
    ("phases.discovery.duration_seconds", "36"),
    ("phases.discovery.retry_count", "1"),
    ("phases.discovery.error", {}),
    ("phases.discovery.milepost", None),
    ("phases.discovery.milepost.value", "x"),
    ("phases.discovery.milepost.value.form", "pickle"),
    ("phases.discovery.milepost.value.keys", None),
    ("phases.discovery.milepost.value.keys", [1]),
    ("phases.discovery.milepost.value.sha256", 5),
    ("phases.discovery.milepost.inputs", {"a": 1}),
    ("phases.discovery.milepost.fingerprint", {"parts": []}),
    ("phases.discovery.milepost.consumed", {}),
    ("phases.discovery.milepost.attempts", None),
    ("phases.discovery.milepost.attempts", [None]),
    ("phases.discovery.milepost.attempts", [{"outcome": 1}]),
    ("phases.discovery.milepost.attempts", [{"seconds": "1"}]),
    ("phases.discovery.milepost.attempts", [{"cost": {"usd": "1"}}]),
    ("phases.discovery.milepost.earlier", {}),
    ("phases.discovery.milepost.earlier", [{"value": {}}]),
    ("phases.discovery.milepost.awaitable", "yes"),
    ("milepost", None),
    ("milepost", []),
    ("milepost.generation", None),
    ("milepost.revision", "1"),
    ("milepost.fence", None),
    ("milepost.identity", []),
    ("milepost.passed_at", 5),
    ("milepost.remembered", {"user": {"value": 5}}),
]


@pytest.mark.parametrize(("path", "value"), WRONG, ids=lambda given: repr(given)[:40])
def test_a_field_of_the_wrong_type_is_named(path, value):
    """Whatever passes can be used: any other type is refused, naming the field."""
    document = ours()
    *parents, last = path.split(".")
    place = document
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    with pytest.raises(ForeignCheckpointError) as caught:
        TestCheckpoint.from_dict(document)
    assert f"Its field {path.partition('.value.')[0]}" in str(caught.value)
    assert "milepost accept" in str(caught.value)


@pytest.mark.parametrize("version", [None, 0, True, 1.0, "1"])
def test_a_version_that_is_none_is_refused(version):
    """Without a version that counts nobody knows what a document means."""
    with pytest.raises(ForeignCheckpointError, match="Its schema version is"):
        TestCheckpoint.from_dict(ours(schema_version=version))


@given(st.data())
def test_any_field_may_be_anything_and_nothing_but_our_errors_comes(data):
    """A document with one value replaced by any other is refused, or loads and saves."""
    document = ours()
    place: Any = document
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not (isinstance(place[key], dict) and place[key] and data.draw(st.booleans())):
            break
        place = place[key]
    place[key] = data.draw(_PLAIN)
    try:
        checkpoint = TestCheckpoint.from_dict(copy.deepcopy(document))
    except BadCheckpointError:
        return
    TestCheckpoint.from_json(checkpoint.to_json())


@pytest.mark.parametrize("lost", ["milepost", "its name"])
def test_a_document_of_ours_never_passes_for_the_originals(lost):
    """When our object is gone, or has another name, the rest is not taken for whole."""
    document = ours()
    own = document.pop("milepost")
    if lost == "its name":
        document["phases"] = {}
        document["milepnst"] = own
    with pytest.raises(ForeignCheckpointError):
        TestCheckpoint.from_dict(document)


def test_what_could_not_be_read_back_is_not_written():
    """A document that a later run would refuse is refused before it is written."""
    checkpoint = TestCheckpoint.from_dict(ours())
    checkpoint.phases["discovery"].status = "complete"  # type: ignore[assignment]
    with pytest.raises(ForeignCheckpointError):
        checkpoint.to_json()


def test_an_unknown_phase_is_named_with_the_known_ones():
    """Asking for a phase that is not there says which are."""
    with pytest.raises(KeyError, match="no phase 'plan'") as caught:
        TestCheckpoint.from_dict(ours()).phase("plan")
    assert "discovery, masterplan, code_generation, atomization" in str(caught.value)
