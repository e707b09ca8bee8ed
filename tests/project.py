"""A small project of a user: write it, run it, change something, run it again."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parents[1] / "src"
NOTE = """
from pathlib import Path

def note(what):
    with Path(__file__).with_name("calls.log").open("a") as log:
        log.write(f"{what}\\n")
"""


@dataclass(frozen=True)
class Result:
    """What one run of pytest gave.

    Attributes:
        code: The exit code; negative for the signal that killed it.
        text: Standard output and standard error.
        calls: What the project's functions noted during this run.
    """

    code: int
    text: str
    calls: list[str]

    def outcomes(self) -> dict[str, int]:
        """Give the counts of pytest's last line, as in ``{"passed": 1}``."""
        lines = [line for line in self.text.splitlines() if re.search(r" in [\d.]+s", line)]
        found = re.findall(r"(\d+) (\w+)", lines[-1].partition(" in ")[0]) if lines else []
        return {word.removesuffix("s"): int(count) for count, word in found}

    @property
    def passed(self) -> bool:
        """Tell whether something passed and nothing else happened."""
        return self.code == 0 and set(self.outcomes()) == {"passed"}

    @property
    def last_line(self) -> str:
        """Give the last line that milepost printed."""
        return next(
            line
            for line in reversed(self.text.splitlines())
            if line.startswith("milepost: ")
        )


class Project:
    """A folder with tests, run by a pytest of its own.

    Args:
        folder: Where it lies.

    Attributes:
        plugins: The plugins that its pytest loads; few, for they take long to load.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plugins = ["milepost.plugin", "no:cacheprovider"]
        folder.mkdir(parents=True, exist_ok=True)
        self.write("calling.py", NOTE)
        self.write("pytest.toml", '[pytest]\npythonpath = ["."]\n')
        self.write("pytest.ini", "[pytest]\npythonpath = .\n")

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project; the text may be indented."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file; it must be there."""
        path = self.folder / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new))

    def command(self, *arguments: str) -> list[str]:
        """Give the command that runs this project's tests."""
        plugins = [part for name in self.plugins for part in ("-p", name)]
        return [sys.executable, "-m", "pytest", *plugins, *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        """Give the environment of a run: ours, without what points at our own session."""
        ours = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("PYTEST_", "MILEPOST_"))
        }
        for name in ("CI", "GITHUB_ACTIONS"):
            ours.pop(name, None)
        fixed = {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "XDG_STATE_HOME": str(self.folder.parent / "state"),  # not our own user's
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        return ours | fixed | more

    def run(
        self,
        *arguments: str,
        kill_at: str = "",
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 120,
    ) -> Result:
        """Run pytest in a process of its own.

        Args:
            arguments: For pytest.
            kill_at: A kill point of milepost at which the process is killed; that it
                really was is asserted.
            cwd: The working directory; the project's folder if it is left out.
            env: More environment variables.
            timeout: Seconds.
        """
        before = len(self.all_calls())
        more = dict(env or {}) | ({"MILEPOST_KILL_AT": kill_at} if kill_at else {})
        done = subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.folder,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        text = done.stdout + done.stderr
        if kill_at:
            assert done.returncode == -signal.SIGKILL, text
        return Result(done.returncode, text, self.all_calls()[before:])

    def start(
        self, *arguments: str, env: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start pytest and do not wait for it."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(**(env or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def milepost(self, *arguments: str) -> Result:
        """Run the command line in the project's folder."""
        done = subprocess.run(
            [sys.executable, "-m", "milepost", *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout + done.stderr, [])

    def all_calls(self) -> list[str]:
        """Give what the project's functions noted in all runs."""
        log = self.folder / "calls.log"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def checkpoints(self) -> Path:
        """Give the folder of the checkpoints."""
        return self.folder / ".milepost"

    def documents(self) -> list[Path]:
        """List the checkpoints' documents."""
        return sorted(self.checkpoints.glob("checkpoint_*.json"))

    def document(self) -> dict[str, Any]:
        """Read the only checkpoint's document."""
        (path,) = self.documents()
        found: dict[str, Any] = json.loads(path.read_text())
        return found
