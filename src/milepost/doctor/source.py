"""The source of functions that were collected: what is written, and in which names."""

import ast
import builtins
import functools
import inspect
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any, Final, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_NESTED: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True, eq=False)
class Code:
    """A function as it is written.

    Attributes:
        node: Its syntax tree.
        names: What its global names and closure stand for.
        file: Its file.
    """

    node: Function
    names: Mapping[str, Any]
    file: str

    def place(self, node: ast.AST | None = None) -> str:
        """Give file and line of a part of it, as an editor opens them."""
        line = getattr(node, "lineno", None) or self.node.lineno
        path = Path(self.file)
        short = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        return f"{short}:{line}"

    @property
    def parameters(self) -> list[str]:
        """Name the parameters that can be given by position."""
        return [each.arg for each in [*self.node.args.posonlyargs, *self.node.args.args]]

    @property
    def body(self) -> list[ast.AST]:
        """Give its statements; of a lambda its expression."""
        body = self.node.body
        return list(body) if isinstance(body, list) else [body]


@functools.lru_cache(maxsize=256)
def tree_of(file: str) -> ast.Module | None:
    """Read a source file; None where there is none to read."""
    try:
        return ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None


def plain_function(thing: object) -> FunctionType | None:
    """Give the function that is inside a method, a partial or a decorator's wrapper."""
    while True:
        if isinstance(thing, functools.partial):
            thing = thing.func
        elif isinstance(thing, staticmethod | classmethod) or inspect.ismethod(thing):
            thing = thing.__func__
        elif "__wrapped__" in getattr(thing, "__dict__", ()):
            thing = vars(thing)["__wrapped__"]
        else:
            return thing if isinstance(thing, FunctionType) else None


def code_of(thing: object) -> Code | None:
    """Find where a function is written; None where nobody can tell."""
    function = plain_function(thing)
    if function is None:
        return None
    node = _node_of(function)
    if node is None:
        return None
    return Code(node, _names_of(function), function.__code__.co_filename)


def _names_of(function: FunctionType) -> Mapping[str, Any]:
    closed = {}
    for name, cell in zip(
        function.__code__.co_freevars, function.__closure__ or (), strict=False
    ):
        try:
            closed[name] = cell.cell_contents
        except ValueError:  # a name that is not bound yet
            continue
    return ChainMap(closed, function.__globals__, vars(builtins))


def _node_of(function: FunctionType) -> Function | None:
    code = function.__code__
    tree = tree_of(code.co_filename)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, Function):
            name = getattr(node, "name", "<lambda>")
            if (name, _first_line(node)) == (code.co_name, code.co_firstlineno):
                return node
    return None


def _first_line(node: Function) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def own_nodes(parts: list[ast.AST]) -> Iterator[ast.AST]:
    """Walk what is written in a function itself, not in functions inside it."""
    for part in parts:
        yield part
        if not isinstance(part, _NESTED):
            yield from own_nodes(list(ast.iter_child_nodes(part)))
