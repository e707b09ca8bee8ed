"""One file of the plan: the question for it, the answer, and the row that keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from examples.mge_v2.blueprints import read_source
from examples.mge_v2.database import find_masterplan, replace_rows, rows_of, transaction
from examples.mge_v2.messages import Prompt, ask
from examples.mge_v2.moments import moment
from examples.mge_v2.prompts import task_prompt
from examples.mge_v2.provider import Provider
from examples.mge_v2.rows import GeneratedFile, PlannedTask

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

_OWN_ROWS: Final = (GeneratedFile,)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for one file.

    Args:
        number: The task's number.
        model: Who is asked.
        prompt: The question; the files that this one builds on are part of it.
    """

    number: int
    model: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Written:
    """A file as the model wrote it, and what that cost."""

    source: str
    input_tokens: int
    output_tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What code generation works on.

    Args:
        database_url: Where the plan is, and the files go.
        masterplan_id: The plan.
        project_name: The project.
        tasks: All tasks, by number.
        model: Who is asked.
    """

    database_url: str
    masterplan_id: str
    project_name: str
    tasks: Sequence[PlannedTask]
    model: str

    def question(self, task: PlannedTask, sources: Mapping[int, str]) -> Question:
        """Ask for the file of a task.

        Args:
            task: The task.
            sources: What was written for the tasks that it depends on, by number.
        """
        paths = {other.number: other.target_file for other in self.tasks}
        shown = {paths[number]: sources[number] for number in task.depends_on}
        prompt = task_prompt(self.project_name, task, self.tasks, shown)
        return Question(task.number, self.model, prompt)

    def keep(self, task: PlannedTask, written: Written) -> None:
        """Keep the file of a task."""
        row = GeneratedFile(
            masterplan_id=self.masterplan_id,
            number=task.number,
            path=task.target_file,
            source=written.source,
            line_count=written.source.count("\n"),
            input_tokens=written.input_tokens,
            output_tokens=written.output_tokens,
            cost_usd=written.cost_usd,
        )
        with transaction(self.database_url) as session:
            session.add(row)
        moment("code_generation.kept")

    def summary(self) -> dict[str, Any]:
        """Count what was kept."""
        with transaction(self.database_url) as session:
            files = rows_of(session, GeneratedFile, self.masterplan_id)
        return {
            "generated_code_count": len(files),
            "total_code_lines": sum(file.line_count for file in files),
            "total_input_tokens": sum(file.input_tokens for file in files),
            "total_output_tokens": sum(file.output_tokens for file in files),
            "total_cost_usd": round(sum(file.cost_usd for file in files), 6),
        }


def begin(masterplan_id: str, database_url: str, provider: Provider) -> Plan:
    """Read the plan, and throw away the files that an earlier run left.

    Args:
        masterplan_id: The plan.
        database_url: Where it is.
        provider: Who will be asked.

    Raises:
        MissingRowsError: The database does not know the plan.
    """
    with transaction(database_url) as session:
        project_name = find_masterplan(session, masterplan_id).project_name
        tasks = rows_of(session, PlannedTask, masterplan_id)
        replace_rows(session, masterplan_id, _OWN_ROWS, ())
    return Plan(database_url, masterplan_id, project_name, tasks, provider.model)


async def write(client: "AsyncAnthropic", question: Question) -> Written:
    """Have the model write one file.

    Raises:
        InvalidAnswerError: What it wrote does not parse.
        Exception: What ``ask`` raises.
    """
    answer = await ask(client, question.model, question.prompt)
    moment("code_generation.answered")
    source = read_source(answer.text, question.prompt.label)
    return Written(source, answer.input_tokens, answer.output_tokens, answer.cost_usd)
