"""The table of the documentation says what this folder holds."""

import re
from pathlib import Path

from tests.shapes.shape import shapes

PAGE = Path(__file__).parents[2] / "docs" / "shapes.md"
ROW = re.compile(r"^\| (\d+) \| .* \| `test_(\w+)\.py` \|$", re.MULTILINE)


def test_every_shape_has_its_row() -> None:
    """Every suite that is rebuilt stands in the table, under its number and by its file."""
    rows = {int(number): name for number, name in ROW.findall(PAGE.read_text())}
    assert rows == {shape.suite: shape.name for shape in shapes()}


def test_every_number_is_told() -> None:
    """The table has all thirty suites, in the order of their numbers."""
    numbers = re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 31)]
