"""A moved checkout: what the end-to-end test needs, copied and run by its own pytest."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.mge_v2.stand_in import StandIn

ROOT = Path(__file__).resolve().parents[2]
FILE = "tests/e2e/test_mge_v2_complete_pipeline.py"
UNTOUCHED = "tests/e2e/test_mge_v2_untouched_pipeline.py"
_COPIED = (
    "pytest.toml",
    "tests/__init__.py",
    "tests/e2e/__init__.py",
    "tests/e2e/checkpoint_manager.py",
    "tests/e2e/retry_handler.py",
    "examples",
)
_PLUGINS = ("milepost.plugin", "pytest_asyncio.plugin", "xdist.plugin", "no:cacheprovider")
_OURS = ("PYTEST_", "MILEPOST_", "MGE_", "ANTHROPIC_", "CI", "GITHUB_")
_CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """What one run of the end-to-end test gave.

    Attributes:
        code: The exit code; negative for the signal that killed it.
        text: Standard output, and standard error where it was kept apart.
        calls: The calls to the model that began in this run.
    """

    code: int
    text: str
    calls: list[dict[str, Any]] = field(default_factory=list)

    @property
    def was_killed(self) -> bool:
        """Tell whether SIGKILL ended it."""
        return self.code == -signal.SIGKILL

    @property
    def digest(self) -> str:
        """Give the hash of what the pipeline made; empty where it was not reached."""
        return "".join(re.findall(r"🏁 Result: (\w+)", self.text))

    @property
    def starts_over(self) -> bool:
        """Tell whether the test found no checkpoint to go on from."""
        return "♻️  Found existing checkpoint" not in self.text

    @property
    def restored(self) -> list[str]:
        """Name the phases that were restored."""
        return re.findall(r"⏭️  Phase (\w+) already completed - skipping", self.text)

    @property
    def started(self) -> list[str]:
        """Name the phases that were started, in their order."""
        names = re.findall(r"▶️  Starting phase: (\w+)", self.text)
        return list(dict.fromkeys(names))

    @property
    def asked(self) -> list[str]:
        """Name the phases that called the model."""
        return sorted({call["phase"] for call in self.calls})


class Checkout:
    """A copy of the repository's end-to-end test and its example.

    Args:
        folder: Where it lies; what is missing of the repository is copied.
        model: The stand-in that it asks.
        file: The test.
    """

    def __init__(self, folder: Path, model: StandIn, file: str = FILE) -> None:
        self.folder = folder
        self.model = model
        self.file = file
        for name in (*_COPIED, file):
            _copy(ROOT / name, folder / name)

    @property
    def checkpoints(self) -> Path:
        """Give the folder of its checkpoints."""
        return self.folder / "tests" / "e2e" / "checkpoints"

    def documents(self) -> list[Path]:
        """List the checkpoints' documents."""
        return sorted(self.checkpoints.glob("checkpoint_*.json"))

    def move_to(self, folder: Path) -> "Checkout":
        """Copy all that it holds, the checkpoints too; the copy goes on alone."""
        shutil.copytree(self.folder, folder)
        return Checkout(folder, self.model, self.file)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file; it must be there once."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is not in {name} once"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *, cwd: Path | None = None, **environment: str) -> Outcome:
        """Run the test to its end, or until it kills itself.

        Args:
            cwd: The working directory; its own folder if it is left out.
            environment: More variables.
        """
        before = self._begun()
        child = self._start(cwd or self.folder, environment)
        text, _ = child.communicate(timeout=300)
        return self._outcome(child, text, before)

    def kill_in_call(self, number: int, **environment: str) -> Outcome:
        """Run the test and kill it when a call has begun, which is never answered.

        Args:
            number: The number of the call in this run, from 1.
            environment: More variables.
        """
        before = self._begun()
        self.model.fault("hang", call=before + number)
        child = self._start(self.folder, environment)
        arrived = self.model.wait_for_call(before + number, _CALL_SECONDS)
        child.kill()
        text, _ = child.communicate(timeout=60)
        assert arrived, text
        return self._outcome(child, text, before)

    def _start(self, cwd: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
        plugins = [part for name in _PLUGINS for part in ("-p", name)]
        test = self.file if cwd == self.folder else str(self.folder / self.file)
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *plugins, test, "-v", "-s", "--tb=short"],
            cwd=cwd,
            env=self._environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
        fixed = {
            "MGE_ACCEPTANCE": "0",
            "MGE_INITIAL_DELAY": "0.01",
            "MGE_MODEL_URL": self.model.url,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
        }
        return ours | fixed | more

    def _begun(self) -> int:
        return int(self.model.report()["begun"])

    def _outcome(self, child: "subprocess.Popen[str]", text: str, before: int) -> Outcome:
        return Outcome(child.returncode, text, self.model.report()["calls"][before:])


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)
