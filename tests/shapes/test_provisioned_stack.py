"""A class fixture provisions a stack behind a server; the tests use its outputs."""

SUITE = 11
FILES = {
    "localcloud.py": '''
        """A local cloud behind HTTP: what stands there is in a folder."""

        import json
        from contextlib import contextmanager
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        from pathlib import Path
        from threading import Thread

        from calling import note

        WORLD = Path(__file__).with_name("world")


        class Cloud(BaseHTTPRequestHandler):
            def do_PUT(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                WORLD.mkdir(exist_ok=True)
                self.path_of.write_text(body)
                self.answer(201, body)

            def do_GET(self):
                if self.path_of.exists():
                    self.answer(200, self.path_of.read_text())
                else:
                    self.answer(404, "")

            def do_DELETE(self):
                self.path_of.unlink(missing_ok=True)
                self.answer(200, "")

            @property
            def path_of(self):
                return WORLD / self.path.strip("/")

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass


        @contextmanager
        def running(port=0):
            with ThreadingHTTPServer(("127.0.0.1", port), Cloud) as server:
                thread = Thread(target=server.serve_forever, args=(0.01,))
                thread.start()
                yield server.server_port
                server.shutdown()
                thread.join()
    ''',
    "stack.py": '''
        """Provisions stacks, and works with what stands in them."""

        import json
        from urllib.request import Request, urlopen

        from calling import note
        from trouble import trouble


        class Client:
            """An open client; its port is another one in each run."""

            def __init__(self, port):
                self.url = f"http://127.0.0.1:{port}/"

            def send(self, method, name, value=None):
                body = json.dumps(value).encode() if value is not None else None
                request = Request(self.url + name, body, method=method)
                with urlopen(request, timeout=20) as answer:
                    text = answer.read().decode()
                return json.loads(text) if text else None


        def provision(client, stack):
            note(f"provision {stack}")
            client.send("PUT", f"{stack}-table", {"notes": {}})
            trouble(f"provision {stack}")
            client.send("PUT", f"{stack}-api", {"table": f"{stack}-table"})
            return {"Endpoint": f"{stack}-api"}


        def destroy(stack):
            import localcloud

            note(f"destroy {stack}")
            with localcloud.running() as port:
                for part in ("table", "api"):
                    Client(port).send("DELETE", f"{stack}-{part}")


        def add(client, endpoint, key, text):
            note(f"add {key}")
            trouble(f"add {key}")
            table = client.send("GET", endpoint)["table"]
            notes = client.send("GET", table)["notes"] | {key: text}
            client.send("PUT", table, {"notes": notes})
            return sorted(notes)


        def read(client, endpoint):
            note("read")
            trouble("read")
            return client.send("GET", client.send("GET", endpoint)["table"])["notes"]
    ''',
    "conftest.py": """
        import pytest
        from localcloud import running
        from stack import Client


        @pytest.fixture(scope="session")
        def client():
            with running() as port:
                yield Client(port)
    """,
    "test_note_taking.py": """
        import pytest
        from stack import add, destroy, provision, read
        from trouble import product

        STACK = "NoteTaking"


        @pytest.fixture(scope="class")
        def on_stack(class_phase):
            return class_phase.with_options(ignore=["client"])


        @pytest.fixture(scope="class")
        def endpoint(class_phase, on_stack, client):
            class_phase.cleanup(destroy, STACK)
            return on_stack("stack", provision, client, STACK)["Endpoint"]


        @pytest.fixture(scope="class")
        def keys(on_stack, client, endpoint):
            on_stack("first", add, client, endpoint, "a", "milk")
            return on_stack("second", add, client, endpoint, "b", "bread")


        class TestNoteTaking:
            def test_endpoint(self, endpoint):
                assert endpoint == "NoteTaking-api"

            def test_add(self, keys):
                assert keys == ["a", "b"]

            def test_read(self, on_stack, client, endpoint, keys):
                notes = on_stack("read", read, client, endpoint)
                assert notes == {"a": "milk", "b": "bread"}
                product(notes=notes)
    """,
}
PLACES = ["add b", "read"]
RESUME = {"add b": ["-k", "test_add"], "read": ["-k", "test_read"]}
