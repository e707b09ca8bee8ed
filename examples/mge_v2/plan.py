"""Masterplan: phases, milestones and tasks of the project."""

import json
import uuid
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from examples.mge_v2.blueprints import PhaseModel, PlanModel, read_json
from examples.mge_v2.database import find_discovery, replace_rows, transaction
from examples.mge_v2.messages import Answer, Prompt, ask
from examples.mge_v2.moments import moment
from examples.mge_v2.prompts import masterplan_prompt
from examples.mge_v2.provider import Provider
from examples.mge_v2.rows import (
    Aggregate,
    BoundedContext,
    Entity,
    Masterplan,
    MasterplanPart,
    Milestone,
    NamedPart,
    PlannedPhase,
    PlannedTask,
    ValueObject,
)

_NAMESPACE: Final = uuid.UUID("6d676532-0000-4000-8000-6d6173746572")
_OWN_ROWS: Final = (Masterplan, PlannedPhase, Milestone, PlannedTask)


async def masterplan(
    discovery_id: str, database_url: str, provider: Provider | None = None
) -> dict[str, Any]:
    """Plan the project for a discovery, and keep the plan in the database.

    Args:
        discovery_id: What ``discovery`` returned.
        database_url: Where the discovery is, and the plan goes.
        provider: The model to ask; from the environment when None.

    Returns:
        ``masterplan_id``, ``project_name``, ``total_phases``, ``total_milestones``,
        ``generated_tasks_count`` and ``total_cost_usd``.

    Raises:
        MissingRowsError: The database does not know the discovery.
    """
    provider = provider or Provider.from_environment()
    with transaction(database_url) as session:
        prompt = _prompt(session, discovery_id)
    async with provider.client() as client:
        answer = await ask(client, provider.model, prompt)
    plan = read_json(PlanModel, answer.text, prompt.label)
    moment("masterplan.answered")
    masterplan_id = str(uuid.uuid5(_NAMESPACE, discovery_id))
    with transaction(database_url) as session:
        _keep(session, masterplan_id, discovery_id, plan, answer)
    return {
        "masterplan_id": masterplan_id,
        "project_name": plan.project_name,
        "total_phases": len(plan.phases),
        "total_milestones": len(plan.milestones),
        "generated_tasks_count": len(plan.tasks),
        "total_cost_usd": answer.cost_usd,
    }


def _prompt(session: Session, discovery_id: str) -> Prompt:
    found = find_discovery(session, discovery_id)
    model: dict[str, Any] = {"domain": found.domain, "summary": found.summary}
    kinds: tuple[type[NamedPart], ...] = (BoundedContext, Aggregate, Entity, ValueObject)
    for kind in kinds:
        query = select(kind).where(kind.discovery_id == discovery_id).order_by(kind.number)
        model[kind.__tablename__] = [row.name for row in session.scalars(query)]
    return masterplan_prompt(found.request, json.dumps(model, indent=2))


def _keep(
    session: Session, masterplan_id: str, discovery_id: str, plan: PlanModel, answer: Answer
) -> None:
    first = Masterplan(
        masterplan_id=masterplan_id,
        discovery_id=discovery_id,
        project_name=plan.project_name,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost_usd=answer.cost_usd,
    )
    rows: list[MasterplanPart] = [first]
    milestone_number = 0
    for number, phase in enumerate(plan.phases, start=1):
        rows += _phase_rows(masterplan_id, number, phase, milestone_number)
        milestone_number += len(phase.milestones)
    replace_rows(session, masterplan_id, _OWN_ROWS, rows)


def _phase_rows(
    masterplan_id: str, number: int, phase: PhaseModel, milestones_before: int
) -> Iterator[MasterplanPart]:
    yield PlannedPhase(masterplan_id=masterplan_id, number=number, name=phase.name)
    for position, milestone in enumerate(phase.milestones, start=milestones_before + 1):
        yield Milestone(
            masterplan_id=masterplan_id, number=position, phase=number, name=milestone.name
        )
        for task in milestone.tasks:
            yield PlannedTask(
                masterplan_id=masterplan_id, milestone=position, **task.model_dump()
            )
