"""Which names a function, class or module binds, and which of them by an import."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, get_args

from milepost.fingerprint.form import Function, branches

Scoped = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_SCOPES: Final = (*get_args(Scoped), *get_args(Comprehension))
# Every node of a project is asked whether it is one of these.
_BINDING: Final = (
    ast.Name,
    *(ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping),
)


class Import(NamedTuple):
    """What one name is bound to by an import statement.

    Attributes:
        module: The dotted module named; empty for ``from . import x``.
        level: How many dots a relative import has.
        name: The name taken from the module; None where the module itself is bound.
    """

    module: str
    level: int = 0
    name: str | None = None

    def __str__(self) -> str:
        whole = "." * self.level + self.module
        return whole if self.name is None else f"{whole}:{self.name}"


@dataclass(slots=True)
class Scope:
    """The names that belong to one function, lambda, class or comprehension."""

    is_class: bool = False
    bound: set[str] = field(default_factory=set)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)
    module_wide: set[str] = field(default_factory=set)

    def bind(self, nodes: Iterable[ast.AST]) -> "Scope":
        """Add what some nodes bind, and take away what they declare otherwise."""
        stack = list(nodes)
        while stack:
            node = stack.pop()
            if isinstance(node, _BINDING):
                self._bind(node)
            stack += _same_scope(node) if isinstance(node, _SCOPES) else branches(node)
        self.bound -= self.outer | self.module_wide
        return self

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, found in imported(node):
                self.bound.add(name)
                self.imports.setdefault(name, []).append(found)
        elif isinstance(node, ast.Global):
            self.module_wide.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            self.outer.update(node.names)
        else:
            self.bound.update(_bound_by(node))


def scope_of(node: Scoped | Comprehension) -> Scope:
    """Give the scope that a definition or a comprehension opens."""
    if isinstance(node, Comprehension):
        bound = [name for part in node.generators for name in targets(part.target)]
        return Scope(bound=set(bound))
    scope = Scope(is_class=isinstance(node, ast.ClassDef))
    scope.bound |= {parameter.arg for parameter in parameters(node)}
    return scope.bind(node.body if isinstance(node.body, list) else [node.body])


def parameters(node: Scoped) -> list[ast.arg]:
    """Give the parameters of a function; a class has none."""
    if isinstance(node, ast.ClassDef):
        return []
    args = node.args
    starred = [arg for arg in (args.vararg, args.kwarg) if arg]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *starred]


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Import]]:
    """Give the names that an import binds, with what they are bound to.

    ``from x import *`` binds the name ``*``.
    """
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            found = Import(node.module or "", node.level, alias.name)
            yield alias.asname or alias.name, found
        elif alias.asname:
            yield alias.asname, Import(alias.name)
        else:
            top = alias.name.partition(".")[0]
            yield top, Import(top)


def targets(node: ast.AST) -> Iterator[str]:
    """Give the names bound anywhere in an assignment's target, pattern or expression."""
    for part in ast.walk(node):
        yield from _bound_by(part)


def _bound_by(node: ast.AST) -> list[str]:
    """Give the names that one node alone binds, imports left out."""
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, Function | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []


def _same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """Give the children of a scope that belong to the one in which it stands."""
    if isinstance(node, Function):
        yield from [*node.decorator_list, *_defaults(node.args)]
    elif isinstance(node, ast.ClassDef):
        yield from [*node.decorator_list, *node.bases]
    elif isinstance(node, ast.Lambda):
        yield from _defaults(node.args)
    else:
        # Only what `:=` binds leaves a comprehension.
        yield from (
            part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr)
        )


def _defaults(args: ast.arguments) -> list[ast.expr]:
    return [*args.defaults, *(default for default in args.kw_defaults if default)]
