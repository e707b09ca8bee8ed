"""Files of the original system: they load, show, go on, and lose nothing.

Written by hand in the form in which its manager writes: times without a zone, nine
optional fields on every phase, and phases that a killed run left in progress.
"""

import json
from typing import Any

import pytest

from milepost import CheckpointManager, PhaseStatus
from milepost.checkpoint import ORIGIN_FIELDS
from tests.unit.seed import EXAMPLE, RESET, example

TEST_ID = "fastapi_pipeline_0a1b2c3d"
ORDER = ["discovery", "masterplan", "code_generation", "file_writing", "wave_execution"]


def phase(name: str, status: str, **more: Any) -> dict[str, Any]:
    """Give a phase as the original writes it: all its fields, most of them null."""
    fields: dict[str, Any] = {
        "phase_name": name,
        "status": status,
        "started_at": None,
        "completed_at": None,
        "duration_seconds": None,
        "error": None,
        "retry_count": 0,
    }
    return fields | dict.fromkeys(sorted(ORIGIN_FIELDS)) | more


def finished(name: str, minute: int, **data: Any) -> dict[str, Any]:
    """Give a phase that has finished."""
    return phase(
        name,
        "completed",
        started_at=f"2025-11-11T10:{minute:02d}:18.789243",
        completed_at=f"2025-11-11T10:{minute + 1:02d}:55.144700",
        duration_seconds=96.355457,
        retry_count=1,
        **data,
    )


def original(**phases: dict[str, Any]) -> dict[str, Any]:
    """Give a document; phases that are not given are pending."""
    return {
        "test_name": "MGE V2 FastAPI Pipeline",
        "test_id": TEST_ID,
        "started_at": "2025-11-11T10:30:07.236292",
        "last_updated_at": "2025-11-11T10:42:10.881544",
        "total_duration_seconds": 718.619599,
        "current_phase": "code_generation",
        "phases": {name: phases.get(name) or phase(name, "pending") for name in ORDER},
        "user_request": "\n    Create a FastAPI REST API\n    ",
        "total_retries": 1,
    }


def killed() -> dict[str, Any]:
    """Give the file of a run that was killed in its second try at code_generation."""
    cut_off = phase(
        "code_generation",
        "in_progress",
        started_at="2025-11-11T10:42:10.881536",
        completed_at="2025-11-11T10:42:05.856570",
        duration_seconds=12.000399,
        error="RuntimeError: Phase code_generation did not complete",
        retry_count=2,
    )
    return original(
        discovery=finished("discovery", 30, discovery_id="d-1"),
        masterplan=finished(
            "masterplan", 32, masterplan_id="m-1", generated_tasks_count=29
        ),
        code_generation=cut_off,
    )


@pytest.fixture
def manager(tmp_path):
    """Give a manager of an empty folder."""
    with_leases = CheckpointManager(tmp_path)
    yield with_leases
    with_leases.close()


def put(manager: CheckpointManager, document: dict[str, Any]) -> bytes:
    """Write a document as the original does."""
    content = json.dumps(document, indent=2).encode()
    manager.get_checkpoint_path(document["test_id"]).write_bytes(content)
    return content


def test_a_killed_run_goes_on_at_its_phase_in_progress(manager, capsys):
    """The phase that was cut off is the one to go on from; reading changes nothing."""
    content = put(manager, killed())
    checkpoint = manager.load_checkpoint(TEST_ID)
    manager.print_checkpoint_status(checkpoint)

    assert manager.get_resume_phase(checkpoint) == "code_generation"
    assert checkpoint.phases["discovery"].status == PhaseStatus.COMPLETED
    assert checkpoint.phases["code_generation"].status == PhaseStatus.IN_PROGRESS
    assert manager.get_checkpoint_path(TEST_ID).read_bytes() == content
    shown = capsys.readouterr().out
    assert "⏱️  Started: 2025-11-11T10:30:07\n" in shown
    assert "✅ discovery: completed - 96.4s\n" in shown
    assert "🔄 code_generation: in_progress (retry 2) - 12.0s\n" in shown


def test_the_five_attributes_that_a_skipped_phase_is_asked_for(manager):
    """Optional fields read as what was returned, or None, on each phase."""
    put(manager, killed())
    phases = manager.load_checkpoint(TEST_ID).phases
    asked = ["discovery_id", "masterplan_id", "generated_tasks_count", "atoms_count"]
    found = {name: [getattr(phases[name], each) for each in asked] for name in ORDER}

    assert found["discovery"] == ["d-1", None, None, None]
    assert found["masterplan"] == [None, "m-1", 29, None]
    assert found["file_writing"] == [None] * 4
    assert phases["discovery"].result == {"discovery_id": "d-1"}
    with pytest.raises(AttributeError):
        _ = phases["discovery"].domain


def test_it_goes_on_under_our_hands_and_loses_nothing(manager):
    """Started, failed, completed and saved by us, every value is there afterwards."""
    put(manager, killed())
    checkpoint = manager.load_checkpoint(TEST_ID)
    manager.skip_phase(checkpoint, "discovery")
    manager.skip_phase(checkpoint, "masterplan")
    cut_off = checkpoint.phases["code_generation"]
    manager.start_phase(checkpoint, "code_generation")
    assert cut_off.retry_count == 3
    assert cut_off.error is None
    manager.fail_phase(checkpoint, "code_generation", RESET)
    manager.start_phase(checkpoint, "code_generation")
    manager.complete_phase(checkpoint, "code_generation", generated_code_count=33, lines=4)
    manager.close()

    again = manager.load_checkpoint(TEST_ID)
    assert again.phases["discovery"].discovery_id == "d-1"
    assert again.phases["masterplan"].generated_tasks_count == 29
    done = again.phases["code_generation"]
    assert (done.generated_code_count, done.lines, done.atoms_count) == (33, 4, None)
    assert [a["outcome"] for a in done.milepost_attempts] == [
        "crashed",
        "failed",
        "completed",
    ]
    assert again.total_retries == 2
    assert again.started_at == "2025-11-11T10:30:07.236292"
    assert again.total_duration_seconds >= 718.619
    assert again.user_request == killed()["user_request"]
    assert manager.get_resume_phase(again) == "file_writing"


def test_its_values_survive_a_save_and_a_load(manager):
    """What its fields hold reads back after our own form has been written."""
    put(manager, killed())
    manager.save_checkpoint(manager.load_checkpoint(TEST_ID))
    manager.close()
    again = manager.load_checkpoint(TEST_ID)
    assert again.phases["masterplan"].result == {
        "masterplan_id": "m-1",
        "generated_tasks_count": 29,
    }
    shown = json.loads(manager.get_checkpoint_path(TEST_ID).read_text())
    assert set(ORIGIN_FIELDS) <= set(shown["phases"]["file_writing"])


def test_its_finished_phase_that_runs_again_gives_its_value_away(manager):
    """A new value takes the place of the old one, which is kept as an earlier one."""
    put(manager, killed())
    checkpoint = manager.load_checkpoint(TEST_ID)
    manager.start_phase(checkpoint, "discovery")
    assert checkpoint.phases["discovery"].discovery_id is None
    manager.complete_phase(checkpoint, "discovery", domain="tasks")
    found = manager.load_checkpoint(TEST_ID).phases["discovery"]
    assert (found.domain, found.discovery_id) == ("tasks", None)
    assert found.milepost_earlier[0]["data"] == {"discovery_id": "d-1"}


def test_what_it_passed_over_as_finished_is_finished(manager):
    """The original calls a finished phase skipped once it has resumed: not paid again."""
    passed_over = finished("discovery", 30, discovery_id="d-1") | {"status": "skipped"}
    put(manager, original(discovery=passed_over))
    checkpoint = manager.load_checkpoint(TEST_ID)
    assert checkpoint.phases["discovery"].status == PhaseStatus.COMPLETED
    assert checkpoint.phases["discovery"].discovery_id == "d-1"
    assert manager.get_resume_phase(checkpoint) == "masterplan"


def test_a_finished_one_has_nothing_to_resume(manager):
    """All phases finished, and the file left behind: nothing to go on from."""
    put(manager, original(**{name: finished(name, 30) for name in ORDER}))
    assert manager.get_resume_phase(manager.load_checkpoint(TEST_ID)) is None


def test_fields_that_older_files_lack_have_their_defaults(manager):
    """Only what a checkpoint cannot do without must be there."""
    document = original()
    for name in ("total_retries", "user_request", "current_phase"):
        del document[name]
    for name in ("retry_count", "error", "duration_seconds", *ORIGIN_FIELDS):
        del document["phases"]["discovery"][name]
    put(manager, document)
    checkpoint = manager.load_checkpoint(TEST_ID)
    assert (checkpoint.total_retries, checkpoint.user_request) == (0, "")
    manager.start_phase(checkpoint, "discovery")
    assert checkpoint.phases["discovery"].retry_count == 1


def test_the_readmes_own_example_goes_on(manager):
    """The document as the README prints it is as good as one of the original's."""
    path = manager.get_checkpoint_path("fastapi_pipeline_abc12345")
    path.write_text(EXAMPLE)
    checkpoint = manager.load_checkpoint("fastapi_pipeline_abc12345")
    assert manager.get_resume_phase(checkpoint) == "code_generation"
    assert checkpoint.phases["code_generation"].total_code_lines == 4521
    manager.start_phase(checkpoint, "code_generation")
    manager.complete_phase(checkpoint, "code_generation", generated_code_count=1)

    found = json.loads(path.read_text())["phases"]
    for name in ("discovery", "masterplan"):
        assert {k: v for k, v in found[name].items() if k != "milepost"} == example()[
            "phases"
        ][name]
    assert found["code_generation"]["generated_code_count"] == 1


def test_accept_makes_it_one_of_ours(manager):
    """Taken over, it has a version, a generation and a checksum, and all its values."""
    put(manager, killed())
    manager.accept_checkpoint(TEST_ID)
    manager.close()
    checkpoint = manager.load_checkpoint(TEST_ID)
    assert checkpoint.generation
    assert checkpoint.phases["masterplan"].masterplan_id == "m-1"
    assert manager.get_resume_phase(checkpoint) == "code_generation"
