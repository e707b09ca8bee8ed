"""The whole pipeline in one go, without anything to fall back on."""

from typing import Any, Final

from examples.mge_v2.phases import (
    atomization,
    code_generation,
    discovery,
    file_writing,
    infrastructure,
    masterplan,
    wave_execution,
)
from examples.mge_v2.provider import Provider

REQUEST: Final = """\
Create a FastAPI REST API for task management. Users register and log in with an email
address and a password, and get a JWT. Each user has tasks with a title, a description,
a status, a priority and a due date, can create, read, update and delete them, sort them
into categories and put tags on them, and can search and filter by all of these. Keep
the data with SQLAlchemy and validate it with Pydantic. Add tests, and what is needed to
run it in Docker.
"""


async def run_pipeline(
    database_url: str,
    output_dir: str,
    request: str = REQUEST,
    provider: Provider | None = None,
) -> dict[str, dict[str, Any]]:
    """Run the seven phases one after the other.

    Args:
        database_url: The pipeline's database.
        output_dir: Where the project's folder goes.
        request: What somebody wants.
        provider: The model to ask; from the environment when None.

    Returns:
        What each phase returned, by the phase's name.
    """
    provider = provider or Provider.from_environment()
    results = {"discovery": await discovery(request, database_url, provider)}
    discovery_id = results["discovery"]["discovery_id"]
    results["masterplan"] = await masterplan(discovery_id, database_url, provider)
    plan = results["masterplan"]["masterplan_id"]
    results["code_generation"] = await code_generation(plan, database_url, provider)
    results["atomization"] = await atomization(plan, database_url)
    results["wave_execution"] = await wave_execution(plan, database_url)
    results["file_writing"] = await file_writing(plan, database_url, output_dir)
    results["infrastructure"] = await infrastructure(plan, database_url, output_dir)
    return results
