"""Asynchronous tests of a module that abort on the first failure; one deploys servers."""

SUITE = 4
FILES = {
    "workload.py": '''
        """A charm's workload: a server that runs pipelines."""

        import json
        import sys
        from http.server import BaseHTTPRequestHandler, HTTPServer
        from pathlib import Path

        home = Path(sys.argv[1])


        class Pipelines(BaseHTTPRequestHandler):
            runs: dict[str, str] = {}

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.runs[f"run-{len(self.runs)}"] = body
                self.answer(f"run-{len(self.runs) - 1}")

            def do_GET(self):
                self.answer(self.runs)

            def answer(self, value):
                text = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass


        server = HTTPServer(("127.0.0.1", 0), Pipelines)
        server.timeout = 0.05
        part = home / "port.part"
        part.write_text(str(server.server_port))
        part.rename(home / "port")
        for _ in range(20 * 120):  # it ends by itself, should nobody remove it
            server.handle_request()
            if not home.exists():
                break
    ''',
    "ops.py": '''
        """Deploys a bundle of charms and removes it, as Juju does."""

        import asyncio
        import os
        import shutil
        import signal
        import subprocess
        import sys
        from pathlib import Path

        from calling import note

        HERE = Path(__file__).parent
        MODEL = HERE / "world" / "kubeflow"


        async def deploy(charm):
            note(f"deploy {charm}")
            home = MODEL / charm
            home.mkdir(parents=True)
            child = subprocess.Popen(
                [sys.executable, "-E", "-S", str(HERE / "workload.py"), str(home)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            (home / "pid").write_text(str(child.pid))
            async with asyncio.timeout(20):
                while not (home / "port").exists():
                    await asyncio.sleep(0.01)


        async def destroy():
            note("destroy model")
            for pid in MODEL.glob("*/pid"):
                os.kill(int(pid.read_text()), signal.SIGKILL)
            shutil.rmtree(MODEL, ignore_errors=True)
            await asyncio.sleep(0)


        class OpsTest:
            """The live thing of the tests: knows where the charms listen."""

            def url(self, charm):
                port = (MODEL / charm / "port").read_text()
                return f"http://127.0.0.1:{port}"
    ''',
    "kfp.py": '''
        """The client of the pipelines."""

        import asyncio
        import json
        from urllib.request import urlopen

        from calling import note
        from trouble import trouble


        class Client:
            def __init__(self, url):
                self.url = url

            def ask(self, body=None):
                with urlopen(self.url, body and body.encode(), timeout=20) as answer:
                    return json.load(answer)


        async def create_run(client, pipeline):
            note("create run")
            trouble("create run")
            return await asyncio.to_thread(client.ask, pipeline)


        async def wait_for(client, run):
            note("wait")
            trouble("wait")
            runs = await asyncio.to_thread(client.ask)
            return f"{runs[run]} succeeded"
    ''',
    "conftest.py": """
        import pytest


        def pytest_configure(config):
            config.addinivalue_line("markers", "abort_on_fail: end the module with it")


        def pytest_runtest_makereport(item, call):
            if call.excinfo and item.get_closest_marker("abort_on_fail"):
                item.parent.aborted = True


        def pytest_runtest_setup(item):
            if getattr(item.parent, "aborted", False):
                pytest.xfail("aborted")
    """,
    "test_kfp_functional.py": """
        import pytest
        import pytest_asyncio
        from kfp import Client, create_run, wait_for
        from ops import OpsTest, deploy, destroy
        from trouble import product

        pytestmark = pytest.mark.asyncio(loop_scope="module")


        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def ops_test(module_phase):
            module_phase.cleanup(destroy)
            return OpsTest()


        @pytest.fixture
        def client(ops_test):
            return Client(ops_test.url("kfp-api"))


        @pytest.mark.abort_on_fail
        async def test_build_and_deploy(module_phase, ops_test):
            await module_phase("deploy", deploy, "kfp-api")
            assert ops_test.url("kfp-api")


        @pytest.mark.abort_on_fail
        async def test_create_run(module_phase, client):
            run = await module_phase.with_options(ignore=["client"])(
                "create run", create_run, client, "the pipeline"
            )
            assert run == "run-0"


        async def test_run_succeeds(module_phase, client):
            known = module_phase.with_options(ignore=["client"])
            run = await known("create run", create_run, client, "the pipeline")
            done = await known("wait", wait_for, client, run)
            assert done == "the pipeline succeeded"
            product(done=done)
    """,
}
PLUGINS = ["pytest_asyncio.plugin"]
PLACES = ["create run", "wait"]
RESUME = {"create run": ["-k", "succeeds"]}
