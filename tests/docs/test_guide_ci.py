"""The guide for CI: its workflow says what a run advises, its table what pytest does."""

import re

import pytest

from milepost import report
from tests.docs.page import ROOT, Page
from tests.project import Project

GUIDE = Page(ROOT / "docs" / "guide-ci.md")
(WORKFLOW,) = [
    block.text
    for block in GUIDE.blocks
    if block.language == "yaml" and "cache/restore@" in block.text
]

# First cell of a row in the guide's table -> the file, and a setting in it.
PLACES = {
    "`pytest.toml`, `[pytest]`": ("pytest.toml", '[pytest]\nmilepost_dir = "kept"'),
    "`pyproject.toml`, `[tool.pytest]`": (
        "pyproject.toml",
        '[tool.pytest]\nmilepost_dir = "kept"',
    ),
    "`pyproject.toml`, `[tool.pytest.ini_options]`": (
        "pyproject.toml",
        '[tool.pytest.ini_options]\nmilepost_dir = "kept"',
    ),
    "`pytest.ini`, `tox.ini` `[pytest]`, `setup.cfg` `[tool:pytest]`": (
        "setup.cfg",
        "[tool:pytest]\nmilepost_dir = kept",
    ),
}


def test_the_workflow_does_what_a_failing_run_advises() -> None:
    """The steps that a run on CI prints are those of the guide, around the tests."""
    advice = "\n".join(report.ci_lines([".milepost"]))
    for step in re.findall(r"actions/\S+|path: \S+|if: \S+", advice):
        assert step in WORKFLOW
    order = ["actions/cache/restore@", "run: pytest", "actions/cache/save@", "if: always()"]
    assert sorted(order, key=WORKFLOW.index) == order
    assert len(set(re.findall(r" path: (.*)", WORKFLOW))) == 1
    assert len(set(re.findall(r" key: (.*)", WORKFLOW))) == 1


def test_a_run_saves_under_a_new_key_and_finds_the_newest() -> None:
    """A cache cannot be changed, so each run has its own key behind a common beginning."""
    (key,) = set(re.findall(r" key: (.*)", WORKFLOW))
    (prefix,) = re.findall(r" restore-keys: (.*)", WORKFLOW)

    assert key.startswith(prefix)
    assert {"run_id", "run_attempt"} <= set(re.findall(r"\w+", key.removeprefix(prefix)))


def _rows() -> dict[str, list[str]]:
    lines = [
        line.strip("| ").split(" | ") for line in GUIDE.lines if line.startswith("| `")
    ]
    return {cells[0]: cells[1:] for cells in lines}


@pytest.mark.parametrize("place", PLACES, ids=["native", "tool", "ini-options", "ini"])
def test_the_table_says_what_this_pytest_reads(place: str, project: Project) -> None:
    """A setting works where the column of this pytest says so, and nowhere else."""
    told = _rows()[place][0 if pytest.version_tuple < (9,) else 1]
    for name in ("pytest.toml", "pytest.ini"):
        (project.folder / name).unlink()
    project.write(*PLACES[place])
    project.write("test_one.py", "def test_one(phase):\n    phase('len', len, 'a')\n")
    assert project.run().passed

    assert (project.folder / "kept").exists() == (told == "read")
    assert (project.folder / ".milepost").exists() == (told != "read")
