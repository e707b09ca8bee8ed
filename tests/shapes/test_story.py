"""Every shape goes through one story: undisturbed, broken, killed, resumed in parts."""

import pytest

from tests.shapes.conftest import Undisturbed
from tests.shapes.shape import Shape, Suite, shapes

SHAPES = shapes()
TROUBLES = [(shape, place) for shape in SHAPES for place in shape.places]
PARTS = [
    (shape, place, chosen)
    for shape, place in TROUBLES
    if shape.has_several_tests
    for chosen in [["--lf"], *([shape.resume[place]] if place in shape.resume else [])]
]

every_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
every_trouble = pytest.mark.parametrize(
    ("shape", "place"), TROUBLES, ids=[f"{s.name}: {place}" for s, place in TROUBLES]
)
every_part = pytest.mark.parametrize(
    ("shape", "place", "chosen"),
    PARTS,
    ids=[f"{s.name}: {place}, {' '.join(chosen)}" for s, place, chosen in PARTS],
)


@every_shape
def test_undisturbed(shape: Shape, undisturbed: Undisturbed) -> None:
    """A suite that nothing disturbs passes, cleans up and leaves no checkpoint."""
    made = undisturbed(shape)
    assert made.product
    assert made.calls


@every_shape
def test_without_milepost(suite: Suite, shape: Shape, undisturbed: Undisturbed) -> None:
    """With milepost off a suite makes the same, by the same calls, and cleans up."""
    result = suite.run("--milepost=off")
    assert result.passed, result.text
    assert suite.left == [], result.text
    assert suite.made.product == undisturbed(shape).product
    assert set(suite.made.calls) == set(undisturbed(shape).calls)


@every_trouble
def test_broken(suite: Suite, undisturbed: Undisturbed, place: str) -> None:
    """A suite that broke in the middle goes on, repeats nothing, and cleans up last."""
    suite.begin(broken_at=place)
    result = suite.run()
    assert result.passed, result.text
    again = suite.shape.again.get(place, [])
    suite.check_end(undisturbed(suite.shape), [result.text], again)


@every_trouble
def test_killed(suite: Suite, undisturbed: Undisturbed, place: str) -> None:
    """A suite killed in the middle goes on, repeats nothing, and cleans up last."""
    suite.begin(killed_at=place)
    result = suite.run()
    assert result.passed, result.text
    again = suite.shape.again.get(place, [])
    suite.check_end(undisturbed(suite.shape), [result.text], again)


@every_part
def test_resumed_in_parts(
    suite: Suite, undisturbed: Undisturbed, place: str, chosen: list[str]
) -> None:
    """A part of a suite that broke never passes for the whole of it."""
    suite.begin(broken_at=place)
    part = suite.run(*chosen)
    texts = [part.text]
    if suite.left:
        suite.check_standing(part)
        last = suite.run()
        assert last.passed, last.text
        texts.append(last.text)
    suite.check_end(undisturbed(suite.shape), texts)
