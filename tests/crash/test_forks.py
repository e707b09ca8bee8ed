"""Forked children: they write nothing, and one that outlives its parent blocks nobody."""

import os
import signal
import textwrap
from contextlib import suppress

import pytest

from tests.crash.nursery import Nursery
from tests.crash.pipeline import (
    ASYNC_TEST,
    BROKEN,
    PHASES,
    TEST,
    left_over,
    write_pipeline,
)
from tests.crash.test_kill_phases import die_at, outcomes
from tests.project import Project


def add_to_masterplan(project: Project, code: str) -> None:
    """Have the second phase do more, before it returns its value."""
    project.edit(
        "steps.py",
        'mark("masterplan")\n',
        f'mark("masterplan")\n{textwrap.indent(textwrap.dedent(code), "    ")}',
    )


SERVERS = {
    "fork": """
        import time
        server = os.fork()
        if not server:
            time.sleep(600)
        """,
    "subprocess": """
        import subprocess
        server = subprocess.Popen(["sleep", "600"], close_fds=False).pid
        """,
}


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_that_outlives_its_parent_blocks_nobody(
    fast_project: Project, nursery: Nursery, kind: str
) -> None:
    """The next run starts at once, although a child of the killed one still runs."""
    write_pipeline(fast_project)
    fast_project.edit("steps.py", "from marking", "import os\nfrom marking")
    code = f"{textwrap.dedent(SERVERS[kind])}from calling import note\nnote(server)\n"
    add_to_masterplan(
        fast_project, f'if not os.environ.get("AGAIN"):\n{textwrap.indent(code, "    ")}'
    )
    killed = die_at(nursery, fast_project, "code_generation")
    server = int(killed.calls[2])
    try:
        os.kill(server, 0)
        after = nursery.run(fast_project, env={"AGAIN": "1"})
        os.kill(server, 0)
    finally:
        with suppress(ProcessLookupError):
            os.kill(server, signal.SIGKILL)

    assert after.passed, after.text
    assert after.calls == list(PHASES[2:])
    assert left_over(fast_project) == []


ENDINGS = {
    "exits": "import sys; sys.exit(3)",
    "raises": "raise RuntimeError('in the child')",
    "returns": "pass",
    "exits at once": "os._exit(0)",
    "is interrupted": "raise KeyboardInterrupt",
}


@pytest.mark.parametrize("test", [TEST, ASYNC_TEST], ids=["plain", "async"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_forked_child_that_runs_on_writes_nothing(
    fast_project: Project, nursery: Nursery, test: str, ending: str
) -> None:
    """However a child leaves the phase that forked it, the parent's record holds."""
    write_pipeline(fast_project, test).plugins.append("pytest_asyncio.plugin")
    fast_project.edit("steps.py", "from marking", "import os\nfrom marking")
    fast_project.write(
        "state.py",
        """
        from pathlib import Path

        def state():
            folder = Path(__file__).with_name(".milepost")
            found = sorted(p for p in folder.rglob("*") if p.is_file())
            return [(str(p), p.stat().st_ino, content(p)) for p in found]

        def content(path):
            return b"beats" if path.name.startswith("lease-") else path.read_bytes()
        """,
    )
    add_to_masterplan(
        fast_project,
        f"""
        from state import state
        before = state()
        child = os.fork()
        if not child:
            {ENDINGS[ending]}
        else:
            os.waitpid(child, 0)
            assert state() == before, "the child wrote something"
        """,
    )
    first = nursery.run(fast_project, env=BROKEN)

    assert first.code == 1, first.text
    assert "the child wrote something" not in first.text
    assert first.calls == list(PHASES)
    assert outcomes(fast_project, "masterplan") == ["completed"]
    assert outcomes(fast_project, "code_generation") == ["failed"]
    after = nursery.run(fast_project)
    assert after.passed, after.text
    assert after.calls == list(PHASES[2:])
    assert left_over(fast_project) == []


POOLS = {
    "pool": """
        import multiprocessing
        with multiprocessing.get_context("fork").Pool(2) as pool:
            doubled = pool.map(double, range(4))
        """,
    "executor": """
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            doubled = list(pool.map(double, range(4)))
        """,
    "process": """
        import multiprocessing
        context = multiprocessing.get_context("fork")
        queue = context.SimpleQueue()
        children = [context.Process(target=put, args=(queue, n)) for n in range(4)]
        for child in children:
            child.start()
        doubled = sorted(queue.get() for _ in children)
        for child in children:
            child.join()
            assert child.exitcode == 0
        """,
}


@pytest.mark.parametrize("kind", POOLS)
def test_a_pool_of_forked_processes_works(
    fast_project: Project, nursery: Nursery, kind: str
) -> None:
    """A phase may fork workers, gather their results and end them, as without milepost."""
    write_pipeline(fast_project)
    double = "def double(number):\n    return 2 * number\n\n"
    put = "def put(queue, number):\n    queue.put(double(number))\n\n"
    fast_project.edit("steps.py", "def discover", f"{double}{put}def discover")
    add_to_masterplan(
        fast_project, f"{textwrap.dedent(POOLS[kind])}assert doubled == [0, 2, 4, 6]\n"
    )
    result = nursery.run(fast_project)

    assert result.passed, result.text
    assert result.calls == list(PHASES)
    assert left_over(fast_project) == []
