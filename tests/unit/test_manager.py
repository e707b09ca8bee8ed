"""The manager: every method of the seed, one writer, and errors that say what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from milepost import CheckpointManager, PhaseStatus, clock
from milepost.document_errors import DamagedCheckpointError, EditedCheckpointError
from milepost.errors import (
    CheckpointExistsError,
    DamagedValueError,
    ForkedError,
    GoneError,
    HeldError,
    InvalidTestIdError,
    MilepostError,
    StaleCopyError,
    StoreError,
    UnknownCheckpointError,
    UnknownPhaseError,
    UnwritableCheckpointError,
)
from milepost.journal import Journal
from tests.unit.seed import DISCOVERY, MASTERPLAN, PHASES, RESET

TEST_ID = "fastapi_pipeline_abc12345"
OTHER_RUN = """
import sys
from milepost import CheckpointManager
manager = CheckpointManager(sys.argv[1])
checkpoint = manager.load_checkpoint(sys.argv[2])
manager.start_phase(checkpoint, "discovery")
print("holding", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def manager(tmp_path):
    """Give a manager of an empty folder."""
    with_leases = CheckpointManager(tmp_path / "checkpoints")
    yield with_leases
    with_leases.close()


@pytest.fixture
def checkpoint(manager):
    """Give a checkpoint of the seed's seven phases."""
    return manager.create_checkpoint("MGE V2 FastAPI Pipeline", TEST_ID, "Create", PHASES)


@pytest.fixture
def other_run(manager, checkpoint):
    """Let another process hold the checkpoint."""
    manager.close()
    command = [sys.executable, "-c", OTHER_RUN, str(manager.checkpoint_dir), TEST_ID]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "holding\n"
        yield process
        process.kill()


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Give every file of a folder with its content and the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_create_writes_the_document_at_once(manager, checkpoint):
    """A new checkpoint is on the disk when create returns, at the seed's place."""
    path = manager.get_checkpoint_path(TEST_ID)
    assert path == manager.checkpoint_dir / f"checkpoint_{TEST_ID}.json"
    assert manager.checkpoint_exists(TEST_ID)
    assert manager.current_checkpoint is checkpoint
    assert list(json.loads(path.read_text())["phases"]) == PHASES
    assert checkpoint.current_phase == "discovery"
    assert all(phase.status == "pending" for phase in checkpoint.phases.values())


def test_a_manager_that_only_looks_creates_nothing(tmp_path):
    """Asking what there is leaves no folder behind."""
    manager = CheckpointManager(tmp_path / "checkpoints")
    assert manager.load_checkpoint(TEST_ID) is None
    assert manager.checkpoint_exists(TEST_ID) is False
    assert manager.list_checkpoints() == []
    manager.cleanup_checkpoint(TEST_ID)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_private_and_says_what_it_is(manager, checkpoint):
    """Values may be private: 0700 and 0600; no version control, no backup takes them."""
    folder = manager.checkpoint_dir
    assert folder.stat().st_mode & 0o777 == 0o700
    assert manager.get_checkpoint_path(TEST_ID).stat().st_mode & 0o777 == 0o600
    assert (folder / ".gitignore").read_text() == "*\n"
    assert (folder / "CACHEDIR.TAG").exists()
    assert (folder / "README.md").exists()


def test_a_phase_goes_its_way(manager, checkpoint):
    """Start, complete, fail: all of it is there for the next process."""
    manager.start_phase(checkpoint, "discovery")
    manager.complete_phase(checkpoint, "discovery", **DISCOVERY)
    manager.start_phase(checkpoint, "masterplan")
    manager.complete_phase(checkpoint, "masterplan", MASTERPLAN)
    for _ in range(2):
        manager.start_phase(checkpoint, "code_generation")
        manager.fail_phase(checkpoint, "code_generation", RESET)
    loaded = CheckpointManager(manager.checkpoint_dir).load_checkpoint(TEST_ID)

    assert loaded.phases["discovery"].entities_count == 8
    assert loaded.phases["masterplan"].result == MASTERPLAN
    failed = loaded.phases["code_generation"]
    assert (failed.status, failed.retry_count, failed.error) == ("failed", 2, RESET)
    assert loaded.total_retries == 2
    assert loaded.total_duration_seconds >= 0
    assert manager.get_resume_phase(loaded) == "code_generation"


def test_data_and_fields_are_one_value(manager, checkpoint):
    """A dictionary and keyword arguments can be given together."""
    manager.complete_phase(checkpoint, "discovery", {"a": 1}, b=2)
    assert checkpoint.phases["discovery"].result == {"a": 1, "b": 2}
    fields = {"checkpoint": 1, "phase_name": 2, "data": 3}
    manager.complete_phase(checkpoint, "masterplan", **fields)
    assert checkpoint.phases["masterplan"].result == fields


def test_an_error_may_be_an_exception_or_a_text(manager, checkpoint):
    """An exception is written as the seed shows it: type, colon, message."""
    manager.start_phase(checkpoint, "discovery")
    error = ConnectionResetError(104, "Connection reset by peer")
    manager.fail_phase(checkpoint, "discovery", error)
    assert checkpoint.phases["discovery"].error == RESET


def test_an_error_is_written_without_secrets(manager, checkpoint):
    """A key in an error's text does not reach the disk."""
    key = "sk-ant-" + "api03-aB3dE5fG7hJ9kL1mN3pQ5rS7"
    manager.fail_phase(checkpoint, "discovery", f"AuthenticationError: bad key {key}")
    assert key.encode() not in manager.get_checkpoint_path(TEST_ID).read_bytes()


def test_a_completed_phase_cannot_be_skipped_away(manager, checkpoint):
    """After skip_phase a completed phase is completed, with its value, on the disk too."""
    manager.complete_phase(checkpoint, "discovery", **DISCOVERY)
    before = contents(manager.checkpoint_dir)
    manager.skip_phase(checkpoint, "discovery")
    assert contents(manager.checkpoint_dir) == before

    manager.skip_phase(checkpoint, "masterplan")
    loaded = manager.load_checkpoint(TEST_ID)
    assert loaded.phases["discovery"].status == PhaseStatus.COMPLETED
    assert loaded.phases["discovery"].domain == DISCOVERY["domain"]
    assert loaded.phases["masterplan"].status == PhaseStatus.SKIPPED
    assert manager.get_resume_phase(loaded) == "code_generation"


def test_resume_is_the_phase_that_was_cut_off(manager, checkpoint):
    """A phase that a dead run left in progress comes before any that is pending."""
    manager.start_phase(checkpoint, "masterplan")
    assert manager.get_resume_phase(checkpoint) == "masterplan"


def test_nothing_to_resume_is_none(manager, checkpoint):
    """When all phases have finished there is no phase to go on from."""
    for name in PHASES:
        manager.complete_phase(checkpoint, name)
    assert manager.get_resume_phase(checkpoint) is None


def test_cleanup_leaves_nothing_of_the_checkpoint(manager, checkpoint):
    """The document goes with its folder; what says what the folder is stays."""
    manager.complete_phase(checkpoint, "discovery", {"text": "x" * 100_000})
    assert list(manager.checkpoint_dir.glob("*.d/blobs/*"))
    manager.cleanup_checkpoint(TEST_ID)

    left = {path.name for path in manager.checkpoint_dir.iterdir()}
    assert left == {"README.md", ".gitignore", "CACHEDIR.TAG"}
    assert manager.load_checkpoint(TEST_ID) is None
    manager.cleanup_checkpoint(TEST_ID)


def test_a_checkpoint_whose_life_has_ended_is_none(manager, checkpoint):
    """What has passed is shown and never handed out to go on from."""
    manager.end(checkpoint, passed=True)
    assert manager.load_checkpoint(TEST_ID) is None
    assert manager.list_checkpoints() == []
    again = manager.create_checkpoint("T", TEST_ID, "", ["discovery"])
    assert again.generation != checkpoint.generation


def test_create_does_not_overwrite_what_is_unfinished(manager, checkpoint):
    """Two tests with one id, or a forgotten load: refused, and nothing is lost."""
    manager.complete_phase(checkpoint, "discovery", **DISCOVERY)
    with pytest.raises(CheckpointExistsError, match="load_checkpoint"):
        manager.create_checkpoint("Another", TEST_ID, "", ["x"])
    loaded = manager.load_checkpoint(TEST_ID)
    assert loaded.phases["discovery"].domain == DISCOVERY["domain"]
    manager.start_phase(checkpoint, "masterplan")


@pytest.mark.parametrize("method", ["start_phase", "complete_phase", "skip_phase", "fail"])
def test_an_unknown_phase_is_an_error_of_ours(manager, checkpoint, method):
    """A misspelt name is named beside the right ones, and nothing is written."""
    before = contents(manager.checkpoint_dir)
    call = {"fail": lambda *given: manager.fail_phase(*given, "x")}.get(method)
    with pytest.raises(UnknownPhaseError, match="'Discovery'") as caught:
        (call or getattr(manager, method))(checkpoint, "Discovery")
    assert ", ".join(PHASES) in str(caught.value)
    assert contents(manager.checkpoint_dir) == before


@pytest.mark.parametrize(
    "test_id",
    ["", "a/b", "a\\b", "..", "../x", ".hidden", "a\0b", "a\nb", "x" * 201, None, 5],
    ids=repr,
)
def test_an_id_that_is_no_file_name_is_refused(manager, test_id):
    """No id leads out of the folder, for whatever method."""
    for call in (
        manager.get_checkpoint_path,
        manager.load_checkpoint,
        manager.checkpoint_exists,
        manager.cleanup_checkpoint,
        manager.accept_checkpoint,
        lambda given: manager.create_checkpoint("T", given, "", []),
    ):
        with pytest.raises(InvalidTestIdError):
            call(test_id)
    assert not manager.checkpoint_dir.exists()


def test_reading_changes_nothing(manager, checkpoint, capsys):
    """Load, list, print, path, exists: every file is byte by byte as it was."""
    manager.start_phase(checkpoint, "discovery")
    (manager.checkpoint_dir / "checkpoint_damaged.json").write_bytes(b'{"half')
    before = contents(manager.checkpoint_dir)
    reader = CheckpointManager(manager.checkpoint_dir)
    loaded = reader.load_checkpoint(TEST_ID)
    reader.print_checkpoint_status(loaded)
    reader.get_resume_phase(loaded)
    with pytest.raises(DamagedCheckpointError):
        reader.load_checkpoint("damaged")

    assert [each.test_id for each in reader.list_checkpoints()] == [TEST_ID]
    assert loaded.phases["discovery"].status == PhaseStatus.IN_PROGRESS
    assert contents(manager.checkpoint_dir) == before
    assert "Checkpoint Status" in capsys.readouterr().out


def test_listing_names_what_it_cannot_read(manager, checkpoint, caplog):
    """One bad file hides no other, and is named."""
    folder = manager.checkpoint_dir
    (folder / "checkpoint_bad.json").write_bytes(b"\0" * 100)
    (folder / "checkpoint_dir.json").mkdir()
    (folder / "checkpoint_loop.json").symlink_to(folder / "checkpoint_loop.json")
    (folder / "checkpoint_..json").write_text("no id at all")

    assert [each.test_id for each in manager.list_checkpoints()] == [TEST_ID]
    for name in ("'bad'", "'dir'", "loop"):
        assert name in caplog.text


def test_a_stale_copy_is_not_saved(manager, checkpoint):
    """The user's own copy cannot overwrite newer phases."""
    old = manager.load_checkpoint(TEST_ID)
    manager.complete_phase(checkpoint, "discovery", **DISCOVERY)
    with pytest.raises(StaleCopyError, match="revision 2, this copy 1"):
        manager.save_checkpoint(old)
    assert manager.load_checkpoint(TEST_ID).phases["discovery"].status == "completed"


def test_a_save_through_the_seeds_own_calls_goes_on(manager, checkpoint):
    """Load, change, save, and the same again with the object saved."""
    loaded = manager.load_checkpoint(TEST_ID)
    for name in ("one", "two"):
        loaded.test_name = name
        manager.save_checkpoint(loaded)
    assert manager.load_checkpoint(TEST_ID).test_name == "two"


def test_a_removed_document_is_not_brought_back(manager, checkpoint):
    """After the seed's own rm a late save fails instead of restoring the file."""
    manager.get_checkpoint_path(TEST_ID).unlink()
    with pytest.raises(GoneError, match="Its file was removed"):
        manager.complete_phase(checkpoint, "discovery", **DISCOVERY)
    assert not manager.checkpoint_exists(TEST_ID)


def test_another_life_under_the_same_name_is_not_overwritten(manager, checkpoint):
    """A run that wakes after its test was started anew writes nothing."""
    manager.get_checkpoint_path(TEST_ID).unlink()
    CheckpointManager(manager.checkpoint_dir).create_checkpoint("T", TEST_ID, "", ["new"])
    with pytest.raises(GoneError, match="started anew"):
        manager.start_phase(checkpoint, "discovery")
    assert list(manager.load_checkpoint(TEST_ID).phases) == ["new"]


def test_what_another_life_left_is_never_read(manager, checkpoint):
    """After rm of the document its folder is moved aside, not taken for the new life's."""
    manager.complete_phase(checkpoint, "discovery", {"text": "x" * 100_000})
    data = manager.store.data_path(TEST_ID)
    (data / "directory").mkdir()
    (data / "directory" / "old.txt").write_text("old")
    manager.get_checkpoint_path(TEST_ID).unlink()
    manager.close()
    manager.create_checkpoint("T", TEST_ID, "", PHASES)

    assert not (data / "directory").exists()
    assert not (data / "blobs").exists()
    (old,) = manager.checkpoint_dir.glob(f"{TEST_ID}.d.old-*")
    assert (old / "directory" / "old.txt").read_text() == "old"


def test_a_large_value_lies_beside_the_document_and_reads_the_same(manager, checkpoint):
    """Over 64 KiB the value is a blob; its attributes are read where it lies."""
    value = {"title": "plan", "text": "x" * 100_000}
    manager.complete_phase(checkpoint, "discovery", value)
    loaded = manager.load_checkpoint(TEST_ID)
    (listed,) = manager.list_checkpoints()

    assert manager.get_checkpoint_path(TEST_ID).stat().st_size < 10_000
    for found in (checkpoint, loaded, listed):
        assert found.phases["discovery"].title == "plan"
        assert found.phases["discovery"].result == value
        assert found.phases["discovery"].masterplan_id is None


def test_a_damaged_large_value_is_said(manager, checkpoint):
    """A blob is verified whenever it is read, and written anew where it is wrong."""
    value = {"text": "x" * 100_000}
    manager.complete_phase(checkpoint, "discovery", value)
    (blob,) = manager.checkpoint_dir.glob("*.d/blobs/*")
    blob.write_bytes(b"y" * 100_000)
    with pytest.raises(DamagedValueError, match="not what was written"):
        _ = manager.load_checkpoint(TEST_ID).phases["discovery"].text

    manager.complete_phase(checkpoint, "masterplan", value)
    assert manager.load_checkpoint(TEST_ID).phases["masterplan"].result == value


def test_two_tests_share_no_blob(manager, checkpoint):
    """A value that two tests hold goes with the one and stays with the other."""
    value = {"text": "x" * 100_000}
    other = manager.create_checkpoint("Other", "other", "", ["p"])
    manager.complete_phase(checkpoint, "discovery", value)
    manager.complete_phase(other, "p", value)
    manager.cleanup_checkpoint(TEST_ID)
    assert manager.load_checkpoint("other").phases["p"].result == value


def test_a_value_that_cannot_be_kept_is_said_and_stays_readable(
    manager, checkpoint, caplog
):
    """Nothing paid is thrown away: this run has the value, the phase is pending."""
    value = {"pair": (1, 2)}
    manager.complete_phase(checkpoint, "discovery", value)
    assert checkpoint.phases["discovery"].pair == (1, 2)
    assert checkpoint.phases["discovery"].status == PhaseStatus.PENDING
    assert "$.pair (tuple)" in caplog.text

    loaded = manager.load_checkpoint(TEST_ID)
    assert manager.get_resume_phase(loaded) == "discovery"
    assert loaded.phases["discovery"].milepost_outcome == "not_kept"


def test_a_document_that_json_cannot_say_is_refused_whole(manager, checkpoint):
    """A broken object is not written, and the good file stays."""
    before = manager.get_checkpoint_path(TEST_ID).read_bytes()
    checkpoint.user_request = {1, 2}
    with pytest.raises(UnwritableCheckpointError):
        manager.save_checkpoint(checkpoint)
    assert manager.get_checkpoint_path(TEST_ID).read_bytes() == before
    checkpoint.user_request = "again"
    manager.save_checkpoint(checkpoint)
    assert manager.load_checkpoint(TEST_ID).user_request == "again"


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    """Path and cure are named; a file stands there, for root can write everything."""
    (tmp_path / "file").write_text("")
    manager = CheckpointManager(tmp_path / "file" / "checkpoints")
    with pytest.raises(StoreError, match=r"--milepost-dir DIR") as caught:
        manager.create_checkpoint("T", "t", "", [])
    assert str(tmp_path / "file") in str(caught.value)


def test_another_run_is_named_and_nothing_is_written(manager, other_run):
    """One writer: reading works, writing, creating and removing name the holder."""
    loaded = manager.load_checkpoint(TEST_ID)
    assert loaded.phases["discovery"].status == PhaseStatus.IN_PROGRESS
    before = manager.get_checkpoint_path(TEST_ID).read_bytes()
    for call in (
        lambda: manager.start_phase(loaded, "discovery"),
        lambda: manager.save_checkpoint(loaded),
        lambda: manager.create_checkpoint("T", TEST_ID, "", []),
        lambda: manager.cleanup_checkpoint(TEST_ID),
        lambda: manager.accept_checkpoint(TEST_ID),
    ):
        with pytest.raises(HeldError, match=f"process {other_run.pid} on ") as caught:
            call()
        assert "milepost_wait" in str(caught.value)
    assert manager.get_checkpoint_path(TEST_ID).read_bytes() == before


def test_what_a_dead_run_left_in_progress_has_crashed(manager, other_run):
    """A reader sees it in progress; who goes on with it counts a crash, no failure."""
    other_run.kill()
    other_run.wait()
    loaded = manager.load_checkpoint(TEST_ID)
    assert manager.get_resume_phase(loaded) == "discovery"
    assert loaded.phases["discovery"].status == PhaseStatus.IN_PROGRESS

    manager.start_phase(loaded, "discovery")
    outcomes = [a["outcome"] for a in loaded.phases["discovery"].milepost_attempts]
    assert outcomes == ["crashed", None]
    assert loaded.phases["discovery"].retry_count == 2
    assert loaded.total_retries == 0


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 on
def test_a_forked_child_never_writes(manager, checkpoint):
    """Whatever a child calls, the document is the parent's."""
    before = manager.get_checkpoint_path(TEST_ID).read_bytes()
    calls = [
        lambda: manager.start_phase(checkpoint, "discovery"),
        lambda: manager.complete_phase(checkpoint, "discovery", {"a": "x" * 100_000}),
        lambda: manager.save_checkpoint(checkpoint),
        manager.close,
    ]
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child's own process
        refused = 0
        for call in calls:
            try:
                call()
            except ForkedError:
                refused += 1
        os._exit(refused)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    assert manager.get_checkpoint_path(TEST_ID).read_bytes() == before
    manager.start_phase(checkpoint, "discovery")


def test_accept_takes_a_hand_edit_over(manager, checkpoint):
    """An edited status, and an edited value, are ours from then on."""
    manager.complete_phase(checkpoint, "discovery", **DISCOVERY)
    manager.complete_phase(checkpoint, "masterplan", [1, 2])
    manager.close()
    path = manager.get_checkpoint_path(TEST_ID)
    edited = json.loads(path.read_text())
    edited["phases"]["discovery"]["domain"] = "Edited"
    edited["phases"]["masterplan"]["status"] = "pending"
    path.write_text(json.dumps(edited))
    with pytest.raises(EditedCheckpointError, match=f"milepost accept {TEST_ID}"):
        manager.load_checkpoint(TEST_ID)

    manager.accept_checkpoint(TEST_ID)
    loaded = manager.load_checkpoint(TEST_ID)
    assert loaded.phases["discovery"].domain == "Edited"
    assert loaded.phases["discovery"].status == PhaseStatus.COMPLETED
    assert manager.get_resume_phase(loaded) == "masterplan"
    assert loaded.generation == checkpoint.generation
    manager.start_phase(loaded, "masterplan")


def test_accept_of_nothing_says_so(manager):
    """There is nothing to accept where there is no document."""
    with pytest.raises(UnknownCheckpointError):
        manager.accept_checkpoint("nobody")
    assert not manager.checkpoint_dir.exists()


def test_accept_names_what_is_wrong(manager, checkpoint):
    """A typo in a hand edit is named with its place; the file is as it was."""
    path = manager.get_checkpoint_path(TEST_ID)
    edited = path.read_text().replace('"pending"', '"pendign"', 1)
    path.write_text(edited)
    with pytest.raises(MilepostError, match=r"phases\.discovery\.status") as caught:
        manager.accept_checkpoint(TEST_ID)
    assert str(path) in str(caught.value)
    assert path.read_text() == edited


def test_the_total_is_the_time_of_the_runs(tmp_path, monkeypatch):
    """What went by between two runs does not count."""
    now = [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    first = CheckpointManager(tmp_path)
    checkpoint = first.create_checkpoint("T", "t", "", ["p"])
    now[0] = 110.0
    first.save_checkpoint(checkpoint)
    first.close()
    now[0] = 500.0
    second = CheckpointManager(tmp_path)
    loaded = second.load_checkpoint("t")
    now[0] = 502.5
    second.save_checkpoint(loaded)

    assert second.load_checkpoint("t").total_duration_seconds == 12.5


def test_a_value_with_a_secret_is_neither_written_nor_altered(manager, checkpoint, caplog):
    """Redaction is for texts: the test has the value whole, the disk nothing of it."""
    value = {"user": "u-1", "token": "sk-ant-" + "api03-aB3dE5fG7hJ9kL1mN3pQ5rS7"}
    manager.complete_phase(checkpoint, "discovery", dict(value))
    assert checkpoint.phases["discovery"].token == value["token"]
    assert value["token"].encode() not in manager.get_checkpoint_path(TEST_ID).read_bytes()
    assert "$.token" in caplog.text
    assert manager.get_resume_phase(manager.load_checkpoint(TEST_ID)) == "discovery"


def _journal(manager: CheckpointManager, run: str, generation: str, fence: int) -> Path:
    """Add a record to a segment of its own, between torn ones, and give the segment."""
    folder = manager.store.data_path(TEST_ID)
    folder.mkdir(exist_ok=True)
    journal = Journal(folder, generation, fence=fence, run=run, may_write=lambda: None)
    journal.append("step")
    journal.close()
    segment = folder / f"journal-{fence}-{run}.jsonl"
    segment.write_text(f"{{torn\n{segment.read_text()}{{torn")
    return segment


def test_a_document_lost_to_damage_has_its_journal_adopted(manager, checkpoint):
    """The new document belongs to the life of the newest intact record, which stays."""
    manager.close()
    _journal(manager, "a", generation="older", fence=1)
    newest = _journal(manager, "b", generation="newest", fence=3)
    segment = _journal(manager, "c", generation="forged", fence=9)
    segment.write_text(segment.read_text().replace("forged", "forgex"))
    (manager.store.data_path(TEST_ID) / "journal-8-d.jsonl").mkdir()
    manager.get_checkpoint_path(TEST_ID).write_bytes(b"{half")
    again = manager.create_checkpoint("T", TEST_ID, "", PHASES)

    assert again.generation == "newest"
    assert newest.exists()


def test_a_document_that_was_removed_has_its_journal_moved_away(manager, checkpoint):
    """Nothing of a life that somebody ended is read by the next one."""
    manager.close()
    segment = _journal(manager, "a", generation=checkpoint.generation, fence=1)
    manager.get_checkpoint_path(TEST_ID).unlink()
    again = manager.create_checkpoint("T", TEST_ID, "", PHASES)

    assert again.generation != checkpoint.generation
    old = f"{TEST_ID}.d.old-{checkpoint.generation}"
    assert (manager.checkpoint_dir / old / "journal-1-a.jsonl").exists()
    assert not segment.exists()
