"""Which names a piece of Python binds, and which it needs."""

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from examples.mge_v2.cutting import Scope

# What every module has besides the builtins.
ALWAYS_KNOWN: Final = frozenset(dir(builtins)) | {"__file__", "__name__", "__path__"}


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a piece of Python.

    Args:
        binds: All names that it binds, in whatever scope.
        exports: Those that it binds for the whole module.
        uses: The names that it reads.
        imports: What it imports: a module, and a name in it or ``""``.
    """

    binds: frozenset[str]
    exports: frozenset[str]
    uses: frozenset[str]
    imports: frozenset[tuple[str, str]]


def in_place(text: str, scopes: Iterable[Scope]) -> str:
    """Put the blocks around a piece that it was cut out of."""
    openers = [f"{' ' * scope.column}{scope.opener}\n" for scope in scopes]
    return "".join(openers) + text


def names_in(text: str, scopes: tuple[Scope, ...]) -> Names:
    """Find the names in a piece.

    Raises:
        SyntaxError: It does not parse in its place.
    """
    tree = ast.parse(in_place(text, scopes))
    nodes = list(ast.walk(tree))
    exports = () if scopes else _exported(tree.body)
    return Names(
        binds=frozenset(name for node in nodes for name in _bound(node)),
        exports=frozenset(exports),
        uses=frozenset(
            node.id
            for node in nodes
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        ),
        imports=frozenset(found for node in nodes for found in _imported(node)),
    )


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.ClassDef(name=name) | ast.arg(arg=name):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]
        case ast.ExceptHandler(name=str(name)):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name


def _exported(body: Iterable[ast.AST]) -> Iterator[str]:
    """Name what a module's statements bind, without looking into functions."""
    for node in body:
        yield from _bound(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _exported(ast.iter_child_nodes(node))


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Import(names=aliases):
            yield from ((alias.name, "") for alias in aliases)
        case ast.ImportFrom(module=str(module), names=aliases, level=0):
            yield from ((module, alias.name) for alias in aliases)
