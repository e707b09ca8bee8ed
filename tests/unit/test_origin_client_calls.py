"""Own calls in the order in which the original system's client makes them.

A client of our own drives the two modules at the seed's paths, in a process that can be
killed, over a service that breaks on demand. Each numbered remark says which difference
between the original and its README a promise is about.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parents[1]
TEST_ID = "fastapi_pipeline_12345678"
README_ORDER = (
    "discovery masterplan code_generation atomization wave_execution file_writing "
    "infrastructure"
)
LATER_ORDER = (
    "discovery masterplan code_generation atomization file_writing infrastructure "
    "wave_execution"
)
CLIENT = '''
    """Runs phases over a service, as the original's client does."""

    import asyncio
    import json
    import os
    import signal

    from .checkpoint_manager import CheckpointManager, PhaseStatus
    from .retry_handler import PhaseRetryHandler, RetryConfig

    ORDER = os.environ["ORDER"].split()
    BROKEN = json.loads(os.environ.get("BROKEN", "{}"))
    KILLED = os.environ.get("KILLED")
    RESULTS = {
        "discovery": {"discovery_id": "d-1", "domain": "tasks", "aggregates_count": 4},
        "masterplan": {"masterplan_id": "m-1", "generated_tasks_count": 33},
        "code_generation": {"generated_code_count": 33, "total_cost_usd": 0.62},
        "atomization": {"atoms_count": 812, "avg_atom_loc": 9.7},
        "wave_execution": {"total_waves": 4, "atoms_executed": 812},
        "file_writing": {"files_written": 40, "files_verified": 40},
        "infrastructure": {"files_generated": 6, "project_type": "fastapi"},
    }
    log = {"asked": [], "waits": [], "given": {}, "result": "none"}


    async def ask_service(name):
        log["asked"].append(name)
        await asyncio.sleep(0)
        if name == KILLED:
            report()
            os.kill(os.getpid(), signal.SIGKILL)
        if BROKEN.get(name, 0) > 0:
            BROKEN[name] -= 1
            raise RuntimeError(f"Pipeline failed during {name}: [Errno 104] reset")
        return RESULTS[name]


    def report():
        print(json.dumps(log), flush=True)


    class Client:
        def __init__(self):
            self.manager = CheckpointManager()
            config = RetryConfig(
                max_retries=3,
                initial_delay=5.0,
                max_delay=120.0,
                exponential_base=2.0,
                jitter=True,
            )
            self.handler = PhaseRetryHandler(config=config)

        async def run(self, test_id):
            self.checkpoint = self.manager.load_checkpoint(test_id)
            if self.checkpoint:
                self.manager.print_checkpoint_status(self.checkpoint)
                log["resume"] = self.manager.get_resume_phase(self.checkpoint)
                if not log["resume"]:
                    log["result"] = "nothing to do"
                    return
            else:
                self.checkpoint = self.manager.create_checkpoint(
                    test_name="MGE V2 FastAPI Pipeline",
                    test_id=test_id,
                    user_request="Create a FastAPI REST API",
                    phases=[*ORDER, "acceptance_tests"],
                )
            for name in ORDER:
                log["given"][name] = await self.phase(name)
            # Without a start, and as a dictionary: the last version does it so.
            self.manager.complete_phase(
                self.checkpoint, "acceptance_tests", {"passed": 12, "must_score": 1.0}
            )
            self.manager.print_checkpoint_status(self.checkpoint)
            if os.environ.get("KILLED") == "cleanup":
                report()
                os.kill(os.getpid(), signal.SIGKILL)
            self.manager.cleanup_checkpoint(test_id)
            log["result"] = "passed"

        async def phase(self, name):
            entry = self.checkpoint.phases[name]
            if entry.status == PhaseStatus.COMPLETED:
                self.manager.skip_phase(self.checkpoint, name)
                return [
                    entry.discovery_id,
                    entry.masterplan_id,
                    entry.generated_tasks_count,
                    entry.generated_code_count,
                    entry.atoms_count,
                ]
            self.manager.start_phase(self.checkpoint, name)
            try:
                result = await ask_service(name)
                self.manager.complete_phase(self.checkpoint, name, **result)
                return result
            except Exception as error:
                text = f"{type(error).__name__}: {error}"
                self.manager.fail_phase(self.checkpoint, name, text)
                config = self.handler.config
                if entry.retry_count >= config.max_retries:
                    log["result"] = "failed"
                    raise
                wait = config.initial_delay * (
                    config.exponential_base ** (entry.retry_count - 1)
                )
                log["waits"].append(wait)
                return await self.phase(name)


    try:
        asyncio.run(Client().run(os.environ["TEST_ID"]))
    finally:
        report()
'''


@pytest.fixture
def client(tmp_path) -> Callable[..., dict[str, Any]]:
    """Give a function that runs the client in a checkout of its own."""
    package = tmp_path / "tests" / "e2e"
    package.mkdir(parents=True)
    for name in ("__init__.py", "e2e/__init__.py"):
        (tmp_path / "tests" / name).write_text("")
    for name in ("checkpoint_manager.py", "retry_handler.py"):
        shutil.copy(HERE / "e2e" / name, package / name)
    (package / "client.py").write_text(textwrap.dedent(CLIENT))

    def run(code: int = 0, **settings: str) -> dict[str, Any]:
        known = {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")}
        settings = {"ORDER": README_ORDER, "TEST_ID": TEST_ID} | settings
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.client"],
            cwd=tmp_path,
            env=known | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found | {"out": done.stdout, "err": done.stderr}

    return run


@pytest.fixture
def folder(tmp_path) -> Path:
    """Give the folder where its checkpoints must lie (3)."""
    return tmp_path / "tests" / "e2e" / "checkpoints"


def document(folder: Path) -> dict[str, Any]:
    """Read the checkpoint."""
    found: dict[str, Any] = json.loads((folder / f"checkpoint_{TEST_ID}.json").read_text())
    return found


@pytest.mark.parametrize("order", [README_ORDER, LATER_ORDER], ids=["readme", "later"])
def test_an_undisturbed_run_passes_and_leaves_no_checkpoint(client, folder, order):
    """(3, 13) Beside the module, in whatever order: seven phases, then the file is gone."""
    found = client(ORDER=order)
    assert (found["result"], found["asked"]) == ("passed", order.split())
    assert found["given"]["discovery"]["domain"] == "tasks"
    assert not list(folder.glob("checkpoint_*"))
    assert folder.is_dir()
    assert "✅ infrastructure: completed - 0.0s" in found["out"]


def test_three_attempts_and_waits_of_5_and_10_seconds(client, folder):
    """(4, 5) The count of starts grows in place; the client gives up at three."""
    found = client(1, BROKEN='{"code_generation": 9}')
    assert found["waits"] == [5.0, 10.0]
    assert found["asked"] == ["discovery", "masterplan", *["code_generation"] * 3]
    saved = document(folder)
    phase = saved["phases"]["code_generation"]
    assert (phase["status"], phase["retry_count"]) == ("failed", 3)
    assert phase["error"].startswith("RuntimeError: Pipeline failed during code_generation")
    assert saved["total_retries"] == 3
    assert saved["phases"]["discovery"]["retry_count"] == 1


def test_a_retry_that_works_is_a_pass(client, folder):
    """(4, 11) An error of the service is the client's to retry, whatever its type."""
    found = client(BROKEN='{"masterplan": 2}')
    assert (found["result"], found["waits"]) == ("passed", [5.0, 10.0])
    assert "✅ masterplan: completed (retry 3) - 0.0s" in found["out"]


def test_a_broken_run_resumes_where_it_broke(client, folder):
    """(1, 2, 17) Five attributes of each skipped phase, None where it returned no such."""
    client(1, BROKEN='{"code_generation": 9}')
    found = client()
    assert found["resume"] == "code_generation"
    assert found["asked"] == README_ORDER.split()[2:]
    assert found["given"]["discovery"] == ["d-1", None, None, None, None]
    assert found["given"]["masterplan"] == [None, "m-1", 33, None, None]
    assert found["result"] == "passed"
    assert "❌ code_generation: failed (retry 3) - 0.0s" in found["out"]
    assert not list(folder.glob("checkpoint_*"))


def test_a_third_run_pays_for_nothing_that_the_first_finished(client, folder):
    """(2) Skipping leaves a finished phase completed: a second break loses nothing."""
    client(1, BROKEN='{"code_generation": 9}')
    second = client(1, BROKEN='{"code_generation": 9}')
    # (5) The count survives: a resumed run of this client has one attempt.
    assert second["asked"] == ["code_generation"]
    saved = document(folder)["phases"]
    assert [saved[name]["status"] for name in ("discovery", "masterplan")] == [
        "completed",
        "completed",
    ]
    assert saved["discovery"]["domain"] == "tasks"
    third = client()
    assert third["asked"] == README_ORDER.split()[2:]
    assert third["given"]["discovery"] == ["d-1", None, None, None, None]


@pytest.mark.parametrize("name", README_ORDER.split())
def test_a_killed_run_goes_on_at_the_phase_that_it_was_in(client, folder, name):
    """(7) A phase in progress is not done, the last one neither: nothing passes unrun."""
    order = README_ORDER.split()
    killed = client(-signal.SIGKILL, KILLED=name)
    assert document(folder)["phases"][name]["status"] == "in_progress"
    found = client()
    assert found["resume"] == name
    assert found["asked"] == order[order.index(name) :]
    assert killed["asked"] + found["asked"][1:] == order
    assert found["result"] == "passed"


def test_a_kill_counts_as_a_start_and_as_no_failure(client, folder):
    """(4) The waits of the run after a kill go on from the starts before it."""
    client(-signal.SIGKILL, KILLED="masterplan")
    found = client(BROKEN='{"masterplan": 1}')
    assert found["waits"] == [10.0]
    assert "🔄 Total Retries: 0" in found["out"]
    assert "🔄 masterplan: in_progress - N/A" in found["out"]
    assert "🔄 Total Retries: 1" in found["out"]


def test_all_finished_is_nothing_to_do(client, folder):
    """(7) A kill before the clean-up leaves a file that says so, all values in it."""
    client(-signal.SIGKILL, KILLED="cleanup")
    found = client()
    assert (found["result"], found["asked"], found["resume"]) == ("nothing to do", [], None)
    saved = document(folder)["phases"]
    assert saved["acceptance_tests"]["status"] == "completed"
    # (6) Completed from a dictionary, and never started.
    assert saved["acceptance_tests"]["must_score"] == 1.0
    assert saved["acceptance_tests"]["retry_count"] == 0
    # (17) Names beside the nine optional ones are data like any other.
    assert saved["file_writing"]["files_written"] == 40
    # (16) Times end in Z, with milliseconds.
    assert saved["discovery"]["started_at"].endswith("Z")


def test_another_session_starts_over(client, folder):
    """(9) Another id is another checkpoint; the first one waits where it is."""
    client(1, BROKEN='{"masterplan": 9}')
    found = client(TEST_ID="fastapi_pipeline_other")
    assert found["asked"] == README_ORDER.split()
    assert [path.name for path in folder.glob("checkpoint_*")] == [
        f"checkpoint_{TEST_ID}.json"
    ]


def test_the_seeds_own_rm_starts_over(client, folder):
    """Removing the file, as the README tells, makes the next run begin at the beginning."""
    client(1, BROKEN='{"masterplan": 9}')
    for path in folder.glob("checkpoint_fastapi_pipeline_*.json"):
        path.unlink()
    assert client()["asked"] == README_ORDER.split()
    client(1, BROKEN='{"masterplan": 9}')
    shutil.rmtree(folder)
    assert client()["asked"] == README_ORDER.split()


def test_the_seeds_import_lines_and_names():
    """(12, 18) By absolute and by relative import; the manager's other public names too."""
    import importlib

    import milepost
    from tests.e2e.checkpoint_manager import CheckpointManager

    module = importlib.import_module(".checkpoint_manager", "tests.e2e")
    assert module.CheckpointManager is CheckpointManager
    assert issubclass(CheckpointManager, milepost.CheckpointManager)
    for name in ("PhaseStatus", "PhaseCheckpoint", "TestCheckpoint"):
        assert getattr(module, name) is getattr(milepost, name)
    manager = CheckpointManager()
    assert manager.checkpoint_dir == Path(module.__file__).parent / "checkpoints"
    assert manager.current_checkpoint is None


def test_another_folder_can_be_given(tmp_path):
    """The seed's manager takes a folder, as a path or a text."""
    from tests.e2e.checkpoint_manager import CheckpointManager, TestCheckpoint

    for given in (tmp_path / "a", str(tmp_path / "a")):
        manager = CheckpointManager(given)
        assert manager.checkpoint_dir == tmp_path / "a"
    checkpoint = manager.create_checkpoint("T", "t", "", ["p"])
    assert manager.current_checkpoint is checkpoint
    again = TestCheckpoint.from_dict(checkpoint.to_dict())
    assert again.to_dict() == checkpoint.to_dict()
