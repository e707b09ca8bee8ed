"""Collects tests in a child process: users' modules print, and options interfere."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from milepost.errors import MilepostError
from milepost.stores.handover import meeting_place

PLACE: Final = "MILEPOST_DOCTOR_RESULT"
_PLUGIN: Final = "milepost.plugin.collecting"
# Nothing is measured, written or distributed; --milepost=off has nothing refused.
_OPTIONS: Final = ("--collect-only", "--milepost=off")


class NotCollectedError(MilepostError):
    """Pytest did not collect the tests.

    Args:
        paths: What was asked for.
        text: What pytest said.
    """

    def __init__(self, paths: Sequence[str], text: str) -> None:
        super().__init__(
            f"no tests were collected from {' '.join(paths) or 'this folder'}.",
            text.strip(),
            "Nothing was run. The same is to be seen with: pytest --collect-only",
        )


@dataclass(frozen=True)
class Collected:
    """What the child process found.

    Attributes:
        tests: The blocks of the tests, as JSON.
        environment: The block of the environment as the tests have it.
        silent: How many tests do not ask for milepost.
    """

    tests: list[dict[str, Any]]
    environment: dict[str, Any]
    silent: int


def collect(paths: Sequence[str], directory: str | None = None) -> Collected:
    """Collect tests and look at them; no test, fixture or phase is run.

    Args:
        paths: Files, folders or node ids; what pytest would collect where it is empty.
        directory: The folder of the checkpoints, where one was named.

    Raises:
        NotCollectedError: There are none, or pytest could not collect them.
    """
    with meeting_place() as place:
        cache = ["-o", f"cache_dir={place.with_name('cache')}"]
        named = ["--milepost-dir", directory] if directory else []
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                _PLUGIN,
                *_OPTIONS,
                *cache,
                *named,
                *paths,
            ],
            env=os.environ | {PLACE: str(place), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0 or not place.exists():
            raise NotCollectedError(paths, done.stdout + done.stderr)
        return Collected(**json.loads(place.read_bytes()))
