"""Cut Python source into atoms: contiguous lines that compile in their place."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeGuard

LONGEST_ATOM_LINES: Final = 10

Block = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.With | ast.AsyncWith
_OPENERS: Final[dict[type[ast.stmt], str]] = {
    ast.ClassDef: "class _:",
    ast.FunctionDef: "def _():",
    ast.AsyncFunctionDef: "async def _():",
    ast.With: "if True:",
    ast.AsyncWith: "if True:",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """A block around an atom.

    Args:
        opener: A line that opens a block of the same kind.
        column: Where the block's first line starts, in characters.
        line: The number of its first line.
    """

    opener: str
    column: int
    line: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a file, and the blocks around the first of them.

    Args:
        first_line: The first line's number, from 1.
        last_line: The last line's number, included.
        scopes: The blocks that are open where the piece starts, outermost first.
    """

    first_line: int
    last_line: int
    scopes: tuple[Scope, ...] = ()

    @property
    def line_count(self) -> int:
        """How many lines the piece has."""
        return self.last_line - self.first_line + 1

    def text(self, lines: Sequence[str]) -> str:
        """Take the piece out of a file's lines."""
        return "".join(lines[self.first_line - 1 : self.last_line])


def cut(source: str) -> list[Piece]:
    """Cut a file into pieces of about ten lines.

    The pieces follow each other without a gap: put together they are the file. A
    statement stays whole; classes, functions and ``with`` blocks that are too long are
    cut between the statements of their body.

    Args:
        source: A whole file.

    Raises:
        SyntaxError: It does not parse.
    """
    tree = ast.parse(source)
    line_count = len(source.splitlines())
    if not tree.body:
        return [Piece(1, line_count)] if line_count else []
    return _cut_body(tree.body, Piece(1, line_count))


def _cut_body(body: Sequence[ast.stmt], region: Piece) -> list[Piece]:
    pieces: list[Piece] = []
    open_end = False  # the rest of a block stays apart from what follows the block
    for statement, lines in _regions(body, region):
        added = _cut_statement(statement, lines)
        if open_end and len(added) == 1 and _fit(pieces[-1], added[0]):
            pieces[-1] = replace(pieces[-1], last_line=added[0].last_line)
            continue
        pieces += added
        open_end = len(added) == 1
    return pieces


def _fit(first: Piece, second: Piece) -> bool:
    return first.line_count + second.line_count <= LONGEST_ATOM_LINES


def _regions(body: Sequence[ast.stmt], region: Piece) -> Iterator[tuple[ast.stmt, Piece]]:
    """Share out the lines: comments and blank lines go to the statement below them."""
    first = region.first_line
    for statement, following in zip(body, [*body[1:], None], strict=True):
        last = statement.end_lineno or statement.lineno
        if following is None:
            last = region.last_line
        elif following.lineno <= last:
            continue
        yield statement, replace(region, first_line=first, last_line=last)
        first = last + 1


def _cut_statement(statement: ast.stmt, lines: Piece) -> list[Piece]:
    if lines.line_count <= LONGEST_ATOM_LINES or not _divisible(statement):
        return [lines]
    opener = _OPENERS[type(statement)]
    inner = Scope(opener, statement.col_offset, statement.lineno)
    inside = replace(lines, scopes=(*lines.scopes, inner))
    pieces = _cut_body(statement.body, inside)
    # The first piece holds the block's own first line, so it starts outside the block.
    pieces[0] = replace(pieces[0], scopes=lines.scopes)
    return pieces


def _divisible(statement: ast.stmt) -> TypeGuard[Block]:
    if not isinstance(statement, Block):
        return False
    # A nonlocal name needs its own function around it.
    return not any(isinstance(node, ast.Nonlocal) for node in ast.walk(statement))
