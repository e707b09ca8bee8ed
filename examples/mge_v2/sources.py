"""Code generation: one call to the model for each task of the plan."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from examples.mge_v2.blueprints import read_source
from examples.mge_v2.database import find_masterplan, replace_rows, rows_of, transaction
from examples.mge_v2.messages import Answer, ask
from examples.mge_v2.moments import moment
from examples.mge_v2.prompts import task_prompt
from examples.mge_v2.provider import Provider
from examples.mge_v2.rows import GeneratedFile, PlannedTask

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

_OWN_ROWS: Final = (GeneratedFile,)


async def code_generation(
    masterplan_id: str, database_url: str, provider: Provider | None = None
) -> dict[str, Any]:
    """Have the model write the file of each task.

    A task starts when the tasks that it depends on are done, for their files are part
    of its prompt. Files are kept as they arrive; a run that starts over throws away
    what an earlier one left.

    Args:
        masterplan_id: What ``masterplan`` returned.
        database_url: Where the plan is, and the files go.
        provider: The model to ask; from the environment when None.

    Returns:
        ``generated_code_count``, ``total_code_lines``, ``total_input_tokens``,
        ``total_output_tokens`` and ``total_cost_usd``.

    Raises:
        MissingRowsError: The database does not know the plan.
        Exception: The first failure of a call; the calls still in flight are cancelled.
    """
    provider = provider or Provider.from_environment()
    with transaction(database_url) as session:
        project_name = find_masterplan(session, masterplan_id).project_name
        tasks = rows_of(session, PlannedTask, masterplan_id)
        replace_rows(session, masterplan_id, _OWN_ROWS, ())
    async with provider.client() as client:
        writer = _Writer(client, provider, database_url, project_name, tasks)
        await writer.write_all()
    with transaction(database_url) as session:
        return _result(rows_of(session, GeneratedFile, masterplan_id))


class _Writer:
    """Writes the files of one plan, several at a time."""

    def __init__(
        self,
        client: "AsyncAnthropic",
        provider: Provider,
        database_url: str,
        project_name: str,
        tasks: Sequence[PlannedTask],
    ) -> None:
        self._client = client
        self._provider = provider
        self._database_url = database_url
        self._project_name = project_name
        self._tasks = tasks
        self._free = asyncio.Semaphore(provider.parallel_calls)
        self._running: dict[int, asyncio.Task[str]] = {}

    async def write_all(self) -> None:
        """Write all files.

        Raises:
            Exception: The first failure itself, without a group around it.
        """
        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for task in self._tasks:
                    self._running[task.number] = group.create_task(self._write(task))
        except* Exception as failures:  # noqa: BLE001 - raised again below
            failure = failures.exceptions[0]
        if failure is not None:
            raise failure

    async def _write(self, task: PlannedTask) -> str:
        paths = {other.number: other.target_file for other in self._tasks}
        sources = {paths[number]: await self._running[number] for number in task.depends_on}
        prompt = task_prompt(self._project_name, task, self._tasks, sources)
        async with self._free:
            answer = await ask(self._client, self._provider, prompt)
        source = read_source(answer.text, prompt.label)
        self._keep(task, source, answer)
        return source

    def _keep(self, task: PlannedTask, source: str, answer: Answer) -> None:
        row = GeneratedFile(
            masterplan_id=task.masterplan_id,
            number=task.number,
            path=task.target_file,
            source=source,
            line_count=source.count("\n"),
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            cost_usd=answer.cost_usd,
        )
        with transaction(self._database_url) as session:
            session.add(row)
        moment("code_generation.kept")


def _result(files: Sequence[GeneratedFile]) -> dict[str, Any]:
    return {
        "generated_code_count": len(files),
        "total_code_lines": sum(file.line_count for file in files),
        "total_input_tokens": sum(file.input_tokens for file in files),
        "total_output_tokens": sum(file.output_tokens for file in files),
        "total_cost_usd": round(sum(file.cost_usd for file in files), 6),
    }
