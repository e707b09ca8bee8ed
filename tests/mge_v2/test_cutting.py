"""Files cut into atoms, and what builds on what."""

import argparse
import asyncio.base_events
import dataclasses
import inspect
import typing
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.mge_v2.cutting import LONGEST_ATOM_LINES, Piece, cut
from examples.mge_v2.graph import Draft, dependencies
from examples.mge_v2.names import in_place, names_in
from tests.mge_v2.run import Run

MODULES = [argparse, asyncio.base_events, dataclasses, inspect, typing]


def pieces_of(source: str) -> list[tuple[Piece, str]]:
    """Cut a file and take out its pieces."""
    lines = source.splitlines(keepends=True)
    return [(piece, piece.text(lines)) for piece in cut(source)]


def check(source: str) -> None:
    """Hold a cut against what it promises: the whole file, each piece compiling."""
    pieces = pieces_of(source)
    assert "".join(text for _, text in pieces) == source
    for piece, text in pieces:
        compile(in_place(text, piece.scopes), "piece", "exec", dont_inherit=True)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_pieces_are_the_file_and_compile_alone(module: ModuleType) -> None:
    """Whatever a file holds, its pieces compile in place and add up to it."""
    check(inspect.getsource(module))


STATEMENTS = st.sampled_from(
    [
        "x = 1",
        "# a comment\n\ny = [\n    1,\n    2,\n]",
        "import os",
        "if x:\n    y = 2\nelse:\n    y = 3",
        "for x in y:\n    if x:\n        break",
        "try:\n    x = 1\nexcept ValueError:\n    raise",
        'z = """\n  text\n"""',
        "a = 1; b = 2",
    ]
)


def indented(block: str) -> str:
    """Move a block one level to the right, text in quotes included."""
    return "\n".join(f"    {line}" if line else line for line in block.split("\n"))


BLOCKS = st.recursive(
    STATEMENTS,
    lambda inner: st.builds(
        lambda opener, body: opener + "\n" + "\n".join(indented(part) for part in body),
        st.sampled_from(
            ["class C:", "@d\ndef f(a):", "async def g():", "with x as y:", "def h():"]
        ),
        st.lists(inner, min_size=1, max_size=8),
    ),
    max_leaves=20,
)


@given(st.lists(BLOCKS, max_size=5))
def test_any_nesting_can_be_cut(blocks: list[str]) -> None:
    """However blocks are nested, the pieces compile in place and add up."""
    check("".join(f"{block}\n" for block in blocks))


def test_atoms_are_about_ten_lines_long(finished: Run) -> None:
    """Most atoms of the project have five to ten lines, and only statements more."""
    sizes = [
        piece.line_count
        for path in finished.project.rglob("*.py")
        for piece in cut(path.read_text(encoding="utf-8"))
    ]

    assert 5 <= sum(sizes) / len(sizes) <= LONGEST_ATOM_LINES
    assert sum(size > LONGEST_ATOM_LINES for size in sizes) < len(sizes) / 10


def test_nothing_is_cut_out_of_nothing() -> None:
    """An empty file has no atoms, a comment is one."""
    assert cut("") == []
    assert cut("# only this\n") == [Piece(1, 1)]


def drafts(files: dict[str, str]) -> list[Draft]:
    """Cut files, in order."""
    found: list[Draft] = []
    for path, source in files.items():
        for piece, text in pieces_of(source):
            names = names_in(text, piece.scopes)
            found.append(Draft(len(found) + 1, path, piece, text, names))
    return found


LONG_CLASS = """\
class Long:
    '''Long.'''

    def first(self):
        one = 1
        two = 2
        three = 3
        four = 4
        five = 5
        return one + two + three + four + five

    def second(self):
        return helper()
"""


def test_an_import_is_an_edge_between_files() -> None:
    """Who imports a name builds on the atom that defines it, also through a package."""
    edges = dependencies(
        drafts(
            {
                "app/model.py": "class Model:\n    pass\n",
                "app/__init__.py": "from app.model import Model\n",
                "main.py": "from app import Model\nimport app.model\n",
            }
        )
    )

    assert edges == {1: [], 2: [1], 3: [1, 2]}


def test_a_method_builds_on_its_class_and_on_what_it_calls() -> None:
    """The parts of a class that was cut know their head and the names they use."""
    helper = "def helper():\n    " + "\n    ".join(["pass"] * 9) + "\n\n\n"
    found = drafts({"tool.py": helper + LONG_CLASS})

    texts = [draft.text.strip().splitlines()[0] for draft in found]
    edges = dependencies(found)

    assert texts == [
        "def helper():",
        "class Long:",
        "def first(self):",
        "def second(self):",
    ]
    assert edges == {1: [], 2: [], 3: [2], 4: [1, 2]}


def test_functions_that_need_each_other_make_no_cycle() -> None:
    """An edge leads to an earlier atom only, so that waves exist for any code."""
    body = "\n    ".join(["pass"] * 6)
    both = f"def a():\n    {body}\n    b()\n\n\ndef b():\n    {body}\n    a()\n"

    assert dependencies(drafts({"tool.py": both})) == {1: [], 2: [1]}


def test_names_are_found_in_every_kind_of_binding() -> None:
    """What Python can bind is bound, and only module names are exported."""
    source = (
        "import a.b, c as d\nfrom e import f\n"
        "def g(h, *i, j=k, **l):\n    m = n\n"
        "class o: p = q\n"
        "try: r\nexcept s as t: pass\n"
        "match u:\n    case [v, *w]: pass\n    case {'x': y, **z}: pass\n"
    )

    names = names_in(source, ())

    assert names.exports >= {"a", "d", "f", "g", "o", "t", "v", "w", "y", "z"}
    assert not names.exports & {"h", "m", "p"}
    assert names.binds >= {"h", "i", "j", "l", "m", "p"}
    assert names.uses == {"k", "n", "q", "r", "s", "u"}
    assert names.imports == {("a.b", ""), ("c", ""), ("e", "f")}
