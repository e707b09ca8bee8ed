"""Where the functions, lambdas and classes of a file are written."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from milepost.fingerprint.scopes import Comprehension, Scoped

Around = tuple[Scoped | Comprehension, ...]


class Place(NamedTuple):
    """Where one of them is written.

    Attributes:
        node: The function, lambda or class.
        around: What it stands in, the outermost first.
        statement: The statement of which it is a part.
        statement_around: What that statement stands in.
    """

    node: Scoped
    around: Around
    statement: ast.stmt
    statement_around: Around

    @property
    def first_line(self) -> int:
        """Give the line that a code object calls its first."""
        decorators = getattr(self.node, "decorator_list", [])
        lines: list[int] = [part.lineno for part in decorators]
        return min(self.node.lineno, *lines) if lines else self.node.lineno


def index(tree: ast.Module) -> dict[str, list[Place]]:
    """Give all places of a file by qualified name."""
    found: dict[str, list[Place]] = {}
    for part in tree.body:
        for qualname, place in _places(part, "", (), part, ()):
            found.setdefault(qualname, []).append(place)
    return found


def _places(
    node: ast.AST, prefix: str, around: Around, statement: ast.stmt, outside: Around
) -> Iterator[tuple[str, Place]]:
    if isinstance(node, ast.stmt):
        statement, outside = node, around
    if isinstance(node, Scoped):
        name = prefix + getattr(node, "name", "<lambda>")
        yield name, Place(node, around, statement, outside)
        prefix = f"{name}." if isinstance(node, ast.ClassDef) else f"{name}.<locals>."
    inner = (*around, node) if isinstance(node, Scoped | Comprehension) else around
    for child in ast.iter_child_nodes(node):
        yield from _places(child, prefix, inner, statement, outside)
