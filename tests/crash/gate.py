"""A gate in a project: its code stops there until the test opens it."""

import os
import subprocess
import time
from pathlib import Path

from tests.crash.nursery import Life
from tests.project import Project

SOURCE = """
    from contextlib import suppress
    from pathlib import Path

    HERE = Path(__file__).parent

    def stop_at(name):
        gate = HERE / f"{name}.gate"
        if gate.exists():
            (HERE / f"{name}.arrived").touch()
            with suppress(FileNotFoundError):  # it has just been opened
                gate.read_bytes()
"""
PATIENCE = 60.0


class Gate:
    """A place in a project's code; ``gate.stop_at(name)`` blocks there in a read.

    Args:
        project: The project.
        name: The gate's name.
    """

    def __init__(self, project: Project, name: str) -> None:
        project.write("gate.py", SOURCE)
        self._fifo = project.folder / f"{name}.gate"
        self._arrived = project.folder / f"{name}.arrived"
        self._arrived.unlink(missing_ok=True)
        os.mkfifo(self._fifo)

    def await_arrival(self, life: Life) -> None:
        """Wait until a process stands at the gate."""
        await_path(self._arrived, life)

    def open(self) -> None:
        """Let all through, now and later."""
        handle = os.open(self._fifo, os.O_RDWR | os.O_NONBLOCK)
        self._fifo.unlink()
        os.close(handle)


def await_path(path: Path, life: Life) -> None:
    """Wait until a process has made a file."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert life.process.exitcode is None, life.output.read_text()
        assert time.monotonic() < deadline, f"no {path.name}\n{life.output.read_text()}"
        time.sleep(0.02)


def await_stop(life: Life) -> None:
    """Wait until a process has been stopped by a signal."""
    deadline = time.monotonic() + PATIENCE
    while not is_stopped(life.pid):
        assert life.process.exitcode is None, life.output.read_text()
        assert time.monotonic() < deadline, life.output.read_text()
        time.sleep(0.02)


def is_stopped(pid: int) -> bool:
    """Tell whether a process has been stopped by a signal."""
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, check=False).stdout[:1] == b"T"
