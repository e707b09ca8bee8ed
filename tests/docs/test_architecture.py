"""ARCHITECTURE.md shows the house as it is."""

import re

from tests.docs.page import ROOT, Page
from tests.docs.test_pages import LINK, anchors

PACKAGE = ROOT / "src" / "milepost"
OTHERS = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")


def drawn() -> list[str]:
    """Give the modules in the drawing, relative to the package."""
    found, folder = [], ""
    (drawing,) = [b for b in Page(ROOT / "ARCHITECTURE.md").blocks if b.language == "text"]
    for line in drawing.text.splitlines()[1:]:
        if not line.startswith("    "):
            folder = ""
        if opened := re.match(r"  (\w+/) ", line):
            folder = opened[1]
        found += [folder + name for name in re.findall(r"\b\w+\.py\b", line)]
    return found


def test_every_module_is_drawn_once() -> None:
    """The drawing holds all modules of the package, and no other."""
    modules = [path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")]
    named = [name for name in modules if not name.endswith("/__init__.py")]
    assert sorted(drawn()) == sorted(named)


def test_links_of_the_other_pages_lead_somewhere() -> None:
    """What the pages at the top link to is there."""
    for name in OTHERS:
        for target in LINK.findall(Page(ROOT / name).prose):
            path, _, anchor = target.partition("#")
            assert (ROOT / path).exists(), f"{name} links to {target}"
            assert not anchor or anchor in anchors(ROOT / path), f"{name}: {target}"


def test_paths_that_are_named_exist() -> None:
    """A file or folder that a page at the top names in the repository is there."""
    for name in OTHERS:
        text = (ROOT / name).read_text("utf-8")
        paths = re.findall(r"`((?:tests|docs|examples|src)/[\w./-]+)`", text)
        assert [path for path in paths if not (ROOT / path).exists()] == []
