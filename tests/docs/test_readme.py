"""The recordings in the READMEs: the end-to-end test, broken and continued."""

from pathlib import Path
from typing import Any

import pytest

from examples.mge_v2.stand_in import running_stand_in
from tests.docs.page import ROOT, Page
from tests.docs.story import WRITING
from tests.docs.terminal import difference, mask, shorten
from tests.e2e.checkout import FILE, Checkout

READMES = ("README.md", "README.es.md")
FIRST, SECOND = "the first run", "the second run"
# The call that `make demo` breaks, in each of the four attempts.
BREAKING_CALL, ATTEMPTS = "Task: 28 of 33", 4
# What is written into the page took its real time; what is compared need not.
PATIENT = {"MGE_INITIAL_DELAY": "5.0", "MGE_ACCEPTANCE": "1"}


def record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Run the test until its retries are used up, and again."""
    with running_stand_in(latency=0.2 if WRITING else 0.0) as model:
        model.fault("reset", match=BREAKING_CALL, times=ATTEMPTS)
        checkout = Checkout(folder, model)
        monkeypatch.setenv("COLUMNS", "80")
        more: dict[str, Any] = PATIENT if WRITING else {}
        first, second = checkout.run(**more), checkout.run(**more)
    assert (first.code, second.code) == (1, 0), first.text + second.text
    command = f"$ pytest {FILE} -v -s"
    return {
        name: f"{command}\n{shorten(outcome.text)}"
        for name, outcome in ((FIRST, first), (SECOND, second))
    }


@pytest.mark.skipif(
    pytest.version_tuple < (9,), reason="the pages show what pytest 9 prints"
)
def test_the_recordings_are_what_the_test_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two transcripts are real: the test prints them, broken and continued."""
    recordings = record(tmp_path / "checkout", monkeypatch)
    for name in READMES:
        page = Page(ROOT / name)
        origins = [block.origin for block in page.blocks if block.origin]
        assert origins == [FIRST, SECOND], f"{name} shows {origins}"
        for origin in origins:
            (block,) = [each for each in page.blocks if each.origin == origin]
            if WRITING:
                page.replace(block, recordings[origin])
            else:
                found = difference(block.text, recordings[origin])
                assert not found, f"{name}: {origin}\n{found}"


def test_both_readmes_show_the_same() -> None:
    """The Spanish first screen is the English one, command by command."""
    english, spanish = (
        [block for block in Page(ROOT / name).blocks if block.language == "console"]
        for name in READMES
    )
    first_screen = [mask(block.text) for block in english[:3]]
    assert [mask(block.text) for block in spanish[:3]] == first_screen
