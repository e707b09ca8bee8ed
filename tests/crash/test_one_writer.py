"""Two runs of one test never both run a phase, and a late one brings nothing back."""

import shutil
import signal
from collections.abc import Callable

import pytest

from tests.crash.gate import Gate, await_path, await_stop
from tests.crash.nursery import Life, Nursery
from tests.crash.pipeline import BROKEN, PHASES, left_over, write_pipeline
from tests.project import Project


@pytest.fixture
def gate(project: Project) -> Gate:
    """Give a gate in the second phase of the pipeline, which returns a large value."""
    write_pipeline(project)
    project.edit("steps.py", 'mark("masterplan")', 'mark("masterplan"); stop_at("plan")')
    project.edit("steps.py", "from marking", "from gate import stop_at\nfrom marking")
    return Gate(project, "plan")


def stand_at(gate: Gate, nursery: Nursery, project: Project, **env: str) -> Life:
    """Start a run, and wait until it stands at the gate."""
    life = nursery.start(project, env=env)
    gate.await_arrival(life)
    return life


def test_a_second_run_fails_and_names_the_holder(
    gate: Gate, nursery: Nursery, project: Project
) -> None:
    """While a run works on a test another one runs no phase of it, and says who does."""
    first = stand_at(gate, nursery, project)
    second = nursery.run(project)
    gate.open()

    assert second.calls == []
    assert second.outcomes() == {"error": 1}
    assert f"process {first.pid} on" in second.text
    assert "milepost_wait" in second.text
    assert first.result().passed
    assert left_over(project) == []


@pytest.mark.parametrize("broken", [True, False])
def test_a_second_run_waits(
    gate: Gate, nursery: Nursery, project: Project, broken: bool
) -> None:
    """A run told to wait goes on where the first one ended: it restores or starts over."""
    log = project.folder / "points.log"
    first = stand_at(gate, nursery, project, **(BROKEN if broken else {}))
    second = nursery.start(
        project, "-o", "milepost_wait=20", env={"MILEPOST_KILL_LOG": str(log)}
    )
    await_path(log, second)
    while "lease.waiting" not in log.read_text():
        assert second.process.is_alive(), second.output.read_text()
    gate.open()
    ended = first.result()
    after = second.result()

    assert ended.outcomes() == ({"failed": 1} if broken else {"passed": 1})
    assert after.passed, after.text
    last = list(PHASES[2:] if broken else PHASES)
    assert project.all_calls() == [*PHASES, *last]


def remove_documents(project: Project) -> None:
    """Do what `rm checkpoint_*.json` does."""
    for path in project.documents():
        path.unlink()


def remove_everything(project: Project) -> None:
    """Do what `rm -rf .milepost/*` does."""
    for path in project.checkpoints.glob("[!.]*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


REMOVALS = pytest.mark.parametrize("remove", [remove_documents, remove_everything])


@REMOVALS
def test_a_paused_run_brings_nothing_back(
    gate: Gate, nursery: Nursery, project: Project, remove: Callable[[Project], None]
) -> None:
    """A run that wakes after its checkpoint was removed and another one passed is late."""
    first = stand_at(gate, nursery, project)
    first.send(signal.SIGSTOP)
    await_stop(first)
    gate.open()
    remove(project)
    second = nursery.run(project)
    first.send(signal.SIGCONT)
    woken = first.result()

    assert second.passed, second.text
    assert second.calls[-3:] == list(PHASES)
    assert woken.outcomes() == {"failed": 1}
    assert woken.calls.count("code_generation") == 1, "the second run's, not its own"
    assert "is no longer this run's to write" in woken.text
    assert left_over(project) == []


# Between any two system calls of a save, of a blob's and of a document's.
PAUSES = (
    *("document.begin:3", "file.created:5", "file.written:5", "document.synced:3"),
    *("document.checked:3", "document.renamed:3", "folder.made:3", "blob.begin"),
    *("blob.synced", "blob.checked", "blob.renamed", "document.checked:5"),
)


@REMOVALS
@pytest.mark.parametrize("point", PAUSES)
def test_a_run_paused_in_a_save_brings_nothing_back(
    nursery: Nursery,
    fast_project: Project,
    remove: Callable[[Project], None],
    point: str,
) -> None:
    """Wherever in a save a run was paused, its write comes to nothing when it is late."""
    write_pipeline(fast_project)
    stopping = {"MILEPOST_KILL_AT": point, "MILEPOST_KILL_SIGNAL": "SIGSTOP"}
    first = nursery.start(fast_project, env=stopping)
    await_stop(first)
    remove(fast_project)
    second = nursery.run(fast_project)
    first.send(signal.SIGCONT)
    woken = first.result()

    assert second.passed, second.text
    assert woken.code == 1, woken.text
    assert "is no longer this run's to write" in woken.text
    assert left_over(fast_project) == []


@pytest.mark.parametrize(
    "point", ["document.checked:8", "delete.begin", "delete.data-gone"]
)
def test_a_run_paused_in_its_clean_up_removes_nothing_of_another(
    gate: Gate, nursery: Nursery, project: Project, point: str
) -> None:
    """A late run that had passed does not delete what another one has begun since."""
    gate.open()
    project.edit("steps.py", 'mark("code_gen', 'stop_at("code"); mark("code_gen')
    stopping = {"MILEPOST_KILL_AT": point, "MILEPOST_KILL_SIGNAL": "SIGSTOP"}
    first = nursery.start(project, env=stopping)
    await_stop(first)
    remove_everything(project)
    third_phase = Gate(project, "code")
    second = stand_at(third_phase, nursery, project, **BROKEN)
    first.send(signal.SIGCONT)
    woken = first.result()
    third_phase.open()

    assert woken.passed, woken.text
    assert "is no longer this run's to write" in woken.text
    assert second.result().outcomes() == {"failed": 1}
    assert nursery.run(project).calls == list(PHASES[2:])
    assert left_over(project) == []


def test_a_run_that_starts_over_keeps_its_lease(nursery: Nursery, project: Project) -> None:
    """A second run does not slip in while the first has set the old life aside."""
    write_pipeline(project)
    nursery.run(project, env=BROKEN)
    project.write(
        "conftest.py",
        """
        import pytest
        from gate import stop_at

        @pytest.fixture
        def slow(phase):
            stop_at("set-up")
        """,
    )
    project.edit(
        "test_pipeline.py", "def test_pipeline(phase)", "def test_pipeline(phase, slow)"
    )
    gate = Gate(project, "set-up")
    first = nursery.start(project, "--milepost=fresh")
    gate.await_arrival(first)
    assert not project.documents()
    second = nursery.run(project)
    gate.open()

    assert f"process {first.pid} on" in second.text
    assert second.calls == []
    assert first.result().passed
    assert left_over(project) == []


def test_removing_the_document_starts_over(nursery: Nursery, project: Project) -> None:
    """After `rm checkpoint_*.json` nothing old is read: it lies aside until a pass."""
    write_pipeline(project)
    nursery.run(project, env=BROKEN)
    (blob,) = project.checkpoints.glob("*.d/blobs/*")
    remove_documents(project)
    again = nursery.run(project, env=BROKEN)

    assert again.calls == list(PHASES)
    (old,) = project.checkpoints.glob("*.d.old-*/blobs/*")
    assert old.name == blob.name
    assert nursery.run(project).calls == list(PHASES[2:])
    assert left_over(project) == []
