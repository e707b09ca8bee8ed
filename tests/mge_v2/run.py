"""One run of the pipeline, and how to take it apart."""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.mge_v2.digest import result_digest
from examples.mge_v2.phases import (
    atomization,
    code_generation,
    discovery,
    file_writing,
    infrastructure,
    masterplan,
    wave_execution,
)
from examples.mge_v2.pipeline import REQUEST, run_pipeline
from examples.mge_v2.provider import Provider

Result = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A folder with a database and a project, and what the phases returned."""

    folder: Path
    results: dict[str, Result]
    served: dict[str, Any]

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'mge.db'}"

    @property
    def output_dir(self) -> str:
        return str(self.folder / "output")

    @property
    def project(self) -> Path:
        return self.folder / "output" / "task_management_api"

    @property
    def digest(self) -> str:
        return result_digest(self.database_url, self.output_dir)

    @property
    def plan(self) -> str:
        plan: str = self.results["masterplan"]["masterplan_id"]
        return plan

    def copy(self, folder: Path) -> "Run":
        """Copy the run, to change the copy."""
        shutil.copytree(self.folder, folder)
        return Run(folder, self.results, self.served)

    def again(self, name: str, provider: Provider) -> Result:
        """Run one phase again on what is there."""
        url, out, plan = self.database_url, self.output_dir, self.plan
        discovery_id = self.results["discovery"]["discovery_id"]
        phases: dict[str, Callable[[], Coroutine[Any, Any, Result]]] = {
            "discovery": lambda: discovery(REQUEST, url, provider),
            "masterplan": lambda: masterplan(discovery_id, url, provider),
            "code_generation": lambda: code_generation(plan, url, provider),
            "atomization": lambda: atomization(plan, url),
            "wave_execution": lambda: wave_execution(plan, url),
            "file_writing": lambda: file_writing(plan, url, out),
            "infrastructure": lambda: infrastructure(plan, url, out),
        }
        return asyncio.run(phases[name]())

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        connection = sqlite3.connect(self.folder / "mge.db")
        try:
            found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        finally:
            connection.close()
        return int(found[0])


def whole_run(folder: Path, provider: Provider) -> Run:
    """Run the pipeline in a new folder."""
    started = Run(folder, {}, {})
    work = run_pipeline(started.database_url, started.output_dir, REQUEST, provider)
    return Run(folder, asyncio.run(work), {})


def failure_of(work: Awaitable[object]) -> Exception:
    """Run something that must fail, and return its error."""

    async def run() -> object:
        return await work

    try:
        value = asyncio.run(run())
    except Exception as error:  # noqa: BLE001 - whatever it is, a test looks at it
        return error
    raise AssertionError(f"nothing failed: {value!r}")
