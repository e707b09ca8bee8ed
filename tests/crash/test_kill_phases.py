"""Killed in or between phases, a test goes on where it was; a crash is no failure."""

import signal
from typing import Any

import pytest

from tests.crash.nursery import Nursery
from tests.crash.pipeline import (
    ASYNC_TEST,
    BROKEN,
    PHASES,
    TEST,
    left_over,
    write_pipeline,
)
from tests.project import Project, Result

MOMENTS = {
    "discovery": PHASES,
    "after discovery": PHASES[1:],
    "masterplan": PHASES[1:],
    "after masterplan": PHASES[2:],
    "code_generation": PHASES[2:],
    "after code_generation": (),
}


def die_at(nursery: Nursery, project: Project, moment: str, *arguments: str) -> Result:
    """Have a run killed by SIGKILL at a moment."""
    result = nursery.run(project, *arguments, env={"DIE_AT": moment})
    assert result.code == -signal.SIGKILL, result.text
    return result


def outcomes(project: Project, name: str) -> list[Any]:
    """Give how the attempts at a phase ended, as the document says it."""
    phase = project.document()["phases"][name]
    return [attempt["outcome"] for attempt in phase["milepost"]["attempts"]]


@pytest.mark.parametrize("test", [TEST, ASYNC_TEST], ids=["plain", "async"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_costs_only_the_phase_in_flight(
    fast_project: Project, nursery: Nursery, test: str, moment: str
) -> None:
    """Whatever the moment of a kill, the next run restores every finished phase."""
    write_pipeline(fast_project, test).plugins.append("pytest_asyncio.plugin")
    die_at(nursery, fast_project, moment)
    after = nursery.run(fast_project)

    assert after.passed, after.text
    assert after.calls == list(MOMENTS[moment])
    assert left_over(fast_project) == []


def test_a_real_process_is_killed(project: Project) -> None:
    """A pytest of its own, killed by the kernel, resumes as the forked ones do."""
    write_pipeline(project)
    killed = project.run(env={"DIE_AT": "masterplan"})
    after = project.run()

    assert killed.code == -signal.SIGKILL
    assert after.passed, after.text
    assert after.calls == list(PHASES[1:])
    assert left_over(project) == []


def test_a_crash_is_counted_apart_from_failures(
    fast_project: Project, nursery: Nursery
) -> None:
    """The death of a process is a crash in the record, and no failed attempt."""
    write_pipeline(fast_project)
    die_at(nursery, fast_project, "masterplan")
    assert outcomes(fast_project, "masterplan") == [None], "nobody was there to write more"
    failed = nursery.run(fast_project, env=BROKEN)
    document = fast_project.document()

    assert failed.outcomes() == {"failed": 1}
    assert outcomes(fast_project, "masterplan") == ["crashed", "completed"]
    assert outcomes(fast_project, "code_generation") == ["failed"]
    assert document["phases"]["masterplan"]["retry_count"] == 2
    assert document["total_retries"] == 1


def test_crash_upon_crash(fast_project: Project, nursery: Nursery) -> None:
    """Every crash of a phase is recorded, and the next run still goes on."""
    write_pipeline(fast_project)
    for _ in range(3):
        calls = die_at(nursery, fast_project, "masterplan").calls
        assert calls[-1] == "masterplan"
    nursery.run(fast_project, env=BROKEN)

    assert outcomes(fast_project, "masterplan") == [*["crashed"] * 3, "completed"]
    assert fast_project.all_calls().count("discovery") == 1
    assert nursery.run(fast_project).calls == list(PHASES[2:])


def test_a_run_that_dies_before_it_starts_the_phase_is_no_crash_of_it(
    fast_project: Project, nursery: Nursery
) -> None:
    """A crash is counted once, however often the process dies before trying again."""
    write_pipeline(fast_project)
    die_at(nursery, fast_project, "masterplan")
    for _ in range(2):
        assert nursery.run(fast_project, kill_at="document.begin").calls == []
    nursery.run(fast_project, env=BROKEN)

    assert outcomes(fast_project, "masterplan") == ["crashed", "completed"]


def test_a_phase_that_crashes_again_and_again_is_not_started(
    fast_project: Project, nursery: Nursery
) -> None:
    """Crashes in a row are reported, not looped, and there is a way to go on."""
    write_pipeline(fast_project)
    for _ in range(2):
        die_at(nursery, fast_project, "masterplan", "-o", "milepost_max_crashes=2")
    refused = nursery.run(fast_project, "-o", "milepost_max_crashes=2")

    assert refused.outcomes() == {"failed": 1}
    assert refused.calls == []
    assert "ended 2 times in a row with the death of its process" in refused.text
    assert "-o milepost_max_crashes=0" in refused.text
    assert nursery.run(fast_project, "-o", "milepost_max_crashes=0").calls == list(
        PHASES[1:]
    )


def test_crashes_with_something_else_between_them_are_no_loop(
    fast_project: Project, nursery: Nursery
) -> None:
    """Only crashes in a row count: a failure between two shows that it can end."""
    write_pipeline(fast_project)
    limit = ("-o", "milepost_max_crashes=2")
    die_at(nursery, fast_project, "code_generation", *limit)
    nursery.run(fast_project, *limit, env=BROKEN)
    die_at(nursery, fast_project, "code_generation", *limit)
    after = nursery.run(fast_project, *limit)

    assert after.passed, after.text


def test_an_exit_without_a_word_is_a_crash(fast_project: Project, nursery: Nursery) -> None:
    """A phase that calls os._exit is a crash, as after a kill."""
    write_pipeline(fast_project)
    fast_project.edit("marking.py", "os.kill(os.getpid(), signal.SIGKILL)", "os._exit(3)")
    gone = nursery.run(fast_project, env={"DIE_AT": "masterplan"})
    nursery.run(fast_project, env=BROKEN)

    assert gone.code == 3
    assert outcomes(fast_project, "masterplan") == ["crashed", "completed"]
    assert nursery.run(fast_project).calls == list(PHASES[2:])


def test_a_death_after_the_test_failed_keeps_everything(
    fast_project: Project, nursery: Nursery
) -> None:
    """When the body has failed, a kill before the end of the session loses nothing."""
    write_pipeline(fast_project)
    killed = nursery.run(fast_project, kill_at="history.begin", env=BROKEN)

    assert killed.calls == list(PHASES)
    assert outcomes(fast_project, "code_generation") == ["failed"]
    assert nursery.run(fast_project).calls == list(PHASES[2:])
