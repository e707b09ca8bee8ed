"""Small shapes of real suites, each with what the doctor must say of it."""

from typing import NamedTuple


class Shape(NamedTuple):
    """One file of tests.

    Attributes:
        source: It.
        found: Level and kind of every finding of its first test.
        text: A part of what is said, where it matters.
    """

    source: str
    found: set[tuple[str, str]]
    text: str = ""


HEAD = """
import asyncio, contextlib, datetime
import http.server, os, random, shutil, socket, sqlite3, subprocess
import tempfile, threading, time, unittest, uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator
import pytest
from calling import note

def make(x: int = 0) -> str:
    note("make"); return str(x)
def plain(x=None):
    note("plain"); return x
def measure(x) -> str:
    note("measure"); return str(x)
def new_id() -> str:
    note("new_id"); return f"u-{uuid.uuid4().hex[:8]}"
def destroy_cluster(name):
    note("destroy")
@dataclass
class Request:
    text: str
class Session:
    def __init__(self):
        self.connection = sqlite3.connect(":memory:")
"""

SHAPES: dict[str, Shape] = {
    # Without any finding.
    "clean": Shape(
        """
        def test_it(phase):
            a = phase("a", make, 1)
            b = phase("b", plain, a)
            assert phase("c", measure, Request("x")) and b
        """,
        set(),
    ),
    "clean_remember": Shape(
        """
        def test_it(phase):
            user = phase.remember("user", new_id)
            assert phase("a", plain, f"name-{user}")
        """,
        set(),
    ),
    "clean_marker": Shape(
        """
        @pytest.fixture
        def user():
            return new_id()
        @pytest.mark.milepost(remember=["user"])
        def test_it(phase, user):
            phase("a", plain, user)
        """,
        set(),
    ),
    "clean_directory": Shape(
        """
        def test_it(phase):
            phase("a", plain, phase.directory / "out.txt")
        """,
        set(),
    ),
    "clean_loop": Shape(
        """
        def test_it(phase):
            for each in ["a", "b"]:
                phase(f"fit {each}", plain, each)
            for attempt in range(3):
                phase("same", make, 1)
            sizes = [phase(f"size {n}", make, n) for n in range(3)]
        """,
        set(),
    ),
    "clean_branches": Shape(
        """
        def test_it(phase):
            if os.name == "nt":
                phase("a", make, 1)
            else:
                phase("a", make, 2)
        """,
        set(),
    ),
    "clean_async": Shape(
        """
        async def work(x: int) -> list[int]:
            note("work"); return [x]
        async def test_it(phase):
            a = await phase.with_options(timeout=5)("a", work, 1)
            b, c = await asyncio.gather(phase("b", work, 2), phase("c", work, 3))
        """,
        set(),
    ),
    "clean_measured": Shape(
        """
        def test_it(phase):
            started = time.time()
            phase("a", make, 1)
            assert time.time() - started < 60
        """,
        set(),
    ),
    "clean_cleanup": Shape(
        """
        @pytest.fixture(scope="module")
        def cluster(module_phase):
            name = module_phase("cluster", make, 1)
            module_phase.cleanup(destroy_cluster, name)
            yield name
        def test_it(module_phase, cluster):
            module_phase("use", plain, cluster)
        """,
        set(),
    ),
    "clean_closing": Shape(
        """
        @pytest.fixture
        def url():
            connection = sqlite3.connect("x.db")
            yield "x.db"
            connection.close()
        def test_it(phase, url):
            phase("a", plain, url)
        """,
        set(),
    ),
    "clean_reset_phase": Shape(
        """
        def drop_all():
            note("drop")
        @pytest.fixture
        def reset(phase):
            phase("reset", drop_all)
        def test_it(reset, phase):
            phase("a", make, 1)
        """,
        set(),
    ),
    "clean_unittest": Shape(
        """
        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _give_phase(self, phase):
                self.phase = phase
            def test_it(self):
                self.phase("submit", make, 1)
        """,
        set(),
    ),
    "clean_ordered": Shape(
        """
        class TestIt:
            def test_create(self, class_phase):
                assert class_phase("create", make, 1)
            def test_use(self, class_phase):
                assert class_phase("use", make, 2)
        """,
        set(),
    ),
    "clean_ignored": Shape(
        """
        def use(client, x: int) -> int:
            note("use"); return x
        def test_it(phase):
            client = Session()
            phase.with_options(ignore=["client"])("use", use, client, 1)
        """,
        set(),
    ),
    "clean_seeded": Shape(
        """
        def test_it(phase):
            chance = random.Random(42)
            phase("a", plain, chance.random())
        """,
        set(),
    ),
    "clean_always": Shape(
        """
        def test_it(phase):
            login = phase.with_options(always=True)("login", sqlite3.connect, ":memory:")
            phase("a", make, 1)
        """,
        set(),
    ),
    "clean_named_cases": Shape(
        """
        @pytest.mark.parametrize("n", [1, 2])
        def test_it(phase, n):
            phase("a", make, n)
        """,
        set(),
    ),
    "clean_seed": Shape(
        """
        def test_it(execute_phase_with_checkpoint):
            execute_phase_with_checkpoint("discovery", make)
        """,
        set(),
    ),
    "clean_server": Shape(
        """
        @contextlib.contextmanager
        def serving():
            with http.server.HTTPServer(("127.0.0.1", 8000), None) as server:
                yield "url"
                server.shutdown()
        @pytest.fixture(scope="session")
        def url():
            with serving() as url:
                yield url
        def test_it(phase, url):
            phase("a", make, 1)
        """,
        set(),
    ),
    "clean_own_context": Shape(
        """
        class Console:
            def __enter__(self):
                return self
            def __exit__(self, *error):
                self.connection = None
        def open_console():
            return Console()
        @pytest.fixture
        def console():
            with open_console() as console:
                yield console
        def test_it(phase, console):
            phase("a", make, 1)
        """,
        set(),
    ),
    "clean_other_owner": Shape(
        """
        @pytest.fixture
        def phase():
            return lambda *args: note("phase")
        @pytest.mark.milepost
        def test_it(milepost, phase):
            phase("a", lambda x: x, new_id())
            milepost("a", make, 1)
        """,
        set(),
    ),
    # What is returned.
    "generator": Shape(
        """
        def lines():
            note("lines"); yield 1
        def test_it(phase):
            phase("lines", lines)
        """,
        {("problem", "generator")},
        "yields: what it gives can be read only once",
    ),
    "async_generator": Shape(
        """
        async def events():
            note("events"); yield 1
        async def test_it(phase):
            phase("events", events)
        """,
        {("problem", "generator")},
    ),
    "live_result": Shape(
        """
        def connect() -> sqlite3.Connection:
            note("connect")
        def test_it(phase):
            phase("connect", connect)
        """,
        {("problem", "return")},
        "cannot be restored",
    ),
    "unsaid_result": Shape(
        """
        def connect():
            note("connect"); return Session()
        def test_it(phase):
            phase("connect", connect)
        """,
        {("problem", "return")},
        "has no annotation: the value would not be kept",
    ),
    "unsaid_argument": Shape(
        """
        def test_it(phase):
            phase("a", plain, Request("x"))
        """,
        {("problem", "return")},
        "returns a test_unsaid_argument.Request",
    ),
    "lambda": Shape(
        """
        def test_it(phase):
            phase("a", lambda x: x, 1)
        """,
        {("note", "lambda")},
    ),
    "timeout": Shape(
        """
        def test_it(phase):
            phase.with_options(timeout=5)("a", make, 1)
        """,
        {("note", "timeout")},
        "its late value is kept",
    ),
    # What is given.
    "live_fixture": Shape(
        """
        @pytest.fixture
        def client():
            return Session()
        def use(client) -> str:
            note("use")
        def test_it(phase, client):
            phase("use", use, client)
        """,
        {("note", "live")},
        "argument 'client' (test_live_fixture.Session) is live",
    ),
    "live_annotated": Shape(
        """
        @pytest.fixture
        def shell() -> Iterator[subprocess.Popen]:
            yield open_shell()
        def test_it(phase, shell):
            phase("use", measure, shell)
        """,
        {("note", "live")},
        "(subprocess.Popen) is live",
    ),
    "live_parameter": Shape(
        """
        def use(connection: sqlite3.Connection) -> str:
            note("use")
        def test_it(phase, request):
            phase("use", use, request.config.somewhere)
        """,
        {("note", "live")},
    ),
    "live_closure": Shape(
        """
        def test_it(phase):
            lock = sqlite3.connect(":memory:")
            phase("use", lambda: measure(lock))
        """,
        {("note", "live")},
    ),
    "random_fixture": Shape(
        """
        @pytest.fixture(scope="module")
        def user():
            return new_id()
        def test_it(phase, user):
            phase("a", plain, user)
        """,
        {("problem", "random")},
        'remember=["user"]',
    ),
    "random_text": Shape(
        """
        def test_it(phase):
            name = f"cluster-{random.randint(1, 9)}"
            phase("a", plain, name)
        """,
        {("problem", "random")},
    ),
    "random_module": Shape(
        """
        RUN = "run-" + str(os.getpid())
        def test_it(phase):
            phase("a", plain, RUN)
        """,
        {("problem", "random")},
    ),
    "random_time": Shape(
        """
        def test_it(phase):
            phase("a", plain, datetime.datetime.now().isoformat())
        """,
        {("problem", "random")},
        "is the time of this run",
    ),
    "random_folder": Shape(
        """
        def test_it(phase, tmp_path):
            out = tmp_path / "out"
            phase("a", plain, str(out / "x"))
        """,
        {("problem", "random")},
        "phase.directory",
    ),
    "random_port": Shape(
        """
        @pytest.fixture
        def url():
            place = socket.socket()
            place.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
            place.close()
        def test_it(phase, url):
            phase("a", plain, url)
        """,
        {("problem", "random")},
    ),
    # Names.
    "twice": Shape(
        """
        def test_it(phase):
            phase("a", make, 1)
            phase("a", make, 2)
        """,
        {("problem", "name")},
    ),
    "loop": Shape(
        """
        def test_it(phase):
            for each in [1, 2]:
                phase("fit", make, each)
        """,
        {("problem", "name")},
        "Put the item into the name",
    ),
    "helper_twice": Shape(
        """
        def helper(p, n):
            return p("a", make, n)
        def test_it(phase):
            helper(phase, 1)
            helper(phase, 2)
        """,
        {("problem", "name")},
    ),
    # What stands around.
    "teardown": Shape(
        """
        @pytest.fixture(scope="module")
        def cluster():
            yield "c"
            destroy_cluster("c")
        def test_it(phase, cluster):
            phase("a", plain, cluster)
        """,
        {("problem", "teardown")},
        "Use module_phase.cleanup",
    ),
    "finalizer": Shape(
        """
        @pytest.fixture
        def cluster(request):
            request.addfinalizer(lambda: destroy_cluster("c"))
            return "c"
        def test_it(phase, cluster):
            phase("a", plain, cluster)
        """,
        {("problem", "teardown")},
    ),
    "own_context": Shape(
        """
        class Cluster:
            def __enter__(self):
                return self
            def __exit__(self, *error):
                destroy_cluster(self)
        @pytest.fixture(scope="class")
        def cluster():
            with Cluster() as cluster:
                yield cluster
        def test_it(phase, cluster):
            phase("a", make, 1)
        """,
        {("problem", "teardown")},
        "Use class_phase.cleanup",
    ),
    "finally": Shape(
        """
        def test_it(phase):
            try:
                phase("a", make, 1)
            finally:
                subprocess.run(["docker", "rm", "-f", "x"])
        """,
        {("problem", "teardown")},
    ),
    "temporary": Shape(
        """
        def test_it(phase):
            with tempfile.TemporaryDirectory() as folder:
                phase("a", plain, folder)
        """,
        {("problem", "teardown"), ("problem", "random")},
    ),
    "unknown_teardown": Shape(
        """
        @pytest.fixture
        def deployment():
            yield "d"
            settle_bills()
        def test_it(phase, deployment):
            phase("a", plain, deployment)
        """,
        {("note", "teardown")},
    ),
    "xunit": Shape(
        """
        class TestIt:
            def teardown_method(self):
                shutil.rmtree("data")
            def test_it(self, phase):
                phase("a", make, 1)
        """,
        {("problem", "teardown")},
    ),
    "set_up": Shape(
        """
        class Base:
            metadata: Any = None
        @pytest.fixture(scope="module")
        def database():
            Base.metadata.drop_all()
            return "url"
        def test_it(phase, database):
            phase("a", plain, database)
        """,
        {("problem", "set-up")},
        "Make it the first phase",
    ),
    "set_up_sql": Shape(
        """
        @pytest.fixture(autouse=True)
        def empty():
            sqlite3.connect("x.db").execute("DROP TABLE t")
        def test_it(phase):
            phase("a", make, 1)
        """,
        {("problem", "set-up")},
    ),
    # How tests ask.
    "scope": Shape(
        """
        @pytest.fixture(scope="module")
        def work(class_phase):
            return class_phase("a", make, 1)
        def test_it(work):
            assert work
        """,
        {("problem", "scope")},
        "Use module_phase in it",
    ),
    "unittest": Shape(
        """
        class TestIt(unittest.TestCase):
            def test_it(self, phase):
                phase("a", make, 1)
        """,
        {("problem", "unittest")},
        "autouse=True",
    ),
    "nameless_case": Shape(
        """
        @pytest.mark.parametrize("client", [Session()])
        def test_it(phase, client):
            phase("a", make, 1)
        """,
        {("problem", "identity")},
        "Give the case an id",
    ),
    "no_phase": Shape(
        """
        def test_it(phase):
            assert plain(1)
        """,
        {("note", "no-phase")},
    ),
    # Followed.
    "of_class": Shape(
        """
        @pytest.fixture(scope="class")
        def of_class(request, class_phase):
            request.cls.phase = class_phase.with_options(timeout=3)
        @pytest.mark.usefixtures("of_class")
        class TestIt(unittest.TestCase):
            def submit(self, n):
                return self.phase("a", make, n)
            def test_it(self):
                self.submit(1)
        """,
        {("note", "timeout")},
    ),
    "kept_and_random": Shape(
        """
        def test_it(phase, tmp_path):
            name = phase.remember("name", make)
            phase("a", plain, tmp_path / name)
        """,
        {("problem", "random")},
    ),
    "helper": Shape(
        """
        def deploy(phase, name):
            return phase("deploy", plain, name)
        def test_it(phase):
            deploy(phase, new_id())
        """,
        {("problem", "random")},
    ),
    "method": Shape(
        """
        class TestIt:
            def _deploy(self, phase):
                return phase("deploy", lambda x: x, 1)
            def test_it(self, phase):
                self._deploy(phase)
        """,
        {("note", "lambda")},
    ),
    "holder": Shape(
        """
        class Pipeline:
            def __init__(self, phase):
                self.phase = phase
            def run(self):
                return self.phase("run", lambda x: x, 1)
        def test_it(phase):
            Pipeline(phase).run()
        """,
        {("note", "lambda")},
    ),
    "in_fixture": Shape(
        """
        @pytest.fixture
        def code(phase, tmp_path):
            return phase("code", plain, tmp_path)
        def test_it(code):
            assert code
        """,
        {("problem", "random")},
    ),
    "asked_late": Shape(
        """
        def test_it(request):
            phase = request.getfixturevalue("phase")
            phase("a", lambda x: x, 1)
        """,
        {("note", "lambda")},
    ),
    "other_name": Shape(
        """
        def test_it(milepost):
            run = milepost.with_options(timeout=3)
            run("a", make, 1)
        """,
        {("note", "timeout")},
    ),
}
