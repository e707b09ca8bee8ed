"""Faults of the protocol, ordered from a stand-in that others have written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.project import Project
from tests.sdks.child_server import ChildServer, child_server

TEST = """
    import json, os
    from pathlib import Path
    import pytest
    from tests.sdks.asking.asker import Access
    from tests.sdks.asking.configurations import ALL

    PLACES = {"anthropic": "/anthropic", "openai-chat": ""}

    def ask(name):
        seconds = float(os.environ["PATIENCE"])
        access = Access(os.environ["MODEL_URL"] + PLACES[name], 2, seconds)
        model = ALL[name].open(access)
        ways = [model.stream] * 5 + [model.whole] * 2
        answers = [answer(way, f"{name} {number}") for number, way in enumerate(ways)]
        Path(f"{name}.{os.environ['RUN']}.json").write_text(json.dumps(answers))
        assert "BROKEN" not in os.environ

    def answer(way, prompt):
        try:
            return way(prompt)
        except Exception as error:
            return f"broke: {type(error).__name__}"

    @pytest.mark.milepost(record=True)
    @pytest.mark.parametrize("name", PLACES)
    def test_pipeline(name, phase):
        phase("ask", ask, name)
"""
PATHS = ["*/messages", "/v1/chat/completions"]
FAULTS = [
    {"type": "stream_fault", "kind": "truncate", "after_chunks": 2},
    {"type": "stream_fault", "kind": "disconnect", "after_chunks": 2},
    {"type": "stream_fault", "kind": "malformed", "after_chunks": 2},
    {"type": "stream_fault", "kind": "stall", "after_chunks": 2, "stall_seconds": 4},
]
REFUSALS = [
    {"type": "fail", "status": 429, "retry_after": 0.05},
    {"type": "fail", "status": 529},
]


@pytest.fixture
def model(tmp_path: Path) -> Iterator[ChildServer]:
    """Give the stand-in, with its faults ordered."""
    with child_server("scripted_model.py", tmp_path / "model.log") as running:
        orders: list[dict[str, Any]] = []
        for path in PATHS:
            orders += [
                fault | {"match": {"path": path, "stream": True}} for fault in FAULTS
            ]
            orders += [one | {"match": {"path": path, "stream": False}} for one in REFUSALS]
        running.ask("/_llmock/scenario", json.dumps({"behaviors": orders}))
        yield running


def served(model: ChildServer) -> tuple[list[str], list[str]]:
    """Tell what it served: every request by its content, and those that went well."""
    requests = json.loads(model.ask("/_llmock/requests"))["requests"]
    well = [
        one["fingerprint"]
        for one in requests
        if one["completed"] and one["status"] == 200 and not one["fault"]
    ]
    return [one["fingerprint"] for one in requests], well


@pytest.mark.torture
def test_only_what_went_well_is_remembered(project: Project, model: ChildServer) -> None:
    """Truncated, dropped, garbled, stalled and refused answers are bought until whole."""
    project.write("test_story.py", TEST)

    def run(number: int, **more: str) -> str:
        patience = "1" if number == 1 else "30"
        environment = {"MODEL_URL": model.url, "RUN": str(number), "PATIENCE": patience}
        root = str(Path(__file__).resolve().parents[2])
        result = project.run(env=environment | {"PYTHONPATH": root} | more)
        assert set(result.outcomes()) - {"warning"} == ({"failed"} if more else {"passed"})
        return result.text

    run(1, BROKEN="1")
    _, first_well = served(model)
    run(2, BROKEN="1")
    second, second_well = served(model)
    run(3)

    assert 0 < len(first_well) < len(PATHS) * 7
    assert sorted(second_well) == sorted(set(second)), "each was whole once, at the end"
    assert served(model)[0] == second
    for name in ("anthropic", "openai-chat"):
        last = [(project.folder / f"{name}.{run}.json").read_text() for run in (2, 3)]
        assert last[0] == last[1]
        assert "broke" not in last[0]
