"""Who holds a lease: naming a process so that others can tell whether it lives."""

import os
import platform
import subprocess
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

_UNKNOWN: Final = "?"


@dataclass(frozen=True)
class Holder:
    """A process, named so that another one can judge whether it lives.

    Attributes:
        host: The host's name.
        boot: The id of the host's boot; another boot means another life.
        pid_namespace: In which pid namespace the pid counts; containers of one host
            share the boot id but not this.
        pid: The process id.
        process_started: When the process started, in the system's own unit: a pid
            is used again, a pid with a start time is not.
        run: The run's id.
    """

    host: str
    boot: str
    pid_namespace: str
    pid: int
    process_started: str
    run: str

    @classmethod
    def of_this_process(cls, run: str) -> "Holder":
        """Name the calling process."""
        pid = os.getpid()
        moment = started(pid) or _UNKNOWN
        return cls(platform.node(), _boot(), _pid_namespace(), pid, moment, run)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Holder":
        """Read a holder from a lease file's JSON.

        Raises:
            KeyError: A field is missing.
        """
        return cls(**{field.name: document[field.name] for field in fields(cls)})

    def to_dict(self) -> dict[str, Any]:
        """Give the holder as JSON data."""
        return dict(vars(self))

    def is_local(self) -> bool:
        """Tell whether this process can see the holder's process at all."""
        own = (platform.node(), _boot(), _pid_namespace())
        is_known = bool(self.boot) and self.process_started != _UNKNOWN
        return (self.host, self.boot, self.pid_namespace) == own and is_known

    def lives(self) -> bool:
        """Tell whether a local holder's process still runs."""
        return started(self.pid) == self.process_started

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} (run {self.run})"


def started(pid: int) -> str | None:
    """Tell when a process started.

    Returns:
        The start time in the system's own unit, or None for a process that is gone
        or that has ended and only waits to be collected.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _started_by_ps(pid)
    except OSError:
        return None
    # The command's name may hold spaces and brackets; the fields follow its last one.
    state, *rest = stat.rpartition(")")[2].split()
    return None if state in "ZX" else rest[18]


def _started_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    state, _, moment = answer.stdout.strip().partition(" ")
    return None if not moment or state.startswith("Z") else moment.strip()


@lru_cache(maxsize=1)
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        command = ["sysctl", "-n", "kern.bootsessionuuid"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.strip()


@lru_cache(maxsize=1)
def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
