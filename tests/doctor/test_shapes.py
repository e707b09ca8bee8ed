"""milepost doctor is right about shapes of real suites."""

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.shapes import HEAD, SHAPES
from tests.project import Project


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what the doctor says of all shapes, by file."""
    project = Project(Path(tmp_path_factory.mktemp("shapes")) / "project")
    for name, shape in SHAPES.items():
        project.write(f"test_{name}.py", HEAD + textwrap.dedent(shape.source))
    result = project.milepost("doctor", "--json")
    found = json.loads(result.text[result.text.index("{") :])
    blocks: dict[str, Any] = {"calls": project.all_calls()}
    for block in found["tests"]:
        blocks.setdefault(block["title"].partition(".py")[0], block)
    return blocks


@pytest.mark.parametrize("name", SHAPES)
def test_it_finds_what_there_is_and_nothing_else(said: dict[str, Any], name: str) -> None:
    """Every obstacle of a shape is found, and a clean shape has none."""
    block = said[f"test_{name}"]
    levels = {(each["level"], each["kind"]) for each in block["findings"]}
    assert levels == SHAPES[name].found, block
    text = "\n".join(str(each) for each in block["findings"])
    assert SHAPES[name].text in text


def test_nothing_is_run(said: dict[str, Any]) -> None:
    """No test, fixture, phase or helper of any shape is called."""
    assert len(said) > len(SHAPES)
    assert said["calls"] == []
