"""Discovery: the domain model behind a request."""

import uuid
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy.orm import Session

from examples.mge_v2.blueprints import AggregateModel, DomainModel, read_json
from examples.mge_v2.database import replace_discovery, transaction
from examples.mge_v2.messages import Answer, ask
from examples.mge_v2.moments import moment
from examples.mge_v2.prompts import discovery_prompt
from examples.mge_v2.provider import Provider
from examples.mge_v2.rows import (
    Aggregate,
    BoundedContext,
    Discovery,
    DiscoveryPart,
    Entity,
    ValueObject,
)

# The same request is the same discovery: a second run replaces the first one's rows.
_NAMESPACE: Final = uuid.UUID("6d676532-0000-4000-8000-646973636f76")
_OWN_ROWS: Final = (Discovery, BoundedContext, Aggregate, Entity, ValueObject)


async def discovery(
    request: str, database_url: str, provider: Provider | None = None
) -> dict[str, Any]:
    """Find the domain model behind a request, and keep it in the database.

    Args:
        request: What somebody wants, in their words.
        database_url: Where to keep it.
        provider: The model to ask; from the environment when None.

    Returns:
        ``discovery_id``, ``domain``, ``bounded_contexts_count``, ``aggregates_count``,
        ``entities_count``, ``value_objects_count`` and ``total_cost_usd``.
    """
    provider = provider or Provider.from_environment()
    prompt = discovery_prompt(request)
    async with provider.client() as client:
        answer = await ask(client, provider.model, prompt)
    model = read_json(DomainModel, answer.text, prompt.label)
    moment("discovery.answered")
    discovery_id = str(uuid.uuid5(_NAMESPACE, request))
    with transaction(database_url) as session:
        _keep(session, discovery_id, request, model, answer)
    return _result(discovery_id, model, answer)


def _keep(
    session: Session, discovery_id: str, request: str, model: DomainModel, answer: Answer
) -> None:
    first = Discovery(
        discovery_id=discovery_id,
        request=request,
        domain=model.domain,
        summary=model.summary,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost_usd=answer.cost_usd,
    )
    rows = [first, *_context_rows(discovery_id, model)]
    replace_discovery(session, discovery_id, _OWN_ROWS, rows)


def _context_rows(discovery_id: str, model: DomainModel) -> Iterator[DiscoveryPart]:
    number = 0
    for context_number, context in enumerate(model.bounded_contexts, start=1):
        yield BoundedContext(
            discovery_id=discovery_id,
            number=context_number,
            name=context.name,
            purpose=context.purpose,
        )
        for aggregate in context.aggregates:
            number += 1
            yield Aggregate(
                discovery_id=discovery_id,
                number=number,
                bounded_context=context_number,
                name=aggregate.name,
                root=aggregate.root,
            )
            yield from _concept_rows(discovery_id, number, aggregate)


def _concept_rows(
    discovery_id: str, number: int, aggregate: AggregateModel
) -> Iterator[DiscoveryPart]:
    for kind, concepts in (
        (Entity, aggregate.entities),
        (ValueObject, aggregate.value_objects),
    ):
        for position, concept in enumerate(concepts, start=1):
            yield kind(
                discovery_id=discovery_id,
                number=number * 1000 + position,
                aggregate=number,
                name=concept.name,
                attributes=concept.attributes,
            )


def _result(discovery_id: str, model: DomainModel, answer: Answer) -> dict[str, Any]:
    aggregates = [found for part in model.bounded_contexts for found in part.aggregates]
    return {
        "discovery_id": discovery_id,
        "domain": model.domain,
        "bounded_contexts_count": len(model.bounded_contexts),
        "aggregates_count": len(aggregates),
        "entities_count": sum(len(found.entities) for found in aggregates),
        "value_objects_count": sum(len(found.value_objects) for found in aggregates),
        "total_cost_usd": answer.cost_usd,
    }
