"""Infrastructure: what a project needs besides its code."""

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from examples.mge_v2.database import (
    find_discovery,
    find_masterplan,
    rows_of,
    transaction,
)
from examples.mge_v2.project import write_files
from examples.mge_v2.rows import Discovery, GeneratedFile, Masterplan, PlannedTask

_PHASE: Final = "infrastructure"
_PORT: Final = 8000

# Import name to requirement; what is imported and not here is required by its own name.
_REQUIREMENTS: Final = {
    "fastapi": "fastapi>=0.115",
    "httpx": "httpx>=0.27",
    "jwt": "PyJWT>=2.8",
    "pydantic": "pydantic>=2.7",
    "pytest": "pytest>=8",
    "sqlalchemy": "SQLAlchemy>=2.0",
}
_SERVER: Final = "uvicorn>=0.30"

_DOCKERFILE: Final = """\
FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY app ./app
RUN useradd --system --uid 10001 app && mkdir /data && chown app /data
USER app
EXPOSE {port}
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "{port}"]
"""

_COMPOSE: Final = """\
services:
  api:
    build: .
    image: {name}
    env_file: .env
    environment:
      DATABASE_URL: sqlite:////data/tasks.db
    ports:
      - "{port}:{port}"
    volumes:
      - data:/data
    restart: unless-stopped

volumes:
  data:
"""

_ENVIRONMENT: Final = """\
# Where the data is.
DATABASE_URL=sqlite:///./tasks.db
# Signs the access tokens: at least 32 characters, and nobody else's.
SECRET_KEY=
# How long a token is valid.
ACCESS_TOKEN_MINUTES=60
# The work of one guess at a password, a power of two.
PASSWORD_COST=16384
"""

_GITIGNORE: Final = """\
.env
.venv/
__pycache__/
.pytest_cache/
*.db
"""

_README: Final = """\
# {domain}

{summary}

Made by MGE V2 from this request:

> {request}

## Run it

```
cp .env.example .env        # and set SECRET_KEY
docker compose up --build   # http://127.0.0.1:{port}/docs
```

or, without Docker:

```
pip install -r requirements.txt
uvicorn app.main:app
```

## Test it

With the server running:

```
API_BASE_URL=http://127.0.0.1:{port} pytest tests
```

## Files

{files}
"""


async def infrastructure(
    masterplan_id: str, database_url: str, output_dir: str
) -> dict[str, Any]:
    """Write what the project needs besides its code.

    Args:
        masterplan_id: What ``masterplan`` returned.
        database_url: Where the plan and the generated files are.
        output_dir: Where ``file_writing`` put the project's folder.

    Returns:
        ``infrastructure_files_count``, ``infrastructure_files`` and
        ``requirements_count``.

    Raises:
        MissingRowsError: The database does not know the plan.
    """
    with transaction(database_url) as session:
        plan = find_masterplan(session, masterplan_id)
        found = find_discovery(session, plan.discovery_id)
        tasks = rows_of(session, PlannedTask, masterplan_id)
        sources = [row.source for row in rows_of(session, GeneratedFile, masterplan_id)]
    needed = requirements(sources)
    files = _files(plan, found, tasks, needed)
    folder = Path(output_dir) / plan.project_name
    write_files(masterplan_id, database_url, folder, _PHASE, files)
    return {
        "infrastructure_files_count": len(files),
        "infrastructure_files": sorted(files),
        "requirements_count": len(needed),
    }


def requirements(sources: Iterable[str]) -> list[str]:
    """Find what must be installed for files to be imported, and for the server.

    Args:
        sources: All files of a project.
    """
    own_or_standard = {*sys.stdlib_module_names, "app", "tests"}
    imported = {name for source in sources for name in _imports(ast.parse(source))}
    needed = [_REQUIREMENTS.get(name, name) for name in imported - own_or_standard]
    return sorted([*needed, _SERVER], key=str.lower)


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _files(
    plan: Masterplan, found: Discovery, tasks: Sequence[PlannedTask], needed: list[str]
) -> dict[str, str]:
    listed = "\n".join(f"- `{task.target_file}`: {task.title}" for task in tasks)
    readme = _README.format(
        domain=found.domain,
        summary=found.summary,
        request=found.request.strip().replace("\n", "\n> "),
        port=_PORT,
        files=listed,
    )
    return {
        ".env.example": _ENVIRONMENT,
        ".gitignore": _GITIGNORE,
        "Dockerfile": _DOCKERFILE.format(port=_PORT),
        "README.md": readme,
        "docker-compose.yml": _COMPOSE.format(name=plan.project_name, port=_PORT),
        "requirements.txt": "\n".join(needed) + "\n",
    }
