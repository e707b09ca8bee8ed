"""Code generation: one call to the model for each task of the plan."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from examples.mge_v2.files import Question, Written, begin, write
from examples.mge_v2.order import waves
from examples.mge_v2.provider import Provider
from milepost import step_map

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic


async def code_generation(
    masterplan_id: str, database_url: str, provider: Provider | None = None
) -> dict[str, Any]:
    """Have the model write the file of each task.

    The files that a task builds on are part of its question, so the tasks are done in
    waves. Each question is a durable step: where a test of milepost runs this phase and
    it breaks, answers are kept. Rows are written outside of the steps, for a restored
    step gives its value and does not repeat what it did: a run that starts over throws
    away what an earlier one left, and writes its rows anew.

    Args:
        masterplan_id: What ``masterplan`` returned.
        database_url: Where the plan is, and the files go.
        provider: The model to ask; from the environment when None.

    Returns:
        ``generated_code_count``, ``total_code_lines``, ``total_input_tokens``,
        ``total_output_tokens`` and ``total_cost_usd``.

    Raises:
        MissingRowsError: The database does not know the plan.
        Exception: The first failure of a call; the calls in flight end before.
    """
    provider = provider or Provider.from_environment()
    plan = begin(masterplan_id, database_url, provider)
    sources: dict[int, str] = {}
    async with provider.client() as client:
        for tasks in waves(plan.tasks):
            questions = [plan.question(task, sources) for task in tasks]
            files = await _ask_all(client, questions, provider.parallel_calls)
            for task, written in zip(tasks, files, strict=True):
                plan.keep(task, written)
                sources[task.number] = written.source
    return plan.summary()


async def _ask_all(
    client: "AsyncAnthropic", questions: Sequence[Question], parallel: int
) -> list[Written]:
    async def write_one(question: Question) -> Written:
        return await write(client, question)

    try:
        return await step_map(
            "write_file", write_one, questions, key=_number, concurrency=parallel
        )
    except ExceptionGroup as group:
        failure = group.exceptions[0]
    raise failure


def _number(question: Question) -> int:
    return question.number
