"""Stories in a project of a user, in the environment that holds their SDKs."""

import json
import os
import re
import sys
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.project import Project
from tests.sdks.asking.configurations import HTTPX, NEWEST, Configuration
from tests.sdks.server.running import StandIn

ROOT: Final = Path(__file__).resolve().parents[2]
SECOND_PYTHON: Final = Path(
    os.environ.get("SDKS_PYTHON") or ROOT / ".venv-sdks" / "bin" / "python"
)
MISSING: Final = f"{SECOND_PYTHON} is not there; `make test` makes it, SDKS_PYTHON names it"
PATIENCE: Final = "0.7"


@dataclass(frozen=True)
class Generation:
    """SDKs that can lie beside each other.

    Args:
        name: What the tests call it.
        python: The interpreter of its environment.
        configurations: How its SDKs are used.
    """

    name: str
    python: Path
    configurations: dict[str, Configuration]


GENERATIONS: Final = {
    "newest": Generation("newest", Path(sys.executable), NEWEST),
    "httpx": Generation("httpx", SECOND_PYTHON, HTTPX),
}


class Story(Project):
    """A project whose tests ask models.

    Args:
        folder: Where it lies.
        generation: The SDKs that it uses.
        stand_in: The model that it asks.
    """

    def __init__(self, folder: Path, generation: Generation, stand_in: StandIn) -> None:
        super().__init__(folder)
        self.generation = generation
        self.stand_in = stand_in
        self.plugins += ["pytest_asyncio.plugin", "no:warnings"]
        loops = 'asyncio_default_fixture_loop_scope = "function"'
        self.write("pytest.toml", f'[pytest]\npythonpath = ["."]\n{loops}\n')
        self._runs = 0

    def command(self, *arguments: str) -> list[str]:
        """Give the command that runs this project's tests."""
        return [str(self.generation.python), *super().command(*arguments)[1:]]

    def environment(self, **more: str) -> dict[str, str]:
        """Give the environment of a run, which names the model."""
        self._runs += 1
        ours = {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "PATIENCE": PATIENCE,
            "PYTHONPATH": str(ROOT),
            "RUN": str(self._runs),
            "STAND_IN_URL": self.stand_in.url,
        }
        return super().environment(**ours | more)

    def ask(self, asks: str, names: Iterable[str] = (), *, phase: bool = True) -> None:
        """Write a test of each configuration.

        Args:
            asks: The function of ``conversation`` that says what is asked.
            names: Of the configurations; all of the generation if there are none.
            phase: Whether the test has a phase; else all of it counts as one.
        """
        rows = [self.generation.configurations[name] for name in names]
        rows = rows or list(self.generation.configurations.values())
        how = _WITH_PHASE if phase else _WITHOUT_PHASE
        text = _HEAD
        for awaited in (False, True):
            these = [row.name for row in rows if row.awaited is awaited]
            text += how[awaited].replace("NAMES", str(these)) if these else ""
        self.write("test_story.py", text.replace("ASKS", asks))

    def answers(self, run: int) -> dict[str, str]:
        """Give the answers that all configurations got in a run, by prompt.

        Args:
            run: Its number, from 1.
        """
        found: dict[str, str] = {}
        for file in sorted((self.folder / "answers" / str(run)).glob("*.json")):
            found |= json.loads(file.read_text(encoding="utf-8"))
        return found

    def calls(self) -> list[dict[str, Any]]:
        """Give the records of calls that lie whole in all journals of this project."""
        lines = [
            line
            for path in self.checkpoints.glob("*.d/journal-*.jsonl")
            for line in path.read_bytes().split(b"\n")[:-1]
        ]
        records = [json.loads(line) for line in lines if _is_whole(line)]
        return [record for record in records if record["kind"] == "call"]

    def recorded(self) -> str:
        """Give the text of all answers that lie in the journals."""
        return " ".join(json.dumps(call.get("response")) for call in self.calls())


def _is_whole(line: bytes) -> bool:
    """Tell whether a record's checksum fits; by our own reading of the file format."""
    found = re.match(rb'\{"checksum":"crc32:([0-9a-f]{8})",', line)
    return found is not None and zlib.crc32(line[found.end() :]) == int(found[1], 16)


_HEAD = """
    import pytest
    from tests.sdks.asking.conversation import ASKS, with_end, with_end_awaited
"""
_WITH_PHASE = (
    """
    @pytest.mark.milepost(record=True)
    @pytest.mark.parametrize("name", NAMES)
    def test_blocking(name, phase):
        phase("ask", with_end, name, ASKS(name))
""",
    """
    @pytest.mark.asyncio
    @pytest.mark.milepost(record=True)
    @pytest.mark.parametrize("name", NAMES)
    async def test_awaited(name, phase):
        await phase("ask", with_end_awaited, name, ASKS(name))
""",
)
_WITHOUT_PHASE = (
    """
    @pytest.mark.milepost(record=True)
    @pytest.mark.parametrize("name", NAMES)
    def test_blocking(name):
        with_end(name, ASKS(name))
""",
    """
    @pytest.mark.asyncio
    @pytest.mark.milepost(record=True)
    @pytest.mark.parametrize("name", NAMES)
    async def test_awaited(name):
        await with_end_awaited(name, ASKS(name))
""",
)
