"""The pipeline as one stream of events, as a service hands it out."""

import asyncio
from pathlib import Path

from examples.mge_v2.generator import Event, orchestrate
from examples.mge_v2.phases import PHASES
from examples.mge_v2.pipeline import REQUEST
from examples.mge_v2.stand_in import StandIn
from tests.mge_v2.run import Run


def follow(folder: Path, model: StandIn) -> tuple[Run, list[Event]]:
    """Follow the stream to its end; give what it has made and said."""
    run = Run(folder, {}, {})

    async def collect() -> list[Event]:
        stream = orchestrate(REQUEST, run.database_url, run.output_dir, model.provider())
        events = [event async for event in stream]
        assert len(asyncio.all_tasks()) == 1, "a task goes on behind its back"
        return events

    return run, asyncio.run(collect())


def test_the_stream_tells_each_phase_and_its_results(
    finished: Run, model: StandIn, tmp_path: Path
) -> None:
    """Every phase begins and ends in the stream, with the results of a plain run."""
    run, events = follow(tmp_path / "run", model)
    ended = [event for event in events if event["type"] == "completed"]

    assert [event["phase"] for event in events if event["type"] == "status"] == [*PHASES]
    assert {event["phase"]: event["data"] for event in ended} == finished.results
    assert events[-1]["type"] == "complete"
    assert run.digest == finished.digest


def test_a_failure_is_the_last_event(model: StandIn, tmp_path: Path) -> None:
    """A failure comes as an event with its text, and nothing comes after it."""
    model.fault("reset", match="Target file: app/api/tasks.py")

    _, events = follow(tmp_path / "run", model)

    assert events[-1]["type"] == "error"
    assert events[-1]["phase"] == "code_generation"
    assert "ConnectionResetError" in events[-1]["message"]


def test_a_failure_cancels_the_calls_in_flight(model: StandIn, tmp_path: Path) -> None:
    """The stream does not wait for calls whose answers nobody will read."""
    for target in ("app/schemas/user.py", "app/schemas/tag.py"):
        model.fault("hang", match=f"Target file: {target}")
    model.fault("overloaded", match="Target file: app/schemas/category.py")

    _, events = follow(tmp_path / "run", model)

    assert "Overloaded" in events[-1]["message"]


def test_the_stream_begins_at_discovery_whenever_it_is_asked(
    model: StandIn, tmp_path: Path
) -> None:
    """It does not look for what an earlier one has left: all calls are made again."""
    for _ in range(2):
        follow(tmp_path / "run", model)

    assert model.report()["completed"] == 2 * (2 + 33)
