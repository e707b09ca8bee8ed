"""What a command prints, in the form in which the documentation shows it."""

import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

SHOWN_FOLDER = "/home/you/project"
SHOWN_TEMPORARY = "/tmp/pytest-of-you/pytest-0/"
_TEMPORARY = re.compile(r"/[\w/.-]*/pytest-of-\w+/pytest-\d+/")
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
    (re.compile(r"^  ✓ ok  (rich|backports\.zstd).*", re.MULTILINE), r"  ok  \1"),
    (re.compile(r"\b\d+\.\d+\.\d+\b"), "VERSION"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+Z)?"), "TIME"),
    (re.compile(r"\d+ min \d+ s\b|\d+(\.\d+)? (s|h|days)\b"), "N s"),
    (re.compile(r"\d+\.\d+s( \(\d:\d\d:\d\d\))?"), "N s"),
    (re.compile(r"\$\d+\.\d+"), "$N"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "SHA256"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "ID"),
    (re.compile(r"(?<=_)[0-9a-f]{8}\b"), "ID"),
    (re.compile(r'(?<=seconds": )\d+(\.\d+)?'), "N"),
    (re.compile(r"(?<=\w\.py): line \d+|(?<=\w\.py):\d+"), ""),
    (re.compile(r"process \d+ on \S+"), "process N on HOST"),
    (re.compile(r"character \d+: '.*' -> '.*'"), "character N: 'OLD' -> 'NEW'"),
    (re.compile(r'"py3\.\d+"'), '"py3.N"'),
    # Items that run at once finish in any order.
    (re.compile(r"(?<= of )(\d+) \(\d+\)$", re.MULTILINE), r"\1 (ITEM)"),
)


class Terminal:
    """A shell in the folder of a user's project.

    Args:
        folder: The project.
    """

    def __init__(self, folder: Path) -> None:
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
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "XDG_STATE_HOME": str(folder.parent / "state"),
            "COLUMNS": "80",
        }

        self.load([])

    def load(self, plugins: list[str]) -> None:
        """Say what pytest loads beside milepost from now on; few, for they load slowly."""
        self.environment["PYTEST_PLUGINS"] = ",".join(["milepost.plugin", *plugins])

    def run(self, command: str) -> str:
        """Run a command line and give what it prints, as the documentation shows it."""
        done = self._run(["bash", "-c", command])
        printed = done.stdout.replace(str(self.folder), SHOWN_FOLDER)
        return shorten(_TEMPORARY.sub(SHOWN_TEMPORARY, printed))

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
    return "\n".join(line.rstrip() for line in shown).strip("\n")


def difference(shown: str, printed: str, *, ordered: bool = True) -> str:
    """Say how what is shown differs from what is printed; empty where it does not."""
    lines = [mask(text).splitlines() for text in (shown, printed)]
    one, other = lines if ordered else map(sorted, lines)
    return "\n".join(difflib.unified_diff(one, other, "shown", "printed", lineterm=""))


def mask(text: str) -> str:
    """Replace what is different in every run: times, ages, ids, amounts, rulers."""
    lines = [_SECTION.sub(r"== \1 ==", line.rstrip()) for line in text.splitlines()]
    masked = "\n".join(lines)
    for pattern, stand_in in _MASKS:
        masked = pattern.sub(stand_in, masked)
    return masked
