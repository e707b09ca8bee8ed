"""A project whose steps ask a provider that numbers its answers."""

import json
from pathlib import Path
from typing import Any

from tests.crash.nursery import Life, Nursery
from tests.project import Project, Result

# Each live call is one line of calls.log, which is the provider's own count.
PROVIDER = """
    import os
    from pathlib import Path

    LOG = Path(__file__).with_name("calls.log")

    def buy(request):
        handle = os.open(LOG, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            os.write(handle, f"{request}\\n".encode())
            end = os.lseek(handle, 0, os.SEEK_CUR)
            served = os.pread(handle, end, 0).decode().splitlines()
        finally:
            os.close(handle)
        return f"{request}:{served.count(request)}"
"""
CONFIGURATION = """
    [pytest]
    pythonpath = ["."]
    milepost_retry = 0
    {more}
"""


class Story:
    """A project of a user, its provider, and its runs.

    Args:
        project: The project.
        nursery: Where its processes come from.
    """

    def __init__(self, project: Project, nursery: Nursery) -> None:
        self.project = project
        self._nursery = nursery
        project.write("provider.py", PROVIDER)
        self.configure()

    def configure(self, more: str = "") -> None:
        """Write the configuration, with a line or two more."""
        self.project.write("pytest.toml", CONFIGURATION.format(more=more))

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        self.project.write(name, text)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file; it must be there."""
        self.project.edit(name, old, new)

    def run(self, *arguments: str, kill_at: str = "", **env: str) -> Result:
        """Run pytest."""
        return self._nursery.run(self.project, *arguments, kill_at=kill_at, env=env)

    def start(self, *arguments: str, **env: str) -> Life:
        """Start pytest."""
        return self._nursery.start(self.project, *arguments, env=env)

    def milepost(self, *arguments: str) -> Result:
        """Run the command line."""
        return self._nursery.milepost(self.project, *arguments)

    @property
    def test_id(self) -> str:
        """Name the only checkpoint."""
        (path,) = self.project.documents()
        return path.stem.removeprefix("checkpoint_")

    def segments(self) -> list[Path]:
        """List the segments of the journals, in their order."""
        return sorted(self.project.checkpoints.glob("*.d/journal-*.jsonl"))

    def records(self, *kinds: str) -> list[dict[str, Any]]:
        """Read the records of all journals, of some kinds or of all."""
        lines = [x for path in self.segments() for x in path.read_text().splitlines()]
        records = [json.loads(line) for line in lines]
        return [each for each in records if not kinds or each["kind"] in kinds]
