"""Which checkpoint is this test's: the same everywhere, another for every other test."""

import re
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.errors import InvalidSettingError, NoIdentityError
from milepost.identity import SLUG_LENGTH, identify, unlike

ROOT = Path("/project")


class Model(Enum):
    SMALL = "small"


@dataclass
class Case:
    name: str
    size: int


def make_plan() -> None:
    """Stand for a function among the parameters."""


def named(value: Any = None, **more: Any) -> str:
    """Give the id of a test with one parameter."""
    given_arguments = {"case_id": "", "root": ROOT} | more
    return identify("tests/test_x.py", "test_x", {"case": value}, **given_arguments).test_id


def test_the_id_is_a_slug_and_a_hash():
    """Lower case, ASCII, readable; 8 hex digits over the whole identity."""
    identity = identify("tests/e2e/test_à.py", "TestPlan::test_Über (schön)", {})
    assert re.fullmatch(r"test_uber_schon_[0-9a-f]{8}", identity.test_id)


def test_the_slug_is_short_and_never_empty():
    """A long name is cut, and one without a letter is a name all the same."""
    long = identify("t.py", "test_" + "x" * 300, {}).test_id
    assert len(long) == SLUG_LENGTH + 9
    assert identify("t.py", "日本", {}).test_id.startswith("test_")


@given(st.text(), st.text(), st.text(min_size=1))
def test_every_id_is_a_file_name(path, name, marker):
    """Whatever tests are called, their ids are plain file names."""
    for given_id in (None, marker if marker.strip() else None):
        found = identify(path, name, {}, given_id=given_id).test_id
        assert re.fullmatch(r"[a-z0-9_]{1,89}", found)


def test_the_identity_is_pinned():
    """A change of the rule orphans every checkpoint: it must not come by accident."""
    identity = identify(
        "tests/test_x.py", "TestA::test_b", {"n": 1, "model": "m"}, variant="py3.11"
    )
    assert identity.test_id == "test_b_7d686413"
    assert identity.to_dict() == {
        "path": "tests/test_x.py",
        "name": "TestA::test_b",
        "parameters": {"n": "value milepost-1\n1", "model": 'value milepost-1\n"m"'},
        "variant": "py3.11",
    }


def test_path_name_parameters_and_variant_all_count():
    """Two tests that differ in anything have two checkpoints."""
    different = [
        identify("a.py", "test_x", {}),
        identify("b.py", "test_x", {}),
        identify("a.py", "TestA::test_x", {}),
        identify("a.py", "test_x", {"n": 1}),
        identify("a.py", "test_x", {"n": 2}),
        identify("a.py", "test_x", {"m": 1}),
        identify("a.py", "test_x", {}, variant="other"),
        identify("a.py", "test_x", {}, given_id="test_x"),
    ]
    assert len({each.test_id for each in different}) == len(different)


def test_the_variant_is_pythons_minor_version():
    """Two legs of a matrix do not make each other stale by turns."""
    expected = f"py{sys.version_info.major}.{sys.version_info.minor}"
    assert identify("a.py", "test_x", {}).variant == expected


def test_an_id_replaces_path_and_name_and_never_the_parameters():
    """A moved or renamed test keeps its checkpoint; two cases keep two."""
    moved = [
        identify(path, name, {"n": 1}, given_id="pipeline")
        for path, name in (("a.py", "test_x"), ("b/c.py", "test_y"))
    ]
    assert moved[0] == moved[1]
    other = identify("a.py", "test_x", {"n": 2}, given_id="pipeline")
    assert other.test_id != moved[0].test_id
    assert other.test_id.startswith("pipeline_")


@pytest.mark.parametrize("given_id", ["", "  ", 5, None, ["x"]], ids=repr)
def test_an_id_that_is_no_text_is_refused(given_id):
    """A marker's id is a text, or it is left out."""
    if given_id is None:
        assert identify("a.py", "test_x", {}, given_id=given_id).path == "a.py"
        return
    with pytest.raises(InvalidSettingError, match="the marker's id"):
        identify("a.py", "test_x", {}, given_id=given_id)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, "1"),
        (1, True),
        (1, 1.0),
        ("a", "A"),
        (None, "None"),
        ({"a": 1}, {"a": 2}),
        (Case("a", 1), Case("a", 2)),
        (Model.SMALL, "small"),
        (len, print),
        (Case, Model),
        (make_plan, identify),
        ([len], [print]),
        (Path("a"), "a"),
        (b"a", "a"),
    ],
    ids=lambda each: re.sub(" at 0x[0-9a-f]+", "", repr(each)),
)
def test_parameters_count_by_content(one, other):
    """Equal content is the same case, in whatever order and under whatever id."""
    assert named(one, case_id="case0") != named(other, case_id="case0")
    assert named(one, case_id="case0") == named(one, case_id="another-id")


def test_a_path_below_the_root_counts_relative_to_it():
    """A moved checkout has the same checkpoints, also for tests over its own files."""
    for kind in (Path, str):
        here = named(kind("/project/cases/a.json"))
        assert here == named(kind("/moved/cases/a.json"), root=Path("/moved"))
        assert here != named(kind("/project/cases/b.json"))
        assert here != named(kind("/other/cases/a.json"))
        assert named(kind("/project-2/a")) == named(kind("/project-2/a"), root=Path("/x"))
    assert named("/project/a") != named(Path("/project/a"))
    assert named([Case("/project/a", 1)]) == named(
        [Case("/moved/a", 1)], root=Path("/moved")
    )


class Nameless:
    """Has no content that could be compared."""


class Rude:
    """Raises whatever is asked of it."""

    __dataclass_fields__ = ("x",)

    @property
    def x(self) -> int:
        """Refuse to be read."""
        raise OSError


@pytest.mark.parametrize(
    "value", [Nameless(), lambda: 1, [Nameless()], Rude(), 10**5000], ids=range(5)
)
def test_a_parameter_without_content_needs_an_id_of_its_own(value):
    """Its position is no name: another order would give another test's values."""
    for position in ("", "case0", "case12-fast", "slow-case3"):
        with pytest.raises(NoIdentityError, match=r"pytest\.param"):
            named(value, case_id=position)
    assert named(value, case_id="fast") == named(Nameless(), case_id="fast")
    assert named(value, case_id="fast") != named(value, case_id="slow")


def test_another_arguments_index_is_no_position_of_this_one():
    """Only the argument's own name and index was made by pytest for it."""
    assert named(Nameless(), case_id="model7") == named(Nameless(), case_id="model7")


def test_a_difference_is_told_part_by_part():
    """Whoever meets another test's checkpoint sees what is different."""
    one = identify("a.py", "test_x", {"n": 1}, variant="v").to_dict()
    other = identify("b.py", "test_x", {"n": 1}, variant="v").to_dict()
    assert unlike(one, other) == "path: 'a.py' there, 'b.py' here"
    assert unlike({}, {"path": "a"}) == "path: None there, 'a' here"
