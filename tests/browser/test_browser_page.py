"""A page's state is new in every run; the data behind it is restored."""

import shutil

import pytest

from tests.project import Project

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="needs chromium: apt install chromium, or make browser"
)
SHOP = """
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from calling import note


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/login":
            note("login")
            self.answer("<h1>Hello</h1>", ("Set-Cookie", "user=ana"))
        elif "user=ana" not in self.headers.get("Cookie", ""):
            self.answer("<h1>Who are you?</h1>")
        else:
            self.answer(f"<h1>Order {self.path.rpartition('/')[2]}</h1>")

    def answer(self, text, *headers):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        for header in headers:
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
"""
TEST = f"""
import pathlib

import pytest
from playwright.sync_api import sync_playwright

from calling import note
from shop import serve

ROOT = pathlib.Path(__file__).parent
QUIET = ["--disable-gpu", "--disable-background-networking", "--disable-sync"]


def create_order(title):
    note("order")
    return 7


def pay(order):
    note("pay")
    if not (ROOT / "money").exists():
        raise ValueError("no money")
    return f"paid {{order}}"


def log_in(page, url):
    page.goto(f"{{url}}/login")


@pytest.fixture
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path={CHROMIUM!r}, args=QUIET, chromium_sandbox=False
        )
        yield browser.new_page()
        browser.close()


@pytest.fixture(scope="module")
def url():
    return serve()


def test_checkout(phase, page, url):
    order = phase("order", create_order, "book")
    phase.with_options(always=True)("login", log_in, page, url)
    page.goto(f"{{url}}/orders/{{order}}")
    assert page.locator("h1").inner_text() == "Order 7"
    phase("pay", pay, order)
"""


def test_a_page_is_opened_anew_and_its_data_is_restored(project: Project) -> None:
    """The order is made once, and every run logs in again with a new page."""
    project.write("shop.py", SHOP)
    project.write("test_shop.py", TEST)
    broken = project.run()
    (project.folder / "money").touch()
    resumed = project.run()

    assert broken.outcomes() == {"failed": 1}, broken.text
    assert broken.calls == ["order", "login", "pay"]
    assert resumed.passed, resumed.text
    assert resumed.calls == ["login", "pay"]
    assert "order  restored" in resumed.text
