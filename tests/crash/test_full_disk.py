"""A disk that refuses: what was paid for reaches the test, and nothing more is spent."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.disk import FREE, PAGE, REFUSING, mounted, remount
from tests.crash.nursery import Nursery
from tests.crash.pipeline import BROKEN, PHASES, left_over, write_pipeline
from tests.crash.test_kill_phases import outcomes
from tests.project import Project


@pytest.fixture
def pipeline(fast_project: Project) -> Project:
    """Give the pipeline, whose code can have the disk refuse."""
    write_pipeline(fast_project)
    fast_project.write("refusing.py", REFUSING)
    words = "from refusing import fill_disk, make_room, refuse_large_files\n"
    for name in ("steps.py", "test_pipeline.py"):
        fast_project.edit(name, "from marking", f"{words}from marking")
    return fast_project


@pytest.fixture
def small_disk(pipeline: Project) -> Iterator[Project]:
    """Give the pipeline with a small disk of its own for the checkpoints."""
    with mounted(pipeline.checkpoints, "size=2m"):
        yield pipeline


def do_in(project: Project, phase: str, what: str) -> None:
    """Have something done while a phase runs."""
    project.edit("steps.py", f'mark("{phase}")', f'mark("{phase}"); {what}()')


def do_after(project: Project, phase: str, what: str) -> None:
    """Have something done in the test, after a phase."""
    project.edit("test_pipeline.py", f'die("after {phase}")', what)


def test_a_value_that_the_disk_refuses_reaches_the_test(
    pipeline: Project, nursery: Nursery
) -> None:
    """The phase ran, its value is handed on, and no further paid phase is started."""
    do_in(pipeline, "masterplan", "refuse_large_files")
    do_after(pipeline, "masterplan", "assert len(plan) == 4000")
    refused = nursery.run(pipeline)

    assert refused.outcomes() == {"failed": 1}
    assert refused.calls == list(PHASES[:2])
    assert "masterplan  ran, not kept" in refused.text
    assert "OSError: File too large" in refused.text
    assert "--milepost-dir" in refused.text
    assert refused.last_line.endswith("not kept: masterplan")
    after = nursery.run(pipeline, env=FREE)
    assert after.passed, after.text
    assert after.calls == list(PHASES[1:])
    assert left_over(pipeline) == []


def test_a_phase_that_was_not_started_was_not_attempted(
    pipeline: Project, nursery: Nursery
) -> None:
    """What the disk kept from starting counts as no attempt, and what ran as not kept."""
    do_in(pipeline, "masterplan", "refuse_large_files")
    nursery.run(pipeline)

    assert outcomes(pipeline, "discovery") == ["completed"]
    assert outcomes(pipeline, "masterplan") == ["not_kept"]
    assert "code_generation" not in pipeline.document()["phases"]
    assert pipeline.document()["total_retries"] == 0


def test_a_start_that_the_disk_refuses_is_no_attempt(
    small_disk: Project, nursery: Nursery
) -> None:
    """A phase whose start cannot be written is not called, and was not attempted."""
    do_after(small_disk, "masterplan", "fill_disk()")
    small_disk.edit("test_pipeline.py", "    code = phase(", "    try: code = phase(")
    small_disk.edit(
        "test_pipeline.py", "generate, plan)", "generate, plan)\n    finally: make_room()"
    )
    refused = nursery.run(small_disk)

    assert refused.outcomes() == {"failed": 1}
    assert refused.calls == list(PHASES[:2])
    assert "No space left on device" in refused.text
    phase = small_disk.document()["phases"]["code_generation"]
    assert phase["status"] == "pending"
    assert phase["retry_count"] == 0
    assert nursery.run(small_disk, env=FREE).calls == list(PHASES[2:])


def test_a_test_that_passes_on_a_full_disk_passes(
    small_disk: Project, nursery: Nursery
) -> None:
    """When it is the last value that does not fit, the test still gets it and passes."""
    do_in(small_disk, "code_generation", "fill_disk")
    full = nursery.run(small_disk)
    (small_disk.checkpoints / "filler").unlink()
    after = nursery.run(small_disk, env=FREE)

    assert full.outcomes() == {"passed": 1}
    assert full.calls == list(PHASES)
    assert full.last_line.endswith("not kept: code_generation")
    assert after.passed, after.text
    assert after.calls == list(PHASES[2:])
    assert left_over(small_disk) == []


def test_a_value_is_written_once_the_disk_has_room(
    pipeline: Project, nursery: Nursery
) -> None:
    """What was refused is written before the next phase starts, if there is room then."""
    do_in(pipeline, "masterplan", "refuse_large_files")
    do_after(pipeline, "masterplan", "make_room()")
    failed = nursery.run(pipeline, env=BROKEN)

    assert failed.calls == list(PHASES)
    assert "written later" in failed.text
    assert outcomes(pipeline, "masterplan") == ["completed"]
    assert nursery.run(pipeline).calls == list(PHASES[2:])
    assert left_over(pipeline) == []


def test_a_value_is_written_at_the_end_if_there_is_room(
    pipeline: Project, nursery: Nursery
) -> None:
    """The end of the test is the last occasion to write what was refused."""
    do_in(pipeline, "masterplan", "refuse_large_files")
    do_after(pipeline, "masterplan", "make_room(); assert broken() != '1'")
    pipeline.edit("test_pipeline.py", "import die", "import broken, die")
    failed = nursery.run(pipeline, env=BROKEN)

    assert failed.calls == list(PHASES[:2])
    assert outcomes(pipeline, "masterplan") == ["completed"]
    assert nursery.run(pipeline).calls == list(PHASES[2:])


def test_the_users_error_comes_first(small_disk: Project, nursery: Nursery) -> None:
    """A failure that cannot be recorded is still the user's own; the rest is a note."""
    do_in(small_disk, "code_generation", "fill_disk")
    failed = nursery.run(small_disk, env=BROKEN)
    (small_disk.checkpoints / "filler").unlink()

    assert failed.outcomes() == {"failed": 1}
    assert re.search(
        "^E +ValueError: the model answered nonsense$", failed.text, re.MULTILINE
    )
    assert "could not be recorded: StoreError" in failed.text
    assert nursery.run(small_disk, env=FREE).calls == list(PHASES[2:])


def test_a_failure_is_recorded_once_there_is_room(
    small_disk: Project, nursery: Nursery
) -> None:
    """A failure that the disk refused is a failure in the record, and not a crash."""
    do_in(small_disk, "code_generation", "fill_disk")
    small_disk.edit("test_pipeline.py", "    code = phase(", "    try: code = phase(")
    small_disk.edit(
        "test_pipeline.py", "generate, plan)", "generate, plan)\n    finally: make_room()"
    )
    nursery.run(small_disk, env=BROKEN)

    assert outcomes(small_disk, "code_generation") == ["failed"]
    assert small_disk.document()["total_retries"] == 1


def test_a_remembered_value_is_not_handed_out_before_it_is_written(
    small_disk: Project, nursery: Nursery
) -> None:
    """A value that the disk refuses to remember is an error, not a value of one run."""
    small_disk.write(
        "test_pipeline.py",
        """
        import pytest
        from calling import note
        from refusing import fill_disk, make_room
        from milepost.errors import StoreError

        def make_user():
            note("user")
            return "one"

        def test_user(phase):
            phase("discovery", dict, id=1)
            fill_disk()
            for _ in range(2):
                with pytest.raises(StoreError):
                    phase.remember("user", make_user)
            make_room()
            assert phase.remember("user", make_user) == "one"
            assert phase.remember("user", make_user) == "one"
        """,
    )
    result = nursery.run(small_disk)

    assert result.passed, result.text
    assert result.calls == ["user"] * 3


# From no room at all, over what the documents and then the large value need, to enough.
@pytest.mark.parametrize("pages", [*range(1, 9), 20, *range(30, 37)])
def test_a_full_disk_at_any_write(
    fast_project: Project, nursery: Nursery, pages: int
) -> None:
    """Wherever the disk is full nothing is torn, and what is kept is restored."""
    write_pipeline(fast_project)
    with mounted(fast_project.checkpoints, f"size={pages * PAGE}"):
        full = nursery.run(fast_project)
        kept = [n for n in PHASES if is_completed(fast_project, n)]
        remount(fast_project.checkpoints, f"size={1000 * PAGE}")
        after = nursery.run(fast_project)
        left = left_over(fast_project)

    assert "INTERNALERROR" not in full.text
    if full.outcomes() != {"passed": 1}:
        assert "No space left on device" in full.text
        assert full.calls in [list(PHASES[: len(kept)]), list(PHASES[: len(kept) + 1])]
    assert after.passed, after.text
    assert after.calls == [name for name in PHASES if name not in kept]
    assert left == []


def is_completed(project: Project, name: str) -> bool:
    """Tell whether the document, which is never torn, has a phase's value."""
    found = [json.loads(path.read_text()) for path in project.documents()]
    phases = found[0]["phases"] if found else {}
    return bool(phases.get(name, {}).get("status") == "completed")


def test_a_folder_below_a_file(fast_project: Project, nursery: Nursery) -> None:
    """A folder that cannot be made is said at set-up, and nothing is spent."""
    write_pipeline(fast_project)
    (fast_project.folder / "file").touch()
    result = nursery.run(fast_project, "--milepost-dir=file/checkpoints")

    assert result.outcomes() == {"error": 1}
    assert result.calls == []
    assert "--milepost-dir" in result.text
    assert "Not a directory" in result.text


def test_a_file_system_that_became_read_only(
    fast_project: Project, nursery: Nursery
) -> None:
    """Where nothing can be written nothing runs, and what is there stays as it is."""
    write_pipeline(fast_project)
    with mounted(fast_project.checkpoints, "size=4m"):
        nursery.run(fast_project, env=BROKEN)
        before = fast_project.documents()[0].read_bytes()
        remount(fast_project.checkpoints, "ro")
        refused = nursery.run(fast_project)
        assert fast_project.documents()[0].read_bytes() == before
        remount(fast_project.checkpoints, "rw")
        after = nursery.run(fast_project)

    assert refused.outcomes() == {"error": 1}
    assert refused.calls == []
    assert "Read-only file system" in refused.text
    assert after.calls == list(PHASES[2:])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(fast_project: Project, nursery: Nursery) -> None:
    """A folder that is not ours to write is said at set-up, and nothing is spent."""
    write_pipeline(fast_project)
    closed = Path(fast_project.folder / "closed")
    closed.mkdir(mode=0o500)
    result = nursery.run(fast_project, "--milepost-dir=closed/checkpoints")

    assert result.outcomes() == {"error": 1}
    assert result.calls == []
    assert "Permission denied" in result.text
