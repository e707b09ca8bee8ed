"""milepost beside pytest-xdist."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

from tests.project import Project

TEST = """
    import os
    import pytest
    from calling import note

    def build(n):
        note(f"build {n}")
        return n * n

    def check(n, square):
        note(f"check {n}")
        if os.environ.get("BROKEN"):
            raise ValueError(n)
        return square

    @pytest.mark.parametrize("n", range(4))
    def test_pipeline(phase, n):
        square = phase("building", build, n)
        assert phase("checking", check, n, square) == n * n
"""
BROKEN = {"BROKEN": "1"}
BUILD = [f"build {n}" for n in range(4)]
CHECK = [f"check {n}" for n in range(4)]


@pytest.fixture
def pipeline(project: Project) -> Project:
    """Give a project with four tests, run by a pytest with xdist."""
    project.write("test_pipeline.py", TEST)
    project.plugins.append("xdist.plugin")
    return project


def test_any_worker_finds_the_checkpoint(pipeline: Project) -> None:
    """What one process left the workers restore, and the controller says so."""
    broken = pipeline.run(env=BROKEN)
    assert sorted(broken.calls) == sorted([*BUILD, *CHECK])

    ids = [path.stem.removeprefix("checkpoint_") for path in pipeline.documents()]
    workers = pipeline.run("-n2", "--junitxml=junit.xml")
    assert workers.passed, workers.text
    assert sorted(workers.calls) == CHECK
    assert "milepost: resuming " in workers.text
    assert all(test_id in workers.text for test_id in ids[:3])
    assert workers.text.count("building  restored") == 4
    assert workers.last_line.startswith("milepost: 4 of 8 phases restored")
    assert not pipeline.documents()

    junit = ElementTree.parse(pipeline.folder / "junit.xml")
    found = [
        each.get("value")
        for each in junit.iter("property")
        if each.get("name") == "milepost.restored"
    ]
    assert found == ["building"] * 4


def test_one_process_goes_on_from_workers(pipeline: Project) -> None:
    """What the workers left, also grouped by file, one process without xdist restores."""
    workers = pipeline.run("-n2", "--dist", "loadscope", env=BROKEN | {"CI": "1"})
    assert workers.outcomes() == {"failed": 4}
    assert workers.text.count("kept: building; run again to go on from there") == 4
    assert f"path: {pipeline.checkpoints}" in workers.text

    pipeline.plugins.remove("xdist.plugin")
    alone = pipeline.run()
    assert alone.passed, alone.text
    assert alone.calls == CHECK


def test_loaded_without_workers(pipeline: Project) -> None:
    """With xdist loaded and no workers all is as without it."""
    pipeline.run("-n0", env=BROKEN)
    resumed = pipeline.run("-n0")

    assert resumed.calls == CHECK
    assert "milepost: resuming test_pipeline[0] (1 of 2 phases" in resumed.text


def test_fresh_says_nothing_of_resuming(pipeline: Project) -> None:
    """The workers start over, and the controller does not say that they resume."""
    pipeline.run(env=BROKEN)
    fresh = pipeline.run("-n2", "--milepost=fresh")

    assert fresh.passed, fresh.text
    assert sorted(fresh.calls) == sorted([*BUILD, *CHECK])
    assert "resuming" not in fresh.text
    assert not list(pipeline.checkpoints.glob("old-*"))


def test_from_a_phase(pipeline: Project) -> None:
    """--milepost-from reaches the workers; a name that nobody has fails the tests there."""
    pipeline.run(env=BROKEN)
    again = pipeline.run("-n2", "--milepost-from=building", env=BROKEN)
    assert sorted(again.calls) == sorted([*BUILD, *CHECK])

    unknown = pipeline.run("-n2", "--milepost-from=bilding")
    assert unknown.calls == []
    assert unknown.outcomes() == {"error": 4}
    assert "--milepost-from = 'bilding' is not possible" in unknown.text
    assert "INTERNALERROR" not in unknown.text


@pytest.mark.parametrize("wrong", ["settings", "ids"])
def test_a_usage_error_fails_the_tests_concerned(project: Project, wrong: str) -> None:
    """What stops a single process fails at their set-up the tests in a worker."""
    project.plugins.append("xdist.plugin")
    project.write(
        "test_wrong.py",
        """
        import pytest

        @pytest.mark.milepost(id="twin")
        def test_one(phase):
            raise NotImplementedError

        @pytest.mark.milepost(id="twin")
        def test_two(phase):
            raise NotImplementedError

        def test_plain():
            pass
        """,
    )
    project.checkpoints.mkdir()
    arguments = ("-o", "milepost_live=dead") if wrong == "settings" else ()
    result = project.run("-n2", *arguments)

    assert result.code == pytest.ExitCode.TESTS_FAILED
    assert result.outcomes() == {"passed": 1, "error": 2}
    assert "INTERNALERROR" not in result.text
    assert "NotImplementedError" not in result.text
    why = "milepost_live = 'dead'" if wrong == "settings" else "would share the checkpoint"
    assert why in result.text


def test_two_workers_on_one_test_never_both_run_a_phase(project: Project) -> None:
    """Of two workers that run one test at once one waits, or fails naming the other."""
    project.plugins.append("xdist.plugin")
    project.write(
        "test_one.py",
        """
        import os, time
        from calling import note
        from pathlib import Path

        def work():
            note(f"in {os.getpid()}")
            time.sleep(1)
            note(f"out {os.getpid()}")
            return 1

        def test_one(phase):
            phase("working", work)
        """,
    )
    both = ("--tx", "2*popen", "--dist", "each")
    waiting = project.run(*both, "-o", "milepost_wait=60")
    assert waiting.passed, waiting.text
    assert waiting.outcomes() == {"passed": 2}
    pids = [re.sub(r"\D", "", call) for call in waiting.calls]
    assert pids[0] == pids[1] != pids[2] == pids[3]

    failing = project.run(*both)
    assert failing.outcomes() == {"passed": 1, "error": 1}
    assert len(failing.calls) == 2
    assert "is held by another run." in failing.text
    assert re.search(r"Holder: .*\d+", failing.text)


def test_what_the_end_of_a_test_shows_reaches_the_controller(project: Project) -> None:
    """A phase that outlives its test in a worker is named in the controller's section."""
    project.plugins.append("xdist.plugin")
    project.write(
        "test_late.py",
        """
        import threading
        from calling import note

        def test_late(phase):
            go_on, started = threading.Event(), threading.Event()

            def work():
                started.set()
                go_on.wait(60)

            threading.Thread(target=phase, args=("late", work), daemon=True).start()
            started.wait()
        """,
    )
    result = project.run("-n1", "-o", "milepost_drain=0.1")

    assert result.passed, result.text
    assert "late still ran when the test was over" in result.text
    assert not project.documents()


def test_the_deadline_stops_all_workers(project: Project) -> None:
    """A worker that meets the deadline ends the whole session."""
    project.plugins.append("xdist.plugin")
    project.write("test_pipeline.py", TEST)
    result = project.run("-n2", "--milepost-deadline=0s")

    assert result.code == pytest.ExitCode.INTERRUPTED, result.text
    assert result.calls == []
    assert (
        "milepost: stopped before phase 'building': the deadline has passed" in result.text
    )


def test_the_record_is_whole(pipeline: Project) -> None:
    """The property that carries a run from worker to controller is JSON without loss."""
    pipeline.run("-n1", "--junitxml=junit.xml", "-k", "[2]", env=BROKEN)
    junit = ElementTree.parse(pipeline.folder / "junit.xml")
    (record,) = (p for p in junit.iter("property") if p.get("name") == "milepost")
    phases = json.loads(str(record.get("value")))["phases"]

    assert [phase["word"] for phase in phases] == ["ran", "failed"]
    assert phases[1]["error"] == "ValueError: 2"
