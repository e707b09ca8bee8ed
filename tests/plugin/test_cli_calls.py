"""The command line: what a test has bought, bought again, and what to resolve."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost import CheckpointManager
from milepost.journal import Journal, JournalReader, read_journal
from tests.project import Project

TEST_ID = "pipeline_abc12345"
URL = "https://api.example.com/v1/messages"
WRITE, PAY = "a1".ljust(64, "0"), "d1".ljust(64, "0")


def _journal(manager: CheckpointManager, generation: str) -> Journal:
    lease = manager.writer.go_on(TEST_ID)
    folder = manager.store.data_path(TEST_ID)
    return Journal(
        folder,
        generation,
        fence=lease.fence,
        run=manager.run,
        may_write=lambda: lease.check(TEST_ID),
    )


@pytest.fixture
def bought(project: Project) -> Project:
    """Give a project with a test that bought a step, its call, and began to pay."""
    manager = CheckpointManager(project.checkpoints)
    checkpoint = manager.create_checkpoint("A pipeline", TEST_ID, "", ("plan", "code"))
    manager.complete_phase(checkpoint, "plan", {"tasks": 3})
    journal = _journal(manager, checkpoint.generation)
    call = {"method": "POST", "url": URL, "seconds": 1.5, "response": {"text": "Hello"}}
    call |= {"usage": {"model": "opus", "total_tokens": 1200}, "cost": {"usd": 0.25}}
    made = journal.append("call", "ca", path=("plan", "write#a1000000"), body=call)
    step: dict[str, object] = {
        "name": "write",
        "label": "a.py",
        "code": "c",
        "schema": None,
        "data": 1,
    }
    step |= {"used": [made.id], "seconds": 2.0}
    journal.append("step", WRITE, path=("plan",), body=step)
    body = {"name": "pay", "label": None}
    journal.append("intention", PAY, path=("code",), body=body)
    journal.close()
    manager.close()
    return project


def _reader(project: Project) -> JournalReader:
    generation = project.document()["milepost"]["generation"]
    return read_journal(project.checkpoints / f"{TEST_ID}.d", generation)


def _segment(project: Project) -> Path:
    (path,) = (project.checkpoints / f"{TEST_ID}.d").glob("journal-*")
    return path


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Give both ends of a terminal."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def test_show_calls_shows_phases_steps_and_calls(bought: Project) -> None:
    """What was bought stands where it was bought, with model, tokens, price and words."""
    before = {path: path.read_bytes() for path in bought.checkpoints.rglob("journal-*")}
    result = bought.milepost("show", "pipeline", "--calls")
    assert result.code == 0, result.text
    plan, step, call, code, pay = result.text.splitlines()
    assert plan == "plan: 1,200 tokens, $0.25"
    assert step.startswith("  write#a1000000 [a.py]  kept 2")
    assert step.endswith("  2.0 s  1,200 tokens  $0.25  1")
    assert call.startswith(f"    POST {URL}  kept 2")
    assert call.endswith("  1.5 s  opus  1,200 tokens  $0.25  Hello")
    assert code == "code"
    assert pay.startswith("  pay#d1000000  began, and nobody knows how it ended")
    after = {path: path.read_bytes() for path in bought.checkpoints.rglob("journal-*")}
    assert after == before


def test_show_calls_as_json(bought: Project) -> None:
    """The same for programs."""
    found = json.loads(bought.milepost("show", TEST_ID, "--calls", "--json").text)
    assert (found["test_id"], found["broken_lines"]) == (TEST_ID, 0)
    plan, code = found["purchases"]
    assert plan["inside"][0]["inside"][0]["usage"]["model"] == "opus"
    assert code["inside"][0]["kind"] == "intention"


def test_show_calls_counts_broken_lines(bought: Project) -> None:
    """A damaged line costs itself alone, and is said."""
    path = _segment(bought)
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first.replace(b"Hello", b"HELLO") + b"".join(rest))
    text = bought.milepost("show", TEST_ID, "--calls").text
    assert "⚠️ 1 broken line: what they held is lost, the others are used." in text
    assert "write#a1000000 [a.py]" in text


def test_show_calls_of_nothing_says_so(project: Project) -> None:
    """A test that bought nothing has no tree."""
    manager = CheckpointManager(project.checkpoints)
    manager.create_checkpoint("A pipeline", TEST_ID)
    manager.close()
    text = project.milepost("show", TEST_ID, "--calls").text
    assert text == f"{TEST_ID} has bought nothing that is kept.\n"


def test_buying_again_drops_and_sets_the_phase_back(bought: Project) -> None:
    """What is bought again is named with its price, and its phase runs again."""
    result = bought.milepost("rm", TEST_ID, "--calls", "--yes")
    assert result.code == 0, result.text
    assert result.text.splitlines() == [
        "To be bought again: 1 step and 1 call, which had cost $0.25",
        "To be run again: plan",
        "Dropped: the next run buys it again.",
    ]
    reader = _reader(bought)
    assert reader.find(WRITE, "step") == []
    assert [record.id for record in reader.records("intention")] == ["1-3"]
    assert not reader.is_dropped("1-3")
    plan = bought.document()["phases"]["plan"]
    assert plan["status"] == "pending"
    assert [kept["reason"] for kept in plan["milepost"]["earlier"]] == ["dropped"]
    assert "  dropped  " in bought.milepost("show", TEST_ID, "--calls").text


@pytest.mark.parametrize("wanted", ["plan", "write", "write#a1000000"])
def test_a_phase_or_a_step_is_bought_again(bought: Project, wanted: str) -> None:
    """The name of a phase, of a step, or of one of several steps says what."""
    assert bought.milepost("rm", TEST_ID, "--calls", wanted, "--yes").code == 0
    assert _reader(bought).find(WRITE, "step") == []


def test_buying_again_twice_drops_nothing_more(bought: Project) -> None:
    """What is to be bought again anyway is not dropped once more."""
    bought.milepost("rm", TEST_ID, "--calls", "--yes")
    again = bought.milepost("rm", TEST_ID, "--calls", "--yes")
    assert (again.code, again.text) == (0, "Nothing is there to be bought again.\n")
    assert len(list(_reader(bought).records("dropped"))) == 1


def test_nothing_is_dropped_where_nobody_can_be_asked(bought: Project) -> None:
    """Without a terminal and without --yes nothing changes, and both are said."""
    before = bought.document()
    result = bought.milepost("rm", TEST_ID, "--calls")
    assert result.code == 1
    assert "To be bought again: 1 step and 1 call, which had cost $0.25" in result.text
    assert "There is no terminal to ask" in result.text
    assert "Say --yes" in result.text
    assert bought.document() == before
    assert len(_reader(bought).find(WRITE, "step")) == 1


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 1)])
def test_somebody_is_asked(
    bought: Project, terminal: tuple[int, int], answer: str, left: int
) -> None:
    """At a terminal the answer decides."""
    ours, theirs = terminal
    os.write(ours, answer.encode())
    done = subprocess.run(
        [sys.executable, "-m", "milepost", "rm", TEST_ID, "--calls"],
        cwd=bought.folder,
        env=bought.environment(),
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == left, done.stderr
    assert len(_reader(bought).find(WRITE, "step")) == left


def test_an_unknown_phase_is_answered_with_the_known(bought: Project) -> None:
    """A slip drops nothing."""
    result = bought.milepost("rm", TEST_ID, "--calls", "paln", "--yes")
    assert result.code == 1
    assert "has no phase and no step 'paln'" in result.text
    assert "It has: plan, code, write" in result.text
    assert len(_reader(bought).find(WRITE, "step")) == 1


@pytest.mark.parametrize(
    "arguments", [("--calls",), ("--all", "--calls"), (TEST_ID, "--forget", "--calls")]
)
def test_buying_again_takes_one_test(bought: Project, arguments: tuple[str, ...]) -> None:
    """Neither all tests nor none are bought again, and nothing is removed instead."""
    assert bought.milepost("rm", *arguments).code == 2
    assert len(bought.documents()) == 1


@pytest.mark.parametrize(
    "arguments",
    [("rm", TEST_ID, "--calls", "--yes"), ("resolve", TEST_ID, "pay", "--not-done")],
)
def test_nothing_changes_under_a_run(bought: Project, arguments: tuple[str, ...]) -> None:
    """A journal belongs to the run that holds the checkpoint."""
    manager = CheckpointManager(bought.checkpoints)
    manager.hold(TEST_ID)
    before = _segment(bought).read_bytes()
    try:
        result = bought.milepost(*arguments)
    finally:
        manager.close()
    assert result.code == 1
    assert "is held by another run" in result.text
    assert _segment(bought).read_bytes() == before


def test_resolve_says_that_a_step_has_happened(bought: Project) -> None:
    """Its value is kept as if the step had given it."""
    result = bought.milepost("resolve", TEST_ID, "pay", "--done", '{"id": 7}')
    assert result.text == "Resolved: pay#d1000000 has happened.\n"
    (record,) = _reader(bought).find(PAY, "resolved")
    assert record.path == ("code",)
    assert (record.body["intention"], record.body["done"]) == ("1-3", True)
    assert record.body["data"] == {"id": 7}

    again = bought.milepost("resolve", TEST_ID, "pay", "--not-done")
    assert again.code == 1
    assert "Of these it is not known: none." in again.text


def test_resolve_says_that_a_step_has_not_happened(bought: Project) -> None:
    """It runs again then."""
    result = bought.milepost("resolve", TEST_ID, "pay#d1000000", "--not-done")
    assert result.text == "Resolved: pay#d1000000 has not happened: it runs again.\n"
    (record,) = _reader(bought).find(PAY, "resolved")
    assert (record.body["intention"], record.body["done"]) == ("1-3", False)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("pay",), 2, "Say one of --done JSON and --not-done."),
        (("pay", "--done", "1", "--not-done"), 2, "Say one of --done JSON"),
        (("pay", "--done", "{"), 1, "'{' is no JSON"),
        (("pay", "--done", '"sk-ant-api03-Zq8Rk2LmVx7Tn4Wb9Yc1Hd6J"'), 1, "secret"),
        (("refund", "--not-done"), 1, "it is not known: pay#d1000000."),
    ],
)
def test_resolve_refuses_what_is_unclear(
    bought: Project, arguments: tuple[str, ...], code: int, told: str
) -> None:
    """What cannot be meant is said, and nothing is written."""
    result = bought.milepost("resolve", TEST_ID, *arguments)
    assert (result.code, told in result.text) == (code, True), result.text
    assert "Traceback" not in result.text
    assert list(_reader(bought).records("resolved")) == []
