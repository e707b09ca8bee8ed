"""The whole pipeline as one stream of events, as a service hands it out.

It has no way to go on where it broke, knows nothing of milepost, and begins at discovery
whenever it is asked again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from examples.mge_v2.atoms import atomization
from examples.mge_v2.deployment import infrastructure
from examples.mge_v2.domain import discovery
from examples.mge_v2.files import Plan, begin, write
from examples.mge_v2.plan import masterplan
from examples.mge_v2.project import file_writing
from examples.mge_v2.provider import Provider
from examples.mge_v2.rows import PlannedTask
from examples.mge_v2.waves import wave_execution

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

Event = dict[str, Any]
_Results = dict[str, dict[str, Any]]
_Phase = Callable[[_Results], Awaitable[dict[str, Any]]]


async def orchestrate(
    request: str, database_url: str, output_dir: str, provider: Provider | None = None
) -> AsyncIterator[Event]:
    """Run the seven phases, and tell what happens.

    A failure is an event, too, and the last one.

    Args:
        request: What somebody wants.
        database_url: The pipeline's database.
        output_dir: Where the project's folder goes.
        provider: The model to ask; from the environment when None.

    Yields:
        Dictionaries with ``type``, ``phase`` and ``message``. ``status``: a phase
        begins. ``completed``: it has ended; ``data`` is what it returned. ``error``: it
        has failed. ``complete``: all have ended.
    """
    provider = provider or Provider.from_environment()
    results: _Results = {}
    for name, run in _phases(request, database_url, output_dir, provider).items():
        yield {"type": "status", "phase": name, "message": f"Starting {name}"}
        try:
            results[name] = await run(results)
        except Exception as error:  # noqa: BLE001 - the service has one way to say it
            yield {"type": "error", "phase": name, "message": _said(error)}
            return
        yield {"type": "completed", "phase": name, "message": "", "data": results[name]}
    yield {"type": "complete", "phase": "", "message": "Project generated"}


def _phases(
    request: str, database_url: str, output_dir: str, provider: Provider
) -> dict[str, _Phase]:
    def plan(results: _Results) -> str:
        return str(results["masterplan"]["masterplan_id"])

    return {
        "discovery": lambda _: discovery(request, database_url, provider),
        "masterplan": lambda results: masterplan(
            results["discovery"]["discovery_id"], database_url, provider
        ),
        "code_generation": lambda results: _write_files(
            plan(results), database_url, provider
        ),
        "atomization": lambda results: atomization(plan(results), database_url),
        "wave_execution": lambda results: wave_execution(plan(results), database_url),
        "file_writing": lambda results: file_writing(
            plan(results), database_url, output_dir
        ),
        "infrastructure": lambda results: infrastructure(
            plan(results), database_url, output_dir
        ),
    }


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


async def _write_files(
    masterplan_id: str, database_url: str, provider: Provider
) -> dict[str, Any]:
    plan = begin(masterplan_id, database_url, provider)
    async with provider.client() as client:
        await _Writer(client, plan, provider.parallel_calls).write_all()
    return plan.summary()


class _Writer:
    """Writes the files of one plan: all at once, each when it can begin."""

    def __init__(self, client: "AsyncAnthropic", plan: Plan, parallel: int) -> None:
        self._client = client
        self._plan = plan
        self._free = asyncio.Semaphore(parallel)
        self._running: dict[int, asyncio.Task[str]] = {}

    async def write_all(self) -> None:
        """Write all files.

        Raises:
            Exception: The first failure itself; the calls in flight are cancelled.
        """
        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for task in self._plan.tasks:
                    self._running[task.number] = group.create_task(self._write(task))
        except* Exception as failures:  # noqa: BLE001 - raised again below
            failure = failures.exceptions[0]
        if failure is not None:
            raise failure

    async def _write(self, task: PlannedTask) -> str:
        sources = {number: await self._running[number] for number in task.depends_on}
        question = self._plan.question(task, sources)
        async with self._free:
            written = await write(self._client, question)
        self._plan.keep(task, written)
        return written.source
