"""Live objects count by their type and their class's code, and nothing of them is run."""

import asyncio
import io
import itertools
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from milepost.fingerprint import Inputs, code_of_class, inputs_of
from tests.unit.sources import Sources

ROOT = Path(__file__).parents[2]


def _take(value: object) -> None:
    """Have one input."""


def _inputs(value: object) -> Inputs:
    return inputs_of(_take, (value,), {}, root=ROOT)


class Wrapper:
    """Hold something live among values."""

    def __init__(self, client: object, model: str) -> None:
        self.client = client
        self.model = model


class Hostile:
    """Fail at whatever is asked."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        raise RuntimeError("hash")


class Lazy:
    """Do something expensive when asked."""

    asked: list[str] = []  # noqa: RUF012 - shared by the case and the class

    def __getattr__(self, name: str) -> Any:
        Lazy.asked.append(name)
        raise AttributeError(name)

    @property
    def connection(self) -> str:
        Lazy.asked.append("connection")
        return "open"

    def __iter__(self) -> Iterator[int]:
        Lazy.asked.append("iter")
        return iter([])


async def _coroutine() -> None:
    """Be awaited by nobody."""


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (httpx.Client, "httpx.Client"),
        (threading.Thread, "threading.Thread"),
        (socket.socket, "socket.socket"),
        (lambda: sqlite3.connect(":memory:"), "sqlite3.Connection"),
        (asyncio.Semaphore, "asyncio.locks.Semaphore"),
        (lambda: (n for n in [1]), "generator"),
        (lambda: iter([1]), "list_iterator"),
        (lambda: map(str, [1]), "map"),
        (lambda: itertools.count(3), "itertools.count"),
        (Mock, "unittest.mock.Mock"),
        (lambda: Wrapper(httpx.Client(), "m"), "tests.unit.test_fingerprint_live.Wrapper"),
        (lambda: io.TextIOWrapper(io.BytesIO()), "_io.TextIOWrapper"),
    ],
)
def test_what_no_codec_can_write_is_live(make: Any, kind: str) -> None:
    """A live object is named with its type, and another of its type is the same input."""
    one, two = make(), make()
    first = _inputs(one)
    assert first.live == {"value": kind}
    assert first == _inputs(two)
    assert first.hashes != _inputs(Hostile()).hashes
    for each in (one, two):
        getattr(each, "close", lambda: None)()


def test_a_live_object_inside_is_named_where_it_stands() -> None:
    """In a container, what can be compared still counts by content."""
    lock = threading.Thread()
    found = _inputs({"clients": [lock, "a"]})
    assert found.live == {"value.clients[0]": "threading.Thread"}
    assert found.hashes != _inputs({"clients": [lock, "b"]}).hashes
    assert found.hashes == _inputs({"clients": [threading.Thread(), "a"]}).hashes


def test_iterators_and_files_are_not_consumed(tmp_path: Path) -> None:
    """Hashing an input leaves it to the phase as it was."""
    numbers = (n for n in range(3))
    (tmp_path / "text").write_text("abc")
    with (tmp_path / "text").open() as file:
        _inputs([numbers, file])
        assert list(numbers) == [0, 1, 2]
        assert file.read() == "abc"


def test_a_coroutine_is_live_and_not_awaited() -> None:
    """A coroutine among the inputs is left alone."""
    coroutine = _coroutine()
    assert _inputs(coroutine).live == {"value": "coroutine"}
    coroutine.close()


def test_nothing_of_an_object_is_run() -> None:
    """Properties, lazy attributes and hostile comparisons are not touched."""
    Lazy.asked.clear()
    assert _inputs(Lazy()).live == {}
    assert _inputs([Lazy()]).live == {}
    assert Lazy.asked == []
    hostile = Hostile()
    assert _inputs({"a": hostile}).hashes == _inputs({"a": Hostile()}).hashes


def test_objects_of_milepost_and_of_pytest_are_no_inputs(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What every test that uses milepost hands around does not count."""
    from milepost import CheckpointManager

    manager = CheckpointManager.__new__(CheckpointManager)
    for value in (request, monkeypatch, request.config, manager):
        assert _inputs(value) == Inputs(hashes={}, live={}, parts={}, volatile={})
        assert _inputs([value, "a"]).live == {}


def test_the_class_of_a_live_object_counts_as_code(tmp_path: Path) -> None:
    """A client of the project's own is known by its code, its bases' included."""
    sources = Sources(tmp_path)
    text = """
        import threading
        class Base:
            def __init__(self): self.thread = threading.Thread()
        class Client(Base):
            def get(self): return helper()
        def helper(): return 1
        def take(value): return value
    """
    sources.write("app.py", text)
    asked = "vars(inputs_of(app.take, (app.Client(),), {}, root=root))"
    before = sources.ask("import app", asked)
    assert before["live"] == {"value": "app.Client"}
    assert set(before["parts"]) == {"app.py::Client", "app.py::Base", "app.py::helper"}
    sources.edit("app.py", "return 1", "return 2")
    after = sources.ask("import app", asked)
    assert after["hashes"] == before["hashes"]
    assert after["parts"] != before["parts"]


def test_a_third_party_class_counts_by_name_and_version() -> None:
    """Another version of a client's distribution is another client."""
    with httpx.Client() as client:
        assert list(_inputs(client).parts) == [f"httpx.Client (httpx {httpx.__version__})"]
    found = code_of_class(httpx.Client, root=ROOT)
    assert list(found) == [f"httpx.Client (httpx {httpx.__version__})"]


def test_the_standard_librarys_classes_count_by_their_names() -> None:
    """A live object of Python itself contributes no code."""
    assert _inputs(subprocess.Popen.__new__(subprocess.Popen)).parts == {}


def test_the_code_of_a_class_can_be_asked_for() -> None:
    """A class of this file is found in it, with what it derives from."""
    assert list(code_of_class(Wrapper, root=ROOT)) == [
        "tests/unit/test_fingerprint_live.py::Wrapper"
    ]
