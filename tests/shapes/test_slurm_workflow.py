"""An incremental class that hands a submitted job on in a global of its module."""

SUITE = 13
FILES = {
    "slurm.py": '''
        """A queue of jobs: each job is a child process that writes into a folder."""

        import shutil
        import subprocess
        import sys
        from pathlib import Path

        from calling import note
        from trouble import trouble

        WORLD = Path(__file__).with_name("world")
        SCRIPT = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"


        class Job:
            """A job that one can ask; it is opened by its number."""

            def __init__(self, number):
                self.number = number
                self.output = WORLD / f"job-{number}.log"

            @property
            def status(self):
                return "done" if self.output.exists() else "pending"


        def sync(path):
            note("sync")
            WORLD.mkdir(exist_ok=True)
            shutil.copy(path, WORLD / path.name)


        def submit(text):
            note("submit")
            number = len(list(WORLD.glob("job-*.log"))) + 1
            command = [sys.executable, "-E", "-S", "-c", SCRIPT, Job(number).output, text]
            trouble("submit")
            subprocess.run(command, check=True)
            return number


        def wait(number):
            note("wait")
            trouble("wait")
            assert Job(number).status == "done"
            return Job(number).output.read_text()


        def clear():
            note("clear")
            shutil.rmtree(WORLD, ignore_errors=True)
    ''',
    "workflow.sh": "echo progress=100\n",
    "conftest.py": """
        import pytest


        def pytest_runtest_makereport(item, call):
            if "incremental" in item.keywords and call.excinfo is not None:
                item.parent._previousfailed = item


        def pytest_runtest_setup(item):
            previous = getattr(item.parent, "_previousfailed", None)
            if "incremental" in item.keywords and previous is not None:
                pytest.xfail(f"previous test failed ({previous.name})")


        def pytest_configure(config):
            config.addinivalue_line("markers", "incremental: in their order")
    """,
    "test_workflow_slurm.py": """
        from pathlib import Path

        import pytest
        from slurm import Job, clear, submit, sync, wait
        from trouble import product

        SCRIPT = Path(__file__).with_name("workflow.sh")
        job = None


        @pytest.mark.incremental
        class TestWorkflowSlurm:
            @pytest.fixture(autouse=True)
            def cleared(self, class_phase):
                class_phase.cleanup(clear)

            @pytest.fixture(autouse=True)
            def submitted(self, request, class_phase):
                global job
                later = request.node.name in ("test_status", "test_result")
                if later or request.node.name == "test_submit":
                    number = class_phase("submit", submit, "progress=100")
                    job = Job(number)

            def test_sync(self, class_phase):
                class_phase("sync", sync, SCRIPT)

            def test_submit(self):
                assert job.number == 1

            def test_status(self):
                assert job.status == "done"

            def test_result(self, class_phase):
                result = class_phase("wait", wait, job.number)
                assert result == "progress=100"
                product(result=result)
    """,
}
PLACES = ["submit", "wait"]
RESUME = {"submit": ["-k", "result"], "wait": ["-k", "result"]}
