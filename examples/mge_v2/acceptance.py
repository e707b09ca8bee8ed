"""Acceptance: the generated project is served, and passes its own tests."""

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]
_STOP_SECONDS: Final = 10.0
# A cheap password hash: the tests make many users.
_HASHING_COST: Final = "1024"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How the generated tests went.

    Args:
        exit_code: What pytest ended with; 0 when all passed.
        passed_count: Tests that passed.
        failed_count: Tests that failed or broke.
        output: What pytest and the server printed.
    """

    exit_code: int
    passed_count: int
    failed_count: int
    output: str

    @property
    def accepted(self) -> bool:
        """Whether there were tests, and all of them passed."""
        return self.exit_code == 0 and self.passed_count > 0


def run_acceptance(project: Path, timeout: float = 120.0) -> Acceptance:
    """Serve a generated project on a free loopback port and run its tests against it.

    Server and tests are child processes; nothing of the project is imported here, and
    nothing is left in its folder.

    Args:
        project: The project's folder.
        timeout: Seconds that the tests may take.

    Raises:
        subprocess.TimeoutExpired: They took longer.
    """
    with tempfile.TemporaryDirectory(prefix="mge-v2-") as scratch:
        with _served(project, Path(scratch)) as base_url:
            finished = _run_tests(project, base_url, timeout)
        log = (Path(scratch) / "server.log").read_text(encoding="utf-8")
    output = finished.stdout + finished.stderr
    return Acceptance(
        exit_code=finished.returncode,
        passed_count=_count("passed", finished.stdout),
        failed_count=_count("failed", finished.stdout) + _count("error", finished.stdout),
        output=f"{output}\n{log}" if log else output,
    )


@contextmanager
def _served(project: Path, scratch: Path) -> Iterator[str]:
    # The socket listens before the server runs: clients wait in its queue, so nobody
    # has to ask when the server is ready, and nobody else can take the port.
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        process = _start_server(project, scratch, listener)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start_server(
    project: Path, scratch: Path, listener: socket.socket
) -> "subprocess.Popen[bytes]":
    environment = _environment() | {
        "DATABASE_URL": f"sqlite:///{scratch / 'acceptance.db'}",
        "SECRET_KEY": secrets.token_urlsafe(32),
        "PASSWORD_COST": _HASHING_COST,
        "PYTHONPATH": str(_ROOT),
    }
    command = [sys.executable, "-m", "examples.mge_v2.served"]
    command += ["--project", str(project), "--parent", str(os.getpid())]
    command += ["--descriptor", str(listener.fileno())]
    with (scratch / "server.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=scratch,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno()],
        )


def _run_tests(
    project: Path, base_url: str, timeout: float
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "tests", "-q", "-p", "no:cacheprovider"]
    # The project may lie inside a repository with settings and plugins of its own.
    command += ["-c", os.devnull, "--rootdir", str(project), "--confcutdir", str(project)]
    return subprocess.run(
        command,
        cwd=project,
        env=_environment() | {"API_BASE_URL": base_url},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "MGE_", "ANTHROPIC_", "COV_", "PYTHONPATH"))
    }
    return kept | {
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def _count(outcome: str, output: str) -> int:
    """Read a number from pytest's last line, such as ``1 failed, 38 passed in 2.1s``."""
    found = re.findall(rf"(\d+) {outcome}s?\b", output)
    return int(found[-1]) if found else 0
