"""docs/file-format.md says what really lies on the disk, all of it and nothing else."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.docs.page import ROOT, Page
from tests.docs.stand_in import answering
from tests.project import Project

Object = dict[str, Any]
PAGE = Page(ROOT / "docs" / "file-format.md")
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$")

_CLEANUPS = {"cleanup": "A clean-up", "done": "A clean-up that was made"}

# So many fields of a record in the journal do not depend on its kind.
_OF_ALL_KINDS = 10

# What runs leave behind in three runs: every field that is written today.
STORY = """
    import asyncio
    import os
    import threading
    import uuid
    from contextlib import suppress

    import pytest
    from dataclasses import dataclass
    from pathlib import Path

    from milepost import RetryConfig, step

    RETRY = RetryConfig(max_retries=1, initial_delay=0.01)

    @dataclass
    class Plan:
        tasks: list[str]

    class Client:
        def __init__(self):
            self.stream = open(os.devnull)

    def describe(client):
        return {"domain": "tasks", "entities": 8}

    def make_plan(domain) -> Plan:
        return Plan([domain["domain"]])

    def enlarge(word):
        return [word] * 20000

    async def wait():
        return "waited"

    def pay(phase):
        phase.add_cost(usd=0.5, tokens=1000)
        if not Path("paid").exists():
            Path("paid").touch()
            raise ConnectionResetError(104, "Connection reset by peer")
        return VERSION

    def pair():
        with suppress(ValueError):
            step("none", int, "no number")
        return step("one", int, 1), 2

    VERSION = 1

    def test_story(phase, tmp_path):
        phase.remember("user", lambda: str(uuid.uuid4()))
        domain = phase("discovery", describe, Client())
        phase("masterplan", make_plan, domain)
        phase("words", enlarge, "word")
        asyncio.run(phase("waiting", wait))
        with pytest.raises(ValueError):
            phase("broken", int, "no number")
        phase.with_options(retry=RETRY)("paying", pay, phase)
        phase("pair", pair)
        phase.cleanup(print, "bye")
        phase("drawing", str, tmp_path)
        phase.with_options(always=True)("lock", threading.Lock)
        assert Path("mended").exists()

    def test_scope(module_phase):
        module_phase("scope", int)
"""


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the checkpoints after some runs."""
    project = Project(tmp_path_factory.mktemp("format") / "project")
    project.write("test_story.py", STORY)
    project.run()
    project.edit("test_story.py", "VERSION = 1", "VERSION = 2")
    project.run()
    path = project.documents()[0]
    path.write_text(path.read_text().replace('"entities": 8', '"entities": 9'))
    project.milepost("accept", json.loads(path.read_text())["test_id"])
    (project.folder / "mended").touch()
    project.run("-o", "milepost_keep=all")
    return project.checkpoints


def tables() -> dict[str, dict[str, tuple[str, str]]]:
    """Read the page: heading -> field -> type and meaning."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    heading = ""
    for line in Page(ROOT / "docs" / "file-format.md").lines:
        if line.startswith("#"):
            heading = line.lstrip("# ").replace("`", "")
        elif row := _ROW.match(line):
            found.setdefault(heading, {})[row[1]] = (row[2], row[3])
    return found


def objects(folder: Path) -> Iterator[tuple[str, Object]]:
    """Give every object that lies there, with the heading that describes it."""
    for path in folder.glob("checkpoint_*.json"):
        document = json.loads(path.read_text("utf-8"))
        own = document["milepost"]
        yield "The document", document
        yield "The document's milepost", own
        for kept in own.get("remembered", {}).values():
            yield "A remembered value", kept
            yield "The record of a value", kept["value"]
        for phase in document["phases"].values():
            yield from _of_phase(phase)
    for path in folder.glob("*.d/cleanups.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            record = json.loads(line)
            yield _CLEANUPS[record["kind"]], record
    for path in folder.glob("*.d/journal-*.jsonl"):
        yield from _of_journal(path.read_text("ascii"))
    for path in folder.glob("history/*/*.json"):
        run = json.loads(path.read_text("utf-8"))
        yield "A run in the history", run
        yield from (("A phase of a run", phase) for phase in run["phases"])


def _of_journal(content: str) -> Iterator[tuple[str, Object]]:
    for line in content.splitlines():
        fields = list(json.loads(line).items())
        yield "A record of the journal", dict(fields[:_OF_ALL_KINDS])


def _of_phase(phase: Object) -> Iterator[tuple[str, Object]]:
    own = phase.get("milepost", {})
    value = own.get("value", {}).get("keys", [])
    yield "A phase", {name: found for name, found in phase.items() if name not in value}
    yield "A phase's milepost", own
    yield from (("An attempt", attempt) for attempt in own.get("attempts", []))
    for kept in own.get("earlier", []):
        yield "An earlier value", kept
        yield "The record of a value", kept["value"]
    if "value" in own:
        yield "The record of a value", own["value"]


def _is_time(value: object) -> bool:
    return (
        isinstance(value, str)
        and value.endswith("Z")
        and bool(datetime.fromisoformat(value))
    )


KINDS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "time": _is_time,
    "count": lambda value: type(value) is int and value >= 0,
    "number": lambda value: type(value) in (int, float),
    "flag": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "any": lambda _: True,
}


def fits(kind: str, value: object) -> bool:
    """Tell whether a value is of a kind as the page names it."""
    name, _, rest = kind.partition(" or ")
    return KINDS[name](value) or (rest == "null" and value is None)


def test_what_is_written_is_described(left_behind: Path) -> None:
    """Every field of every object has a row in its table, with the type that it has."""
    described = tables()
    for heading, found in objects(left_behind):
        for name, value in found.items():
            assert name in described[heading], f"{name} is not under {heading!r}"
            kind = described[heading][name][0]
            assert fits(kind, value), f"{heading}, {name}: {value!r} is no {kind}"


def test_what_is_described_is_written(left_behind: Path) -> None:
    """Every row of the tables names a field that occurs, unless it says: reserved."""
    seen = {(heading, name) for heading, found in objects(left_behind) for name in found}
    described = {
        (heading, name)
        for heading, fields in tables().items()
        for name, (_, meaning) in fields.items()
        if not meaning.startswith("reserved") and heading != "A lease"
    }
    assert described - seen - SHORT_LIVED - ELSEWHERE == set()


# Written a moment before everything is deleted: the next test catches them.
SHORT_LIVED = {("The document's milepost", "removed_at")}
# Written where calls are bought, or items made: other tests do.
ELSEWHERE = {
    ("A run in the history", "outside"),
    *(
        ("A phase of a run", name)
        for name in (
            "unknown_calls",
            "steps_restored",
            "calls_replayed",
            "calls_bought",
            "items",
        )
    ),
}


ONE = """
    def one():
        return 1 / {divisor}

    def test_one(phase):
        phase("one", one)
"""


def test_a_lease_is_described(project: Project) -> None:
    """What lies in a lease while a run writes, and what it says at the end."""
    project.write("test_one.py", ONE.format(divisor=1))
    project.run(kill_at="delete.data-gone")
    (path,) = project.checkpoints.glob("*.d/lease-*")
    lease = json.loads(path.read_text())

    described = tables()["A lease"]
    assert set(lease) == set(described)
    assert all(fits(described[name][0], value) for name, value in lease.items())


def test_the_time_of_a_removal_is_described(project: Project) -> None:
    """A checkpoint that is being removed by hand says since when."""
    project.write("test_one.py", ONE.format(divisor=0))
    project.run()
    command = [sys.executable, "-m", "milepost", "rm", project.document()["test_id"]]
    environment = project.environment(MILEPOST_KILL_AT="delete.begin")
    subprocess.run(command, cwd=project.folder, env=environment, check=False)

    kind, _ = tables()["The document's milepost"]["removed_at"]
    assert fits(kind, project.document()["milepost"]["removed_at"])


BUYING = """
    import openai
    import pytest

    from milepost import step, step_map

    def ask(prompt):
        client = openai.OpenAI(max_retries=0)
        return client.responses.create(model="gpt-5-mini", input=prompt).output_text

    def buy(phase):
        phase.add_cost(usd=0.5)
        step_map("write", ask, ["one", "two"])
        outer = step.with_options(pure=True)("outer", inner)
        return step.with_options(at_most_once=True)("order", str, 1), outer

    def inner():
        return step("inner", ask, "three")

    @pytest.mark.milepost(record=True)
    def test_buying(phase):
        with pytest.raises(openai.NotFoundError):
            openai.OpenAI(max_retries=0).embeddings.create(model="m", input="x")
        phase.with_options(ignore=["phase"])("buy", buy, phase)
        assert 0
"""


def test_the_records_of_the_journal_are_described(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of record has a row, which names all fields that one has."""
    project.write("test_buying.py", BUYING)
    with answering() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        project.run()
    project.milepost("rm", project.document()["test_id"], "--calls", "--yes")

    rows = [line.split("|") for line in PAGE.lines if line.count("|") == 4]
    described = {row[1].strip(): set(re.findall(r"`(\w+)`", row[3])) for row in rows}
    written = [json.loads(line) for line in _lines_of_journal(project.checkpoints)]
    assert {"step", "call", "sent", "unsold", "dropped"} <= {r["kind"] for r in written}
    for record in written:
        own = list(record)[_OF_ALL_KINDS:]
        assert set(own) <= described[record["kind"]], record["kind"]


def _lines_of_journal(folder: Path) -> Iterator[str]:
    for path in folder.glob("*.d/journal-*.jsonl"):
        yield from path.read_text("ascii").splitlines()
