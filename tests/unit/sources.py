"""A user's source files, looked at by processes of their own."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[2] / "src"

_PARTS = """
import json, sys
from pathlib import Path
from milepost.fingerprint import *
root = Path({root!r})
{setup}
print(json.dumps({asked}))
"""


class Sources:
    """A folder of source files.

    Args:
        folder: Where it lies; the root of the project.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, text: str) -> Path:
        """Write a file; the text may be indented."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file; it must be there."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def ask(self, setup: str, asked: str, *, seed: str = "0", folder: str = "") -> Any:
        """Give what an expression is worth in a new process after some statements.

        Args:
            setup: The statements; ``root`` and milepost's names are there.
            asked: The expression; JSON brings it back.
            seed: How the process hashes strings.
            folder: The process's working directory, below the project's.
        """
        program = _PARTS.format(
            root=str(self.folder), setup=textwrap.dedent(setup), asked=asked
        )
        path = os.pathsep.join([str(self.folder), str(PACKAGE)])
        environment = os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": seed}
        environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
        answer = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=self.folder / folder,
        )
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout.splitlines()[-1])

    def read_json(self, name: str) -> Any:
        """Give what a process left in a file."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def parts(self, setup: str, fn: str) -> dict[str, str]:
        """Give the parts of a function's fingerprint, taken by a new process."""
        found: dict[str, str] = self.ask(setup, f"fingerprint_of({fn}, root=root).parts")
        return found
