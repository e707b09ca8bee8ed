"""Every page is true: its code runs, its commands print what it shows."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.page import CODE, PAGES, ROOT, Page
from tests.docs.story import Story

LANGUAGES = {*CODE, "console", "json", "sh", "text"}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def name_of(path: Path) -> str:
    """Name a page in the test's id."""
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(params=PAGES, ids=name_of)
def page(request: pytest.FixtureRequest) -> Page:
    """Give each page."""
    return Page(request.param)


@pytest.mark.skipif(
    pytest.version_tuple < (9,), reason="the pages show what pytest 9 prints"
)
def test_a_page_can_be_followed(page: Page, tmp_path: Path) -> None:
    """Whoever types what a page says sees what it shows."""
    Story(page, tmp_path / "project").tell()


def test_every_block_is_run_or_says_why_not(page: Page) -> None:
    """No code stands in a page that nobody runs, unless the page gives the reason."""
    for block in page.blocks:
        assert block.language in LANGUAGES, f"{page.name}:{block.start}"
        assert block.note[:8] != "not run:" or len(block.reason) > 10
        if block.language in {"sh", "ini", "yaml"} and not block.file:
            assert block.reason, f"{page.name}:{block.start} is not run, and says nothing"


def test_data_in_a_page_is_well_formed(page: Page) -> None:
    """JSON and TOML that are shown can be read."""
    for block in page.blocks:
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            assert tomllib.loads(block.text)


def test_links_lead_somewhere(page: Page) -> None:
    """A link inside the repository leads to a file, and to a heading that is there."""
    for target in LINK.findall(page.prose):
        if "://" not in target:
            name, _, anchor = target.partition("#")
            path = page.path.parent / name if name else page.path
            assert path.exists(), f"{page.name} links to {target}"
            assert not anchor or anchor in anchors(path), f"{page.name} links to {target}"


def anchors(path: Path) -> set[str]:
    """Give the anchors that GitHub makes from the headings of a page."""
    headings = [heading.lower().replace(" ", "-") for heading in Page(path).headings]
    return {re.sub(r"[^\w-]", "", heading) for heading in headings}
