"""What milepost promises, one story each; the details live in the other folders."""

import json
import signal
import subprocess
import time
from xml.etree import ElementTree

import pytest

from tests.plugin.pipeline import BROKEN, write_pipeline
from tests.project import Project

SLOW = """
    import time
    from calling import note

    def first():
        note("first")
        return {"id": 7}

    def second():
        note("second")
        if len(open("calls.log").readlines()) == 2:
            time.sleep(60)
        return {"id": 8}

    def test_slow(phase):
        assert phase("first", first)["id"] == 7
        assert phase("second", second)["id"] == 8
"""


def start_until(project: Project, call: str) -> "subprocess.Popen[str]":
    """Start the project's tests and wait until a call is noted."""
    running = project.start()
    while call not in project.all_calls():
        assert running.poll() is None, running.communicate()[0]
        time.sleep(0.02)
    return running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_promise_1_a_finished_phase_is_never_run_again(
    project: Project, number: signal.Signals
) -> None:
    """Whatever ends the process, the next run restores what had finished."""
    project.write("test_slow.py", SLOW)
    running = start_until(project, "second")
    running.send_signal(number)
    running.communicate(timeout=60)
    resumed = project.run()

    assert running.returncode != 0
    assert resumed.passed, resumed.text
    assert resumed.calls == ["second"]


@pytest.mark.parametrize(
    ("point", "restored"), [("document.synced:3", 0), ("document.renamed:3", 1)]
)
def test_promise_2_a_reader_sees_the_old_state_or_the_new(
    project: Project, point: str, restored: int
) -> None:
    """A kill before the rename leaves the old document, one after it the new."""
    write_pipeline(project)
    project.run(kill_at=point)
    resumed = project.run()

    assert resumed.passed, resumed.text
    assert len(resumed.calls) == 3 - restored


def test_promise_2_nobody_brings_a_removed_checkpoint_back(project: Project) -> None:
    """A run whose document was removed while it ran does not write it again."""
    project.write("test_slow.py", SLOW.replace("time.sleep(60)", "time.sleep(3)"))
    running = start_until(project, "second")
    for path in project.documents():
        path.unlink()
    text = running.communicate(timeout=60)[0]

    assert not project.documents()
    assert "ran, not kept" in text


def test_promise_3_what_a_dead_run_left_crashed(project: Project) -> None:
    """A phase whose process died is counted as crashed, not as failed, and runs again."""
    write_pipeline(project)
    project.run(kill_at="document.renamed:2")
    project.run(env=BROKEN)
    (discovery, *_) = project.document()["phases"].values()

    outcomes = [attempt["outcome"] for attempt in discovery["milepost"]["attempts"]]
    assert outcomes == ["crashed", "completed"]
    assert project.document()["total_retries"] == 1  # that of code_generation


def test_promise_4_identity_is_stable(project: Project) -> None:
    """From another folder, by another path and in a worker, one checkpoint is found."""
    write_pipeline(project).run(env=BROKEN)
    elsewhere = project.write("sub/README", "")
    from_below = project.run("../test_pipeline.py", cwd=elsewhere.parent, env=BROKEN)
    project.plugins.append("xdist.plugin")
    in_worker = project.run("-n", "1", str(project.folder / "test_pipeline.py"))

    assert from_below.calls == in_worker.calls == ["generate"]
    assert in_worker.passed, in_worker.text


def test_promise_5_restored_is_visible(project: Project) -> None:
    """The terminal, also a quiet one, JUnit and require-fresh say what was restored."""
    write_pipeline(project).run(env=BROKEN)
    quiet = project.run("-q", "--junitxml=junit.xml", env=BROKEN)
    junit = ElementTree.parse(project.folder / "junit.xml")
    told = {p.get("name"): p.get("value") for p in junit.iter("property")}
    strict = project.run("--milepost=require-fresh")

    assert quiet.last_line.startswith("milepost: 2 of 3 phases restored")
    assert told["milepost.restored"] == "discovery, masterplan"
    assert json.loads(told["milepost"] or "")["phases"][0]["word"] == "restored"
    assert strict.passed, strict.text
    assert strict.calls == ["discover", "make_plan", "generate"]


def test_promise_6_passed_means_gone_and_nothing_else_does(project: Project) -> None:
    """A failing tear-down keeps the checkpoint; the run that passes removes it."""
    write_pipeline(project)
    project.write(
        "conftest.py",
        """
        import os, pytest

        @pytest.fixture(autouse=True)
        def closing():
            yield
            assert not os.environ.get("LEAKS")
        """,
    )
    leaking = project.run(env={"LEAKS": "1"})
    clean = project.run()

    assert leaking.outcomes() == {"passed": 1, "error": 1}
    assert clean.passed
    assert clean.calls == []
    assert not project.documents()
    assert not list(project.checkpoints.glob("*.d"))


def test_promise_7_one_writer(project: Project) -> None:
    """A second run at the same time fails and names the first one; nothing runs twice."""
    project.write("test_slow.py", SLOW)
    running = start_until(project, "second")
    second = project.run()
    running.kill()
    running.communicate(timeout=60)

    assert second.code == 1
    assert f"process {running.pid}" in second.text
    assert second.calls == []


def test_promise_8_doubt_never_spends_in_silence(project: Project) -> None:
    """When nobody can look whether a value is valid, the test fails before it spends."""
    write_pipeline(project).run(env=BROKEN)
    project.edit(
        "test_pipeline.py",
        'doc = phase("discovery"',
        'doc = phase.with_options(verify=lambda value: value["nowhere"])("discovery"',
    )
    result = project.run()

    assert result.calls == []
    assert "verify raised KeyError" in result.text
    assert "Nothing was run" in result.text


def test_promise_9_what_the_document_says_we_wrote(project: Project) -> None:
    """An edited document fails the test at set-up, spends nothing, and names the cure."""
    write_pipeline(project).run(env=BROKEN)
    (path,) = project.documents()
    edited = path.read_text().replace('"Task Manager"', '"Something Else"')
    path.write_text(edited)
    result = project.run()

    assert result.calls == []
    assert result.outcomes() == {"error": 1}
    assert "milepost accept" in result.text
    assert "milepost rm" in result.text
    assert path.read_text() == edited


def test_promise_10_retries_are_few_finite_and_honest(project: Project) -> None:
    """Attempts are recorded, the user's own exception comes out, with a note about them."""
    project.write(
        "test_flaky.py",
        """
        import pytest
        from calling import note
        from milepost import RetryConfig

        def ask():
            note("ask")
            raise ConnectionResetError(104, "Connection reset by peer")

        @pytest.mark.milepost(retry=RetryConfig(max_retries=2, initial_delay=0.01))
        def test_flaky(phase):
            phase("ask", ask)
        """,
    )
    result = project.run()
    attempts = project.document()["phases"]["ask"]["milepost"]["attempts"]

    assert result.calls == ["ask"] * 3
    assert [attempt["outcome"] for attempt in attempts] == ["failed"] * 3
    assert "ConnectionResetError: [Errno 104] Connection reset by peer" in result.text
    assert "phase 'ask' failed after 3 attempts" in result.text


def test_promise_11_values_not_effects(project: Project) -> None:
    """A phase that changes its input is not kept: a restored one would not change it."""
    write_pipeline(project)
    project.edit("steps.py", "return [f", 'doc["entities"].append("tag")\n    return [f')
    project.run(env=BROKEN)
    result = project.run(env=BROKEN)

    assert result.calls == ["make_plan", "generate"]
    assert "masterplan ran, not kept: it changed its input doc" in result.text


def test_promise_12_it_stays_out_of_the_way(project: Project) -> None:
    """A test that does not ask leaves no folder, no handler and no line."""
    project.write(
        "test_plain.py",
        """
        import signal, sys

        def test_plain():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            assert "milepost.phases.run" not in sys.modules
        """,
    )
    result = project.run("-W", "error")

    assert result.passed, result.text
    assert not project.checkpoints.exists()
    assert "milepost: " not in result.text
