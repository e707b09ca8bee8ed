"""Runs of a project in processes that need not load pytest first.

A server, started once, has pytest and milepost loaded and forks a process for each run:
a real one, which can be killed. That makes a run cost a tenth of a second and not two.
"""

import atexit
import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.project import Project, Result

LOADED = (
    *("pytest", "pytest_asyncio.plugin", "pydantic", "click"),
    *("milepost.plugin", "milepost.cli", "milepost.session", "milepost.phases"),
    "milepost.values",
)
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(list(LOADED))


def barrier(number: int) -> Any:
    """Make what holds processes until so many have come."""
    return _SERVER.Barrier(number)


@dataclass(frozen=True)
class Life:
    """One process, from its start to its end.

    Attributes:
        process: The process.
        output: Where it prints.
        project: The project that it works on; None for a process without one.
        calls_before: How many calls had been noted when it started.
    """

    process: Any
    output: Path
    project: Project | None = None
    calls_before: int = 0

    @property
    def pid(self) -> int:
        """Give its process id."""
        return int(self.process.pid)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def result(self, timeout: float = 60) -> Result:
        """Wait for its end.

        Args:
            timeout: Seconds.
        """
        self.process.join(timeout)
        text = self.output.read_text(errors="replace")
        assert self.process.exitcode is not None, f"still runs\n{text}"
        calls = self.project.all_calls()[self.calls_before :] if self.project else []
        return Result(self.process.exitcode, text, calls)


@dataclass
class Nursery:
    """Starts processes, and ends those that a test left behind.

    Args:
        folder: Where they print.
    """

    folder: Path
    lives: list[Life] = field(default_factory=list)

    def start(
        self, project: Project, *arguments: str, env: Mapping[str, str] | None = None
    ) -> Life:
        """Start pytest on a project.

        Args:
            project: The project.
            arguments: For pytest.
            env: More environment variables.
        """
        task = partial(_run_pytest, project.command(*arguments)[3:])
        return self._begin(task, project, project.folder, project.environment(**env or {}))

    def run(
        self,
        project: Project,
        *arguments: str,
        kill_at: str = "",
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Run pytest on a project, as ``Project.run`` does."""
        more = dict(env or {}) | ({"MILEPOST_KILL_AT": kill_at} if kill_at else {})
        return self._ended(self.start(project, *arguments, env=more), kill_at)

    def milepost(
        self,
        project: Project,
        *arguments: str,
        kill_at: str = "",
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Run the command line in a project's folder."""
        more = dict(env or {}) | ({"MILEPOST_KILL_AT": kill_at} if kill_at else {})
        task = partial(_run_command, arguments)
        life = self._begin(task, project, project.folder, project.environment(**more))
        return self._ended(life, kill_at)

    def call(self, function: Callable[..., object], *arguments: object) -> Life:
        """Start a process that calls a function of a test module."""
        return self._begin(partial(function, *arguments), None, self.folder, {})

    def _begin(
        self,
        task: Callable[[], object],
        project: Project | None,
        folder: Path,
        environment: Mapping[str, str],
    ) -> Life:
        output = self.folder / f"output-{len(self.lives)}"
        output.touch()
        arguments = (task, folder, dict(environment), output)
        process = _SERVER.Process(target=_live, args=arguments)
        before = len(project.all_calls()) if project else 0
        process.start()
        self.lives.append(Life(process, output, project, before))
        return self.lives[-1]

    def _ended(self, life: Life, kill_at: str) -> Result:
        result = life.result()
        if kill_at:
            assert result.code == -signal.SIGKILL, f"{kill_at}: {result.text}"
        return result

    def close(self) -> None:
        """End what still runs."""
        for life in self.lives:
            if life.process.exitcode is None:
                life.process.kill()
            life.process.join()
            life.process.close()


def _live(
    task: Callable[[], object], folder: Path, environment: Mapping[str, str], output: Path
) -> None:
    """Be the new process: take its place, do its task, end as an interpreter ends."""
    handle = os.open(output, os.O_WRONLY | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(handle, standard)
    os.close(handle)
    os.chdir(folder)
    if environment:
        os.environ.clear()
        os.environ.update(environment)
    # It read the environment when the server loaded it.
    importlib.reload(importlib.import_module("milepost.stores.killpoints"))
    try:
        code = task()
    finally:
        atexit._run_exitfuncs()
    sys.exit(code if isinstance(code, int) else 0)


def _run_pytest(arguments: Sequence[str]) -> int:
    import pytest

    ignored = "ignore::pytest.PytestAssertRewriteWarning"  # the server has loaded plugins
    return int(pytest.main([*arguments, "-W", ignored]))


def _run_command(arguments: Sequence[str]) -> None:
    from milepost.cli import main

    main(list(arguments), prog_name="milepost")
