"""Damaged, edited, foreign and newer files: said, never guessed at, never lost."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost import CheckpointManager, MilepostError, TestCheckpoint
from milepost.document_errors import BadCheckpointError, DamagedCheckpointError
from tests.project import Project, Result

TEST_ID = "pipeline"
LARGE = {"text": "x" * 70_000}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give a document with everything in it: values in each form, failures, a kill."""
    manager = CheckpointManager(tmp_path_factory.mktemp("good"))
    names = ["flat", "inline", "large", "failed", "cut_off", "pending"]
    checkpoint = manager.create_checkpoint("A test", TEST_ID, "Make ö", names)
    checkpoint.milepost["remembered"] = {
        "user": {"value": {"form": "inline", "sha256": "0"}, "data": "u-1"}
    }
    for _ in range(2):  # the first value goes under earlier
        manager.start_phase(checkpoint, "flat")
        manager.complete_phase(checkpoint, "flat", plan_id="p-1", cost=0.62, tasks=[1, 2])
    manager.complete_phase(checkpoint, "inline", ["a", None, True])
    manager.complete_phase(checkpoint, "large", LARGE)
    manager.start_phase(checkpoint, "failed")
    manager.fail_phase(checkpoint, "failed", "ValueError: no")
    manager.start_phase(checkpoint, "cut_off")
    manager.close()
    return manager.get_checkpoint_path(TEST_ID).read_bytes()


@pytest.fixture(scope="module")
def whole(good: bytes) -> dict[str, Any]:
    """Give what must be read from it, if anything is read."""
    return TestCheckpoint.from_json(good).to_dict()


def read(content: bytes) -> TestCheckpoint | None:
    """Read a document's bytes; None where that is refused, by an error of ours."""
    try:
        return TestCheckpoint.from_json(content)
    except BadCheckpointError:
        return None


def contents(folder: Path) -> dict[str, bytes]:
    """Give every file below a folder with its content."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_truncated_at_every_length_is_damaged(good: bytes) -> None:
    """However much of the end is missing, what is left is not taken for whole."""
    for length in range(len(good) - 2):
        with pytest.raises(DamagedCheckpointError):
            TestCheckpoint.from_json(good[:length])


def test_a_hole_of_nul_bytes_anywhere_is_damaged(good: bytes) -> None:
    """What a power cut leaves in the place of a block is seen."""
    for start in range(0, len(good), 64):
        holed = good[:start] + bytes(min(64, len(good) - start)) + good[start + 64 :]
        with pytest.raises(DamagedCheckpointError):
            TestCheckpoint.from_json(holed)


def test_any_flipped_bit_is_seen_or_changes_nothing(
    good: bytes, whole: dict[str, Any]
) -> None:
    """No single bit on the disk makes a value come back as another one."""
    for position in range(len(good)):
        for bit in range(8):
            flipped = bytearray(good)
            flipped[position] ^= 1 << bit
            found = read(bytes(flipped))
            assert found is None or found.to_dict() == whole, (position, bit)


def _mutations(good: bytes) -> st.SearchStrategy[bytes]:
    """Give damaged forms of a document: cut, doubled, overwritten, swapped, replaced."""
    places = st.integers(0, len(good))
    pieces = st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [b"{", b"}", b"[", b'"', b",", b":", b"null", b"\0", b"\xef\xbb\xbf"]
        ),
        st.sampled_from(re.findall(rb'"\w+": [^\n]*\n', good)),
    )
    inserted = st.builds(lambda at, x: good[:at] + x + good[at:], places, pieces)
    written = st.builds(lambda at, x: good[:at] + x + good[at + len(x) :], places, pieces)
    removed = st.builds(lambda a, b: good[: min(a, b)] + good[max(a, b) :], places, places)
    doubled = st.builds(lambda a, b: good[: max(a, b)] + good[min(a, b) :], places, places)
    lines = st.permutations(good.splitlines(keepends=True)).map(b"".join)
    return st.one_of(inserted, written, removed, doubled, lines, st.binary())


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_happens_to_the_bytes_a_reader_never_guesses(
    good: bytes, whole: dict[str, Any], tmp_path: Path, data: st.DataObject
) -> None:
    """load_checkpoint gives the checkpoint that was saved, or an error of ours."""
    content = data.draw(_mutations(good))
    manager = CheckpointManager(tmp_path)
    path = manager.get_checkpoint_path(TEST_ID)
    path.write_bytes(content)
    try:
        found = manager.load_checkpoint(TEST_ID)
    except MilepostError as error:
        found, parts = None, [error.what, error.why, error.cure]
    else:
        parts = ["found"]
    assert all(parts)
    assert found is None or found.to_dict() == whole
    assert contents(tmp_path) == {path.name: content}


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_happens_to_the_bytes_a_holder_loses_no_file(
    good: bytes,
    whole: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    """A run goes on with what was saved, or sets the file aside, or touches nothing."""
    folder = tmp_path_factory.mktemp("held")
    content = data.draw(_mutations(good))
    manager = CheckpointManager(folder)
    path = manager.get_checkpoint_path(TEST_ID)
    path.write_bytes(content)
    try:
        found = manager.hold(TEST_ID)
    except MilepostError:
        manager.close()
        assert contents(folder) == {path.name: content}
        return
    if found is not None:
        _assert_goes_on(found, whole)
    else:
        manager.create_checkpoint("A test", TEST_ID, "", ["flat"])
        (aside,) = folder.glob(f"{path.name}.damaged-*")
        assert aside.read_bytes() == content
    manager.close()


def _assert_goes_on(found: TestCheckpoint, whole: dict[str, Any]) -> None:
    """Check that a held checkpoint is the saved one, with its cut-off phase crashed."""
    phases = found.to_dict()["phases"]
    cut_off = phases.pop("cut_off")
    assert phases == {k: v for k, v in whole["phases"].items() if k != "cut_off"}
    assert (cut_off["status"], found.phases["cut_off"].milepost_outcome) == (
        "pending",
        "crashed",
    )


def test_a_giant_is_refused_without_being_read(tmp_path: Path) -> None:
    """300 MB in the document's place cost neither memory nor time, and are kept."""
    manager = CheckpointManager(tmp_path)
    path = manager.get_checkpoint_path(TEST_ID)
    with path.open("wb") as file:
        file.truncate(300 * 2**20)
    with pytest.raises(DamagedCheckpointError, match="314,572,800 bytes"):
        manager.load_checkpoint(TEST_ID)
    assert manager.hold(TEST_ID) is None
    (aside,) = tmp_path.glob("*.damaged-*")
    assert aside.stat().st_size == 300 * 2**20
    manager.close()


def test_a_symbolic_link_is_followed_and_its_target_never_overwritten(
    good: bytes, tmp_path: Path
) -> None:
    """What a link leads to is read; a save puts a file of ours in the link's place."""
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_bytes(good)
    manager = CheckpointManager(tmp_path / "checkpoints")
    manager.checkpoint_dir.mkdir()
    path = manager.get_checkpoint_path(TEST_ID)
    path.symlink_to(elsewhere)
    checkpoint = manager.load_checkpoint(TEST_ID)
    assert checkpoint is not None
    manager.start_phase(checkpoint, "pending")
    manager.close()

    assert elsewhere.read_bytes() == good
    assert not path.is_symlink()


def test_a_link_to_nothing_is_no_checkpoint(tmp_path: Path) -> None:
    """A dangling link is as good as none, for reading and for creating."""
    manager = CheckpointManager(tmp_path)
    path = manager.get_checkpoint_path(TEST_ID)
    path.symlink_to(tmp_path / "nowhere")
    assert manager.load_checkpoint(TEST_ID) is None
    manager.create_checkpoint("A test", TEST_ID, "", [])
    assert not path.is_symlink()
    manager.close()


def test_a_pipe_in_the_documents_place_blocks_nobody(tmp_path: Path) -> None:
    """Reading it would wait for ever; it is refused, and left where it is."""
    manager = CheckpointManager(tmp_path)
    os.mkfifo(manager.get_checkpoint_path(TEST_ID))
    for call in (manager.load_checkpoint, manager.hold, manager.cleanup_checkpoint):
        with pytest.raises(MilepostError, match="no file"):
            call(TEST_ID)
    assert manager.get_checkpoint_path(TEST_ID).exists()
    manager.close()


# -- through pytest: one project, one test a kind of damage ------------------------------

PIPELINE = """
    import os

    import pytest
    from calling import note

    KINDS = {kinds!r}

    def first(kind):
        note(f"first {{kind}}")
        return {{"text": kind}}

    def second(value):
        note(f"second {{value['text']}}")
        if os.environ.get("BROKEN"):
            raise ValueError("broken")

    @pytest.mark.parametrize("kind", KINDS)
    def test_pipeline(phase, kind):
        value = phase("first", first, kind)
        assert value == {{"text": kind}}
        phase("second", second, value)
"""


def _edit(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"completed"', b'"pending"', 1))


def _foreign(path: Path) -> None:
    path.write_text('{"name": "some other tool", "version": 2}')


def _newer(path: Path) -> None:
    document = json.loads(path.read_text())
    document["milepost"]["schema_version"] = 2
    path.write_text(json.dumps(document))


def _copy(path: Path) -> None:
    others = [p.read_bytes() for p in path.parent.glob("checkpoint_*.json") if p.is_file()]
    path.write_bytes(next(content for content in others if b"untouched" in content))


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _twice(path: Path) -> None:
    text = path.read_text()
    path.write_text(text.replace("{", '{"phases": {},', 1))


# Kind -> what is done to the file; all of these set it aside and start over.
DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "empty": lambda path: path.write_bytes(b""),
    "nul": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "utf8": lambda path: path.write_bytes(b'{"test_name": "\xff\xfe"}'),
    "deep": lambda path: path.write_bytes(b'{"a":' * 100_000),
}
# These fail at set-up; two commands settle them.
SETTLED: dict[str, Callable[[Path], object]] = {
    "edited": _edit,
    "foreign": _foreign,
    "newer": _newer,
    "copied": _copy,
    "twice": _twice,
}
# These fail at set-up as well; nothing of ours can settle them.
STUCK: dict[str, Callable[[Path], object]] = {"directory": _directory, "loop": _loop}
ALL = DAMAGE | SETTLED | STUCK


class Damaged:
    """A project whose checkpoints were all damaged, each in its way, and run again."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder)
        self.project.write("test_x.py", PIPELINE.format(kinds=[*ALL, "untouched"]))
        self.first = self.project.run(env={"BROKEN": "1"})
        self.ids = {_kind(path): _id(path) for path in self.project.documents()}
        for kind, damage in ALL.items():
            damage(self.path(kind))
        self.before = self.content()
        self.result = self.project.run("-rA", "--tb=long")
        self.after = self.content()

    def path(self, kind: str) -> Path:
        """Give the document of a kind's test."""
        return self.project.checkpoints / f"checkpoint_{self.ids[kind]}.json"

    def content(self) -> dict[str, bytes]:
        """Give what stands under each document's name; nothing for what is no file."""
        return {
            kind: self.path(kind).read_bytes() if self.path(kind).is_file() else b""
            for kind in self.ids
        }

    def said(self, kind: str) -> str:
        """Give what pytest prints of a test's error at set-up."""
        head = f"_ ERROR at setup of test_pipeline[{kind}] _"
        assert head in self.result.text, self.result.text
        return re.split(r"\n_{3,}|\n={3,}", self.result.text.partition(head)[2])[0]


def _kind(path: Path) -> str:
    parameters = json.loads(path.read_text())["milepost"]["identity"]["parameters"]
    return str(json.loads(parameters["kind"].partition("\n")[2]))


def _id(path: Path) -> str:
    return path.name.removeprefix("checkpoint_").removesuffix(".json")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Damaged:
    """Break a run, damage its files, and run again."""
    made = Damaged(tmp_path_factory.mktemp("damaged") / "project")
    assert len(made.ids) == len(ALL) + 1, made.first.text
    return made


def test_an_untouched_checkpoint_resumes_beside_all_that_damage(damaged: Damaged) -> None:
    """One test's damage is no other test's matter."""
    assert "second untouched" in damaged.result.calls
    assert "first untouched" not in damaged.result.calls


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_set_aside_and_the_test_starts_over(
    damaged: Damaged, kind: str
) -> None:
    """Unreadable: kept byte by byte under another name, said, and run from the start."""
    assert [call for call in damaged.result.calls if call.endswith(kind)] == [
        f"first {kind}",
        f"second {kind}",
    ]
    (aside,) = damaged.project.checkpoints.glob(f"{damaged.path(kind).name}.damaged-*")
    assert aside.read_bytes() == damaged.before[kind]
    assert f"checkpoint {damaged.ids[kind]} was damaged (" in damaged.result.text
    assert str(aside) in damaged.result.text
    assert not damaged.path(kind).exists()


@pytest.mark.parametrize("kind", [*SETTLED, *STUCK])
def test_what_is_not_ours_fails_at_set_up_and_nothing_is_touched(
    damaged: Damaged, kind: str
) -> None:
    """Doubt never spends: no call is made, and the file is as it was."""
    assert not [call for call in damaged.result.calls if call.endswith(f" {kind}")]
    assert f"ERROR test_x.py::test_pipeline[{kind}]" in damaged.result.text
    assert damaged.after[kind] == damaged.before[kind]
    assert not list(damaged.project.checkpoints.glob(f"{damaged.ids[kind]}.d*"))
    assert not list(damaged.project.checkpoints.glob(f"{damaged.path(kind).name}.damaged*"))


@pytest.mark.parametrize("kind", SETTLED)
def test_the_message_names_what_why_and_the_commands(damaged: Damaged, kind: str) -> None:
    """Three parts: what happened, why, and the commands that settle it."""
    said = damaged.said(kind)
    test_id = damaged.ids[kind]
    assert f"milepost: checkpoint '{test_id}'" in said
    assert "Nothing was run, nothing was changed." in said
    assert f"milepost rm {test_id}" in said
    other_way = "Upgrade milepost" if kind == "newer" else f"milepost accept {test_id}"
    assert other_way in said


@pytest.mark.parametrize("kind", STUCK)
def test_what_nobody_can_read_is_named_with_its_place(damaged: Damaged, kind: str) -> None:
    """Where no command of ours helps, the path is said."""
    assert str(damaged.path(kind)) in damaged.said(kind)


@pytest.mark.parametrize("kind", [*SETTLED, *STUCK])
def test_no_line_of_ours_stands_in_the_traceback(damaged: Damaged, kind: str) -> None:
    """The cause is in a file, not in our source: nothing of it is shown."""
    said = damaged.said(kind)
    assert not re.findall(r"^\S*milepost\S*\.py:\d+", said, re.MULTILINE)
    assert "Traceback" not in said
    assert "During handling" not in said
    assert "direct cause" not in said


def test_the_listing_shows_every_kind_of_damage(damaged: Damaged) -> None:
    """The command ls names what is wrong with a file in a word, and what was set aside."""
    lines = damaged.project.milepost("ls").text.splitlines()
    words = {
        "edited": "edited",
        "foreign": "not ours",
        "newer": "newer",
        "copied": "another test's",
        "twice": "not ours",
        "directory": "no file",
        "loop": "unreadable",
        **dict.fromkeys(DAMAGE, "damaged, set aside"),
    }
    for kind, word in words.items():
        (line,) = (line for line in lines if line.startswith(damaged.ids[kind]))
        assert line.startswith(f"{damaged.ids[kind]}  {word}: ")


def _settle(damaged: Damaged, kind: str, verb: str) -> Result:
    return damaged.project.milepost(verb, damaged.ids[kind])


def test_accept_settles_an_edit_and_the_edited_status_counts(damaged: Damaged) -> None:
    """What somebody set to pending runs again; what was copied is this test's now."""
    for kind, expected in (
        ("edited", ["first", "second"]),
        ("copied", ["first", "second"]),
    ):
        accepted = _settle(damaged, kind, "accept")
        assert accepted.code == 0, accepted.text
        assert accepted.text.startswith(f"Accepted {damaged.ids[kind]}")
        again = damaged.project.run("-k", f"[{kind}]")
        assert again.code == 0, again.text
        assert again.calls == [f"{phase} {kind}" for phase in expected]


@pytest.mark.parametrize("kind", ["foreign", "twice", "newer"])
def test_what_cannot_be_accepted_is_removed(damaged: Damaged, kind: str) -> None:
    """The verb accept says what is wrong and changes nothing; rm starts over."""
    refused = _settle(damaged, kind, "accept")
    assert refused.code == 1
    assert f"milepost rm {damaged.ids[kind]}" in refused.text
    assert damaged.path(kind).read_bytes() == damaged.before[kind]

    assert _settle(damaged, kind, "rm").text == f"Removed {damaged.ids[kind]}\n"
    assert not damaged.path(kind).exists()
    again = damaged.project.run("-k", f"[{kind}]")
    assert again.calls == [f"first {kind}", f"second {kind}"]


@pytest.mark.parametrize("kind", STUCK)
def test_rm_does_not_touch_what_is_no_file_of_ours(damaged: Damaged, kind: str) -> None:
    """What a user put there is the user's to remove."""
    removed = _settle(damaged, kind, "rm")
    assert removed.code == 1
    assert str(damaged.path(kind)) in removed.text
    assert damaged.path(kind).is_dir() or damaged.path(kind).is_symlink()
