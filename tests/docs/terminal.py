"""What a command prints, in the form in which the documentation shows it."""

import os
import re
import subprocess
import sys
from pathlib import Path

SHOWN_FOLDER = "/home/you/project"
# What pytest says of the machine; the documentation leaves it out.
_HEADER = (
    "platform ",
    "cachedir: ",
    "rootdir: ",
    "configfile: ",
    "plugins: ",
    "hypothesis profile ",
    "asyncio: ",
    "created: ",
    "timeout: ",
    "timeout method: ",
    "timeout func_only: ",
    "collecting ...",
    "bash: line ",
)
_SECTION = re.compile(r"^=+ (.*?) =+$")
_LONG = ("FAILURES", "ERRORS")
_MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+Z)?"), "TIME"),
    (re.compile(r"\d+ min \d+ s\b|\d+(\.\d+)? (s|h|days)\b"), "N s"),
    (re.compile(r"\d+\.\d+s( \(\d:\d\d:\d\d\))?"), "N s"),
    (re.compile(r"\$\d+\.\d+"), "$N"),
    (re.compile(r"[0-9a-f]{64}"), "SHA256"),
    (re.compile(r'"[0-9a-f]{16}"'), '"ID"'),
    (re.compile(r"(?<=_)[0-9a-f]{8}\b"), "ID"),
    (re.compile(r'(?<=seconds": )\d+(\.\d+)?'), "N"),
    (re.compile(r"(?<=\w\.py): line \d+|(?<=\w\.py):\d+"), ""),
    (re.compile(r"process \d+ on \S+"), "process N on HOST"),
    (re.compile(r'"py3\.\d+"'), '"py3.N"'),
)


class Terminal:
    """A shell in the folder of a user's project.

    Args:
        folder: The project.
        plugins: What its pytest loads beside milepost; few, for they load slowly.
    """

    def __init__(self, folder: Path, plugins: list[str]) -> None:
        self.folder = folder
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "MILEPOST_", "MGE_"))
            and name not in ("CI", "GITHUB_ACTIONS", "ANTHROPIC_API_KEY")
        }
        self.environment |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": ",".join(["milepost.plugin", *plugins]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "COLUMNS": "80",
        }

    def run(self, command: str) -> str:
        """Run a command line and give what it prints, as the documentation shows it."""
        done = self._run(["bash", "-c", command])
        return shorten(done.stdout.replace(str(self.folder), SHOWN_FOLDER))

    def run_code(self, code: str) -> tuple[int, str]:
        """Run Python code in the folder; give its exit code and what it prints."""
        done = self._run([sys.executable, "-c", code])
        return done.returncode, done.stdout

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )


def shorten(text: str) -> str:
    """Leave out what pytest says of the machine, and tracebacks."""
    shown, cutting = [], False
    for line in text.splitlines():
        section = _SECTION.match(line)
        if section:
            cutting = section[1] in _LONG
            shown += [line, "..."] if cutting else [line]
            continue
        cutting &= not line.startswith("milepost: ")
        if not cutting and not line.startswith(_HEADER):
            shown.append(line)
    return "\n".join(shown).strip("\n")


def mask(text: str) -> str:
    """Replace what is different in every run: times, ages, ids, amounts, rulers."""
    lines = [_SECTION.sub(r"== \1 ==", line.rstrip()) for line in text.splitlines()]
    masked = "\n".join(lines)
    for pattern, stand_in in _MASKS:
        masked = pattern.sub(stand_in, masked)
    return masked
