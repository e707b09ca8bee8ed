"""A flow in a browser, whose page and session are gone with each run.

The clicks start over; what is restored is the data behind the page and what it gave.
"""

SUITE = 29
FILES = {
    "drop.py": '''
        """A drop for documents: a site with sessions in memory, before a database."""

        import json
        import sqlite3
        import uuid
        from contextlib import closing, contextmanager
        from http.cookies import SimpleCookie
        from http.server import BaseHTTPRequestHandler, HTTPServer
        from pathlib import Path
        from threading import Thread

        from calling import note

        PATH = Path(__file__).with_name("world") / "drop.db"


        def submit(text):
            note("submit")
            codename = f"source-{uuid.uuid4().hex[:8]}"
            PATH.parent.mkdir(exist_ok=True)
            with closing(sqlite3.connect(PATH)) as database, database:
                database.execute("create table if not exists documents (source, text)")
                row = (codename, text[::-1])
                database.execute("insert into documents values (?, ?)", row)
            return codename


        def erase():
            note("erase")
            PATH.unlink(missing_ok=True)


        class Site(BaseHTTPRequestHandler):
            sessions: set[str] = set()

            def do_GET(self):
                if self.path == "/login":
                    session = uuid.uuid4().hex
                    self.sessions.add(session)
                    self.answer({}, session)
                    return
                cookie = SimpleCookie(self.headers["Cookie"]).get("session")
                assert cookie and cookie.value in self.sessions
                with closing(sqlite3.connect(PATH)) as database:
                    self.answer(dict(database.execute("select * from documents")))

            def answer(self, value, session=""):
                text = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                if session:
                    self.send_header("Set-Cookie", f"session={session}")
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass


        @contextmanager
        def standing():
            with HTTPServer(("127.0.0.1", 0), Site) as server:
                thread = Thread(target=server.serve_forever, args=(0.01,))
                thread.start()
                yield f"http://127.0.0.1:{server.server_port}"
                server.shutdown()
                thread.join()
    ''',
    "browser.py": '''
        """A browser, as far as this flow needs one: cookies, and the page that is open."""

        import json
        from http.cookiejar import CookieJar
        from urllib.request import HTTPCookieProcessor, build_opener


        class Browser:
            def __init__(self, url):
                self.url = url
                self.jar = CookieJar()
                self.page = {}
                self._open = build_opener(HTTPCookieProcessor(self.jar)).open

            def go(self, path):
                with self._open(self.url + path, timeout=20) as answer:
                    self.page = json.load(answer)
    ''',
    "test_submit_and_retrieve.py": """
        import pytest
        from browser import Browser
        from calling import note
        from drop import erase, standing, submit
        from trouble import product, trouble


        @pytest.fixture
        def browser():
            with standing() as url:
                yield Browser(url)


        def decrypt(document):
            note("decrypt")
            trouble("decrypt")
            return document[::-1]


        class JournalistSteps:
            def log_in(self):
                note("log in")
                self.browser.go("/login")

            def read_inbox(self, codename):
                note("read inbox")
                self.browser.go("/documents")
                return self.browser.page[codename]


        class TestSubmitAndRetrieve(JournalistSteps):
            def test_happy_path(self, phase, browser):
                self.browser = browser
                phase.cleanup(erase)
                codename = phase("submit", submit, "the minutes")
                in_page = phase.with_options(always=True)
                in_page("log in", self.log_in)
                document = in_page("read inbox", self.read_inbox, codename)
                text = phase("decrypt", decrypt, document)
                assert text == "the minutes"
                product(text=text)
    """,
}
PLACES = ["decrypt"]
REPEATS = ["log in", "read inbox"]  # a page cannot be given back
