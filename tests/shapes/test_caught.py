"""What the story is there for, it finds."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.crash.nursery import Nursery
from tests.shapes import test_ordered_replication
from tests.shapes.conftest import Undisturbed
from tests.shapes.shape import Shape, Suite

SHAPE = Shape.of(test_ordered_replication)


def test_early_destruction(folder: Path, nursery: Nursery) -> None:
    """A fixture that destroys after its yield, and no clean-up, is found to be early."""
    kept = "module_phase.cleanup(jubilant.destroy_model, name)\n"
    given = 'return module_phase("first model", jubilant.add_model, name)\n'
    torn = (
        'yield module_phase("first model", jubilant.add_model, name)\n'
        f"{' ' * 12}jubilant.destroy_model(name)\n"
    )
    conftest = SHAPE.files["conftest.py"]
    assert conftest.count(kept) == 2
    assert given in conftest
    files = SHAPE.files | {"conftest.py": conftest.replace(given, torn)}
    suite = Suite(replace(SHAPE, files=files), folder / "early", nursery)
    with pytest.raises(AssertionError, match="destroyed early"):
        suite.begin(broken_at="promote")


def test_repetition(folder: Path, nursery: Nursery, undisturbed: Undisturbed) -> None:
    """A run that starts over is found to have repeated what had finished."""
    suite = Suite(SHAPE, folder / "repeated", nursery)
    suite.begin(broken_at="promote")
    result = suite.run("--milepost=fresh")
    with pytest.raises(AssertionError, match="add model"):
        suite.check_end(undisturbed(SHAPE), [result.text])


def test_left_standing(folder: Path, nursery: Nursery, undisturbed: Undisturbed) -> None:
    """A suite that was not brought to its end is found to have left things."""
    suite = Suite(SHAPE, folder / "left", nursery)
    suite.begin(broken_at="promote")
    part = suite.run("-k", "deploy")
    assert part.code == 0, part.text
    with pytest.raises(AssertionError, match=r"left: .*checkpoint_"):
        suite.check_end(undisturbed(SHAPE), [part.text])
