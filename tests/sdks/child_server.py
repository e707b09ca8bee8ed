"""Servers in a process of their own, out of the second environment."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import pytest

from tests.sdks.generation import MISSING, ROOT, SECOND_PYTHON

_SECONDS: Final = 20.0


class ChildServer:
    """A server that runs.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, body: str | None = None) -> str:
        """Ask it something beside its API.

        Args:
            path: The path.
            body: What is posted; nothing if it is left out.
        """
        request: Any = Request(self.url + path, body.encode() if body else None)
        with urlopen(request, timeout=_SECONDS) as response:
            text: str = response.read().decode()
        return text


@contextmanager
def child_server(script: str, log: Path) -> Iterator[ChildServer]:
    """Run a script that prints its address and serves until its standard input ends.

    Args:
        script: Its name, in this folder.
        log: Where its standard error goes.
    """
    if not SECOND_PYTHON.exists():
        pytest.skip(MISSING)
    with log.open("w") as errors:
        process = subprocess.Popen(
            [str(SECOND_PYTHON), str(ROOT / "tests" / "sdks" / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http"), log.read_text()
        yield ChildServer(url)
        process.communicate(timeout=_SECONDS)
