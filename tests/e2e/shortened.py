"""A small project of code generation, ready to be killed, and what its disk holds.

The same three phases both ways: the questions as durable steps, and the untouched
pipeline under ``record=True``. Discovery and masterplan have finished in it.
"""

import json
import os
import re
import shutil
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.mge_v2.stand_in import StandIn
from tests.crash.nursery import Life, Nursery
from tests.project import Project, Result

ROOT = Path(__file__).resolve().parents[2]
PARALLEL_CALLS = 4
_MEMORY = Path("/dev/shm")
COMMON = """
    import os
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    import pytest
    from examples.mge_v2.digest import result_digest
    from examples.mge_v2.pipeline import REQUEST

    URL = "sqlite:///mge.db"

    def stop_if_told():
        assert not os.environ.get("STOP"), "discovery and masterplan have finished"

    def say_result():
        Path("result").write_text(result_digest(URL, "output"))
"""
STEPS_TEST = """
    from examples.mge_v2.phases import code_generation, discovery, masterplan
    from common import REQUEST, URL, pytest, say_result, stop_if_told

    @pytest.mark.asyncio
    async def test_pipeline(phase):
        found = await phase("discovery", discovery, REQUEST, URL)
        plan = await phase("masterplan", masterplan, found["discovery_id"], URL)
        stop_if_told()
        await phase("code_generation", code_generation, plan["masterplan_id"], URL)
        say_result()
"""
RECORDED_TEST = """
    from examples.mge_v2.generator import orchestrate
    from common import REQUEST, URL, Any, pytest, say_result, stop_if_told

    async def until(events: Any, name: str) -> dict[str, Any]:
        async for event in events:
            assert event["type"] != "error", event["message"]
            if event["type"] == "completed" and event["phase"] == name:
                return event["data"]
        raise AssertionError(f"no end of {name}")

    @pytest.mark.asyncio
    @pytest.mark.milepost(record=True)
    async def test_pipeline(phase):
        events = orchestrate(REQUEST, URL, "output")
        run = phase.with_options(ignore=["events"])
        await run("discovery", until, events, "discovery")
        await run("masterplan", until, events, "masterplan")
        stop_if_told()
        await run("code_generation", until, events, "code_generation")
        say_result()
"""
WAYS = {"steps": STEPS_TEST, "recorded": RECORDED_TEST}
_CHECKED = re.compile(rb'\{"checksum":"crc32:([0-9a-f]{8})",')
_TARGET = re.compile(r"^Target file: (\S+)$", re.MULTILINE)


@dataclass
class Shortened:
    """A project that has come as far as code generation.

    Attributes:
        project: The project.
        model: The stand-in that it asks.
        nursery: Where its runs come from.
    """

    project: Project
    model: StandIn
    nursery: Nursery

    @classmethod
    def prepare(
        cls, way: str, folder: Path, model: StandIn, nursery: Nursery
    ) -> "Shortened":
        """Write a project, and run it until code generation would begin.

        Args:
            way: One of ``WAYS``.
            folder: Where it goes.
            model: The stand-in that it asks.
            nursery: Where its runs come from.
        """
        project = Project(folder)
        project.plugins.append("pytest_asyncio.plugin")
        shutil.copytree(
            ROOT / "examples" / "mge_v2",
            folder / "examples" / "mge_v2",
            ignore=shutil.ignore_patterns("__pycache__", "model_server"),
        )
        project.write("common.py", COMMON)
        project.write("test_pipeline.py", WAYS[way])
        made = cls(project, model, nursery)
        stopped = made.run(STOP="1")
        assert stopped.outcomes() == {"failed": 1}, stopped.text
        assert "have finished" in stopped.text, stopped.text
        return made

    def copy(self, folder: Path) -> "Shortened":
        """Copy it, its checkpoint too; the copy goes on alone."""
        shutil.copytree(self.project.folder, folder)
        project = Project(folder)
        project.plugins = self.project.plugins
        return Shortened(project, self.model, self.nursery)

    def start(self, **environment: str) -> Life:
        """Start a run."""
        fixed = {
            "MGE_MODEL_URL": self.model.url,
            "MGE_PARALLEL_CALLS": str(PARALLEL_CALLS),
        }
        return self.nursery.start(self.project, env=fixed | environment)

    def run(self, **environment: str) -> Result:
        """Run it to its end, or until it kills itself."""
        return self.start(**environment).result()

    @property
    def result(self) -> str:
        """Give the digest of what a run that passed has made."""
        return (self.project.folder / "result").read_text()

    def used(self) -> set[str]:
        """Name the files that the pipeline has in its database: their answers it got."""
        connection = sqlite3.connect(self.project.folder / "mge.db")
        try:
            return {
                row[0] for row in connection.execute("SELECT path FROM generated_files")
            }
        finally:
            connection.close()

    def targets(self) -> dict[str, str]:
        """Give the file of each task of the plan, by its number as text."""
        connection = sqlite3.connect(self.project.folder / "mge.db")
        try:
            rows = connection.execute("SELECT number, target_file FROM planned_tasks")
            return {str(number): str(target) for number, target in rows}
        finally:
            connection.close()

    def acknowledged(self) -> Counter[str]:
        """Count the whole records on the disk, by the file that each has the answer for."""
        found: Counter[str] = Counter()
        numbers = self.targets()
        for record in whole_records(self.project.checkpoints):
            if record["kind"] == "step" and record["name"] == "write_file":
                found[numbers[record["label"]]] += 1
            elif record["kind"] == "call":
                target = _TARGET.search(_prompt(record["request"]))
                found.update([target[1]] if target else [])
        return found


def _prompt(request: dict[str, Any]) -> str:
    content = request["messages"][0]["content"]
    # Of a long text the beginning is kept, and a hash.
    return str(content["$long"] if isinstance(content, dict) else content)


def memory_folder() -> Path | None:
    """Give a file system in memory, where there is one.

    SIGKILL takes nothing from the kernel, so a sync that is really made shows nothing.
    """
    return _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else None


def segments(checkpoints: Path) -> list[bytes]:
    """Read the segments of the journals, without milepost's own reader."""
    return [path.read_bytes() for path in sorted(checkpoints.glob("*.d/journal-*.jsonl"))]


def whole_records(checkpoints: Path) -> Iterator[dict[str, Any]]:
    """Read the records whose line is whole, and right by its checksum."""
    for content in segments(checkpoints):
        for line in content.splitlines(keepends=True):
            head = _CHECKED.match(line)
            if head and line.endswith(b"\n"):
                rest = line[head.end() : -1]
                if zlib.crc32(rest) == int(head[1], 16):
                    yield json.loads(line)


def served(calls: list[dict[str, Any]]) -> Counter[str]:
    """Count what the stand-in was asked, by the file or the phase."""
    return Counter(call["target"] or call["phase"] for call in calls)
