"""A user's tests with record=True, in a pytest of their own."""

import json
from typing import Any

import pytest

from tests.project import Project
from tests.recorder.serving import Server

UNTOUCHED = """
    import asyncio, os
    import httpx, pytest
    from calling import note

    URL = os.environ["SERVER"] + "/v1/chat/completions"

    async def ask(client, prompt):
        given = {"model": "gpt-4o", "messages": [{"role": "user", "content": prompt}]}
        answer = await client.post(URL, json=given)
        return answer.json()["choices"][0]["message"]["content"]

    async def code_generation():
        async with httpx.AsyncClient() as client:
            answers = [await ask(client, f"file {n}") for n in range(5)]
            if os.environ.get("BREAK"):
                raise RuntimeError("broken at call 6")
            return answers + [await ask(client, "last")]
"""


def story(project: Project, server: Server, test: str) -> dict[str, str]:
    """Write a project with a test; gives the environment of its runs."""
    project.write("pipeline.py", UNTOUCHED)
    project.write("test_it.py", "from pipeline import *\n" + test)
    return {"SERVER": server.address}


PHASED = """
@pytest.mark.milepost(record=True, retry=0)
def test_it(phase):
    assert len(phase("code", lambda: asyncio.run(code_generation()))) == 6
"""
WHOLE = """
@pytest.mark.milepost(record=True)
def test_it():
    assert len(asyncio.run(code_generation())) == 6
"""


@pytest.mark.parametrize("test", [PHASED, WHOLE], ids=["phase", "test"])
def test_what_a_broken_run_bought_is_not_bought_again(
    test: str, project: Project, server: Server
) -> None:
    """The next run goes on at the call at which the last one broke."""
    given = story(project, server, test)
    first = project.run(env=given | {"BREAK": "1"})
    assert first.code == 1
    assert server.hits == 5

    second = project.run(env=given)
    assert second.passed, second.text
    assert server.hits == 6
    assert "5 calls replayed" in second.text, second.text


@pytest.mark.parametrize("point", ["journal.torn", "journal.written", "journal.synced"])
def test_a_kill_costs_no_more_than_the_call_on_its_way(
    point: str, project: Project, server: Server
) -> None:
    """Killed while the third answer is written, the next run asks for it at most again."""
    given = story(project, server, PHASED)
    project.run(kill_at=f"{point}:6", env=given)
    before = server.hits
    second = project.run(env=given)
    assert second.passed, second.text
    assert server.hits <= 6 + 1
    prompts = [request.prompt for request in server.requests]
    assert sum(prompts.count(prompt) - 1 for prompt in set(prompts)) <= 1, before


HALF_READ = """
kept = []

@pytest.mark.milepost(record=True)
def test_it(phase):
    client = httpx.Client()
    kept.append(client)

    def ask():
        given = {"model": "m", "messages": [{"content": "x"}], "stream": True}
        answer = client.send(client.build_request("POST", URL, json=given), stream=True)
        kept.append(answer)
        pieces = answer.iter_raw()
        kept.append(pieces)
        while b'"stop"' not in next(pieces):
            pass

    phase("ask", ask)
    assert not os.environ.get("BREAK")
"""


def test_an_answer_that_nobody_reads_to_its_end_is_kept(
    project: Project, server: Server
) -> None:
    """A reader that stops at the last word, and never closes, has its answer kept."""
    given = story(project, server, HALF_READ)
    project.run(env=given | {"BREAK": "1"})
    assert len(calls(project)) == 1


TIMED = """
import datetime

@pytest.mark.milepost(record=True)
def test_it(phase):
    def ask():
        given = {"model": "m", "messages": [{"content": f"It is {os.environ['NOW']}."}]}
        httpx.post(URL, json=given).raise_for_status()
        assert not os.environ.get("BREAK")

    phase("ask", ask)
"""


def test_a_miss_is_told_in_the_report(project: Project, server: Server) -> None:
    """The report says which text is another one in each run, and what to do."""
    given = story(project, server, TIMED)
    project.run(env=given | {"BREAK": "1", "NOW": "2026-11-23T07:41:12"})
    second = project.run(env=given | {"NOW": "2026-11-23T09:02:55"})
    assert second.passed, second.text
    text = " ".join(second.text.split())
    assert "$.messages[0].content" in text, text
    assert "it looks like a timestamp; use phase.remember(...)" in text


LATER = """
import sys

def test_before():
    assert "requests" not in sys.modules

@pytest.mark.milepost(record=True)
def test_it():
    import requests
    given = {"model": "m", "messages": [{"content": "x"}]}
    answer = requests.post(URL, json=given).json()
    assert answer["choices"] and not os.environ.get("BREAK")
"""


def test_a_client_that_is_imported_inside_a_test_is_seen(
    project: Project, server: Server
) -> None:
    """A client that nobody had imported when recording began is seen."""
    given = story(project, server, LATER)
    project.run(env=given | {"BREAK": "1"})
    second = project.run(env=given)
    assert second.passed, second.text
    assert server.hits == 1


ALIASED = """
@pytest.mark.milepost(record=True)
def test_it():
    given = {"model": "m", "messages": [{"content": "x"}]}
    answer = httpx.post(URL, json=given).json()
    assert httpx.__name__ == "httpx2"
    assert answer["choices"] and not os.environ.get("BREAK")
"""


def test_one_module_with_two_names_records_once(project: Project, server: Server) -> None:
    """Where httpx means httpx2, a call is recorded once."""
    given = story(project, server, ALIASED)
    project.write("conftest.py", "import httpx2; httpx2.alias_httpx()")
    project.run(env=given | {"BREAK": "1"})
    assert len(calls(project)) == 1
    second = project.run(env=given)
    assert second.passed, second.text
    assert server.hits == 1


def calls(project: Project) -> list[dict[str, Any]]:
    """Read the calls in all journals."""
    lines = [
        json.loads(line)
        for path in project.checkpoints.rglob("journal-*.jsonl")
        for line in path.read_text().splitlines()
    ]
    return [line for line in lines if line["kind"] == "call"]


FORKED = """
@pytest.mark.milepost(record=True)
def test_it():
    pid = os.fork()
    if pid == 0:
        try:
            given = {"model": "m", "messages": [{"content": "child"}]}
            os._exit(0 if httpx.post(URL, json=given).status_code == 200 else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert not os.environ.get("BREAK")
"""


def test_a_forked_child_records_nothing(project: Project, server: Server) -> None:
    """A child process makes its calls itself, and writes nothing."""
    given = story(project, server, FORKED)
    project.run(env=given | {"BREAK": "1"})
    assert server.hits == 1
    assert calls(project) == []
