"""The end-to-end test of MGE V2 as a service hands it out: one stream of events.

The pipeline is not touched: it begins at discovery in every attempt and every run. What
the model has answered is remembered below it, so that this costs nothing.
"""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.mge_v2.digest import result_digest
from examples.mge_v2.generator import Event, orchestrate
from examples.mge_v2.phases import PHASES
from examples.mge_v2.pipeline import REQUEST
from examples.mge_v2.stand_in import available_model
from milepost import Phase, RetryConfig


class PipelineFailedError(RuntimeError):
    """The service said that it has failed; what lies behind it, it does not tell."""


class Service:
    """The client's side of the stream, which is begun anew after a failure.

    Args:
        folder: Where the pipeline works.
    """

    def __init__(self, folder: Path) -> None:
        self.database_url = f"sqlite:///{folder / 'mge.db'}"
        self.output = str(folder / "output")
        self._events: AsyncIterator[Event] | None = None

    async def until_completed(self, name: str) -> dict[str, Any]:
        """Follow the stream until a phase has ended; give what it returned."""
        if self._events is None:
            print("▶️  The stream begins")
            self._events = orchestrate(REQUEST, self.database_url, self.output)
        async for event in self._events:
            if event["type"] == "completed" and event["phase"] == name:
                data: dict[str, Any] = event["data"]
                return data
            if event["type"] == "error":
                self._events = None
                text = f"Pipeline failed during {event['phase']}: {event['message']}"
                raise PipelineFailedError(text)
        raise PipelineFailedError(f"the stream ended before {name}")


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make a model available to the pipeline."""
    with available_model() as provider:
        if provider.base_url:
            monkeypatch.setenv("MGE_MODEL_URL", provider.base_url)
        yield


async def follow(service: Service, name: str) -> dict[str, Any]:
    """Follow the stream until a phase has ended."""
    return await service.until_completed(name)


@pytest.mark.asyncio
@pytest.mark.milepost(record=True)
async def test_untouched_mge_v2_pipeline(phase: Phase) -> None:
    """A request becomes a project, though the pipeline knows no way to go on."""
    service = Service(phase.directory)
    delay = float(os.environ.get("MGE_INITIAL_DELAY", "5.0"))
    retry = RetryConfig(max_retries=3, initial_delay=delay, retry_on=PipelineFailedError)
    run = phase.with_options(retry=retry, ignore=["service"])

    results = {name: await run(name, follow, service, name) for name in PHASES}

    tasks = results["masterplan"]["generated_tasks_count"]
    assert results["code_generation"]["generated_code_count"] == tasks >= 30
    assert results["file_writing"]["files_written_count"] == tasks
    print(f"🏁 Result: {result_digest(service.database_url, service.output)}")
