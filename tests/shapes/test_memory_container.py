"""A container is started, remembers over HTTP, recalls, and is removed at the end."""

import sys

import pytest

from tests.shapes.shape import Shape, Suite

SUITE = 22
FILES = {
    "image.py": '''
        """What runs in the container: a server that remembers."""

        import json
        import sys
        from http.server import BaseHTTPRequestHandler, HTTPServer
        from pathlib import Path

        home = Path(sys.argv[1])


        class Memory(BaseHTTPRequestHandler):
            facts: list[str] = []

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                actions = {"/login": self.login, "/remember": self.remember}
                self.answer(actions[self.path], body)

            def do_GET(self):
                self.answer(lambda _: self.facts, "")

            def login(self, user):
                return {"token": f"bearer-of-{user}"}

            def remember(self, fact):
                self.facts.append(fact)
                return len(self.facts)

            def answer(self, action, body):
                allowed = self.path == "/login" or self.headers["Authorization"]
                text = json.dumps(action(body)).encode()
                self.send_response(200 if allowed else 401)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass


        server = HTTPServer(("127.0.0.1", 0), Memory)
        server.timeout = 0.05
        part = home / "port.part"
        part.write_text(str(server.server_port))
        part.rename(home / "port")
        for _ in range(20 * 120):  # it ends by itself, should nobody remove it
            server.handle_request()
            if not home.exists():
                break
    ''',
    "docker.py": '''
        """Starts and removes containers, as docker does: they outlive who started them."""

        import os
        import shutil
        import signal
        import subprocess
        import sys
        import time
        import uuid
        from pathlib import Path

        from calling import note

        HERE = Path(__file__).parent
        CONTAINERS = HERE / "world"


        def run():
            note("docker run")
            name = f"cognee-{uuid.uuid4().hex[:8]}"
            home = CONTAINERS / name
            home.mkdir(parents=True)
            child = subprocess.Popen(
                [sys.executable, "-E", "-S", str(HERE / "image.py"), str(home)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            (home / "pid").write_text(str(child.pid))
            deadline = time.monotonic() + 20
            while not (home / "port").exists():
                assert time.monotonic() < deadline, "the container does not start"
                time.sleep(0.01)
            return name


        def port(name):
            return int((CONTAINERS / name / "port").read_text())


        def remove(name):
            note("docker rm")
            home = CONTAINERS / name
            if home.exists():
                os.kill(int((home / "pid").read_text()), signal.SIGKILL)
                shutil.rmtree(home)
    ''',
    "client.py": '''
        """Talks to a container."""

        import json
        from urllib.request import Request, urlopen


        class Client:
            def __init__(self, port):
                self.url = f"http://127.0.0.1:{port}"
                self.headers = {}

            def post(self, path, text):
                request = Request(self.url + path, text.encode(), self.headers)
                return self._read(request)

            def get(self, path):
                return self._read(Request(self.url + path, headers=self.headers))

            def _read(self, request):
                with urlopen(request, timeout=20) as answer:
                    return json.load(answer)
    ''',
    "test_docker_remember_recall.py": """
        import docker
        from calling import note
        from client import Client
        from trouble import product, trouble


        def log_in(client):
            client.headers = {"Authorization": client.post("/login", "default")["token"]}


        def remember(client, fact):
            note(f"remember {fact}")
            trouble(fact)
            return client.post("/remember", fact)


        def recall(client, question):
            note("recall")
            trouble("recall")
            return [fact for fact in client.get("/facts") if question in fact]


        def test_remember_recall(phase):
            name = phase("container", docker.run)
            phase.cleanup(docker.remove, name)
            client = Client(docker.port(name))
            phase.with_options(always=True)("login", log_in, client)
            facts = phase.with_options(inputs=[name], ignore=["client"])
            assert facts("remember bees", remember, client, "bees dance") == 1
            assert facts("remember ants", remember, client, "ants march") == 2
            recalled = facts("recall", recall, client, "bees")
            product(recalled=recalled)
            assert recalled == ["bees dance"]
    """,
}
PLACES = ["recall"]


@pytest.fixture
def shape() -> Shape:
    """Give this module's own shape."""
    return Shape.of(sys.modules[__name__])


def test_a_container_that_nobody_needs_any_more_is_removed(suite: Suite) -> None:
    """Whoever gives up after a kill removes the container with the checkpoint."""
    suite.begin(killed_at="recall")
    (container,) = (suite.project.folder / "world").iterdir()
    (document,) = suite.project.documents()
    listed = suite.milepost("ls")
    removed = suite.milepost("rm", "--yes", document.stem.removeprefix("checkpoint_"))
    assert container.name in listed.text
    assert removed.code == 0, removed.text
    assert removed.calls == ["docker rm"], removed.text
    assert suite.left == []


def test_no_checkpoint_holds_the_token(suite: Suite) -> None:
    """What logs the client in is made in every run, and never written."""
    suite.begin(broken_at="recall")
    files = [path for path in suite.project.checkpoints.rglob("*") if path.is_file()]
    assert files
    assert not any(b"bearer-of" in path.read_bytes() for path in files)
