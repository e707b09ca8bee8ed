"""The reference is complete and up to date, and no page speaks of what does not exist."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from milepost.ini import INI
from tests.docs.page import PAGES, ROOT, Page

OPTIONS = {
    "--milepost",
    "--milepost-from",
    "--milepost-dir",
    "--milepost-deadline",
    "--milepost-budget",
}
# Words that begin like a setting and are none.
NO_SETTINGS = {"milepost_data", "milepost_extra", "milepost_unkept", "milepost_clock"}
NO_SETTINGS |= {
    "milepost_read",
    "milepost_attempts",
    "milepost_earlier",
    "milepost_outcome",
}
FUTURE = re.compile(r"phase\.submit|milepost plan|dashboard")
NOT_YET = ("Not yet", "Todavía no")


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """Give docs/reference.py, which is no package."""
    path = ROOT / "docs" / "reference.py"
    spec = importlib.util.spec_from_file_location("docs_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date(generator: ModuleType) -> None:
    """The page is what the code gives today; `make docs` writes it."""
    assert generator.PAGE.read_text("utf-8") == generator.text()


def test_every_argument_of_the_marker_is_documented(generator: ModuleType) -> None:
    """The marker takes what the reference says, and nothing else."""
    source = (ROOT / "src" / "milepost" / "plugin" / "running.py").read_text("utf-8")
    joined = re.sub(r'"\n\s+"', "", source)
    (registered,) = re.findall(r'"milepost\((.*?)\): ', joined)
    assert registered == ", ".join(f"{name}=" for name in generator.MARKER)


def test_every_option_and_setting_is_in_the_reference() -> None:
    """Whoever looks for a name finds it there."""
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    assert [name for name in (*OPTIONS, *INI) if name not in text] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_name_what_exists(path: Path) -> None:
    """Every option and setting that a page names is a real one."""
    text = path.read_text("utf-8")
    assert set(re.findall(r"--milepost(?:-[a-z]+)*", text)) <= OPTIONS
    settings = set(re.findall(r"\bmilepost_[a-z_]+\b", text)) - NO_SETTINGS
    assert settings <= set(INI)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_does_not_exist_yet_is_named_only_as_such(path: Path) -> None:
    """Nobody reads of a feature that is planned, except under a heading that says so."""
    heading = ""
    for line in Page(path).prose.splitlines():
        heading = line.lstrip("# ") if line.startswith("#") else heading
        if FUTURE.search(line):
            assert heading.startswith(NOT_YET), f"{path.name}, {heading}: {line}"
