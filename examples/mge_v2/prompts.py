"""What the model is asked, phase by phase."""

from collections.abc import Sequence
from typing import Final

from examples.mge_v2.messages import Prompt
from examples.mge_v2.rows import PlannedTask

# The longest answer for which the SDK still accepts a call without a stream.
UNSTREAMED_TOKENS: Final = 16_000
STREAMED_TOKENS: Final = 32_000
# Files that many others lead up to are long, and come as a stream.
STREAMED_DEPENDENCIES: Final = 5

_ANALYST: Final = (
    "You are a domain analyst. You find the bounded contexts, aggregates, entities and "
    "value objects behind a request. You answer with one JSON object and nothing else."
)
_ARCHITECT: Final = (
    "You are a software architect. You plan a Python project as phases, milestones and "
    "tasks, one file a task. You answer with one JSON object and nothing else."
)
_PROGRAMMER: Final = (
    "You are a senior Python programmer. You write one file of a planned project, "
    "complete and fully typed, and answer with one fenced code block and nothing else."
)

_DISCOVERY: Final = """\
Phase: discovery

Find the domain model behind the request. Answer with JSON of this shape:
{{"domain": str, "summary": str, "bounded_contexts": [{{"name": str, "purpose": str,
"aggregates": [{{"name": str, "root": str, "entities": [{{"name": str,
"attributes": {{name: type}}}}], "value_objects": [the same]}}]}}]}}

Request:
{request}
"""

_MASTERPLAN: Final = """\
Phase: masterplan

Plan a FastAPI project that does what the request asks for. At least 30 tasks; each
writes one Python file and depends only on tasks with smaller numbers. A description
names the public classes and functions of the file with their signatures, for those who
write the files that use it never see more than the description. The tests are part of
the plan: they talk to a running server at API_BASE_URL with httpx and pytest, and
import nothing from the project. The application is `app` in app/main.py, answers
GET /health, reads DATABASE_URL, SECRET_KEY, ACCESS_TOKEN_MINUTES and PASSWORD_COST from
the environment, and uses FastAPI, SQLAlchemy 2, Pydantic 2, PyJWT and the standard
library only. Answer with JSON of this shape:
{{"project_name": snake_case, "phases": [{{"name": str, "milestones": [{{"name": str,
"tasks": [{{"number": int, "title": str, "description": str, "target_file": str,
"depends_on": [int]}}]}}]}}]}}

Request:
{request}

Domain model:
{domain_model}
"""

_TASK: Final = """\
Phase: code_generation
Project: {project_name}
Task: {number} of {count}
Target file: {target_file}

{title}. {description}

All files of the project:
{files}

The files that this one builds on:
{sources}
"""


def discovery_prompt(request: str) -> Prompt:
    """Ask for the domain model behind a request."""
    text = _DISCOVERY.format(request=request)
    return Prompt("discovery", _ANALYST, text, streamed=False, max_tokens=UNSTREAMED_TOKENS)


def masterplan_prompt(request: str, domain_model: str) -> Prompt:
    """Ask for the plan of a project; the answer is long, so it is streamed."""
    text = _MASTERPLAN.format(request=request, domain_model=domain_model)
    return Prompt("masterplan", _ARCHITECT, text, streamed=True, max_tokens=STREAMED_TOKENS)


def task_prompt(
    project_name: str,
    task: PlannedTask,
    tasks: Sequence[PlannedTask],
    sources: dict[str, str],
) -> Prompt:
    """Ask for the file of one task.

    Args:
        project_name: The name of the project.
        task: The task.
        tasks: All tasks of the plan.
        sources: The files that the task depends on, by path.
    """
    files = "\n".join(f"- {other.target_file}: {other.title}" for other in tasks)
    shown = "\n".join(f"# {path}\n{source}" for path, source in sources.items())
    text = _TASK.format(
        project_name=project_name,
        number=task.number,
        count=len(tasks),
        target_file=task.target_file,
        title=task.title,
        description=task.description,
        files=files,
        sources=shown or "(none)",
    )
    streamed = len(task.depends_on) >= STREAMED_DEPENDENCIES
    tokens = STREAMED_TOKENS if streamed else UNSTREAMED_TOKENS
    label = f"task {task.number} ({task.target_file})"
    return Prompt(label, _PROGRAMMER, text, streamed, tokens)
