"""A module cut into units: what each name is bound to, and what merely happens."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain as joined
from typing import Final, NamedTuple, TypeGuard

from milepost.fingerprint.form import Function, chain, is_bare_string, is_quiet
from milepost.fingerprint.scopes import Import, Scope, imported, targets

# Code as it counts: a statement preceded by the heads of those in which it stands.
Statement = tuple[str | ast.AST, ...]
_SCRIPT: Final = ast.dump(ast.parse("__name__ == '__main__'", mode="eval").body)
_NO_EFFECT: Final = (ast.Pass, ast.Global, ast.Nonlocal, ast.Break, ast.Continue)


@dataclass(slots=True)
class Definition:
    """All that binds or changes one module-level name.

    Attributes:
        name: The name.
        statements: What binds or changes it, imports left out.
        imports: What import statements bind it to.
        writers: The functions that bind it by ``global``.
        kinds: ``function``, ``class``, ``data``, ``import``, ``typing`` (bound only
            for type checkers).
        is_decorated: A function or class with a decorator.
    """

    name: str
    statements: list[Statement] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    writers: list[str] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    is_decorated: bool = False

    def is_plain(self, *kinds: str) -> bool:
        """Tell whether the name is bound once, to an undecorated thing of such a kind."""
        is_once = len(self.kinds) == len(self.statements) == 1
        return is_once and self.kinds <= set(kinds) and not self.is_decorated


class Registration(NamedTuple):
    """Something at the module's top that may make itself known elsewhere.

    Attributes:
        name: The function or class that is registered; empty for a bare statement.
        by: The decorator, base class or call that registers it.
        statement: The bare statement itself, if it is one.
        is_base: It is registered by being derived from a class.
    """

    name: str
    by: ast.expr
    statement: Statement = ()
    is_base: bool = False


@dataclass(slots=True)
class Units:
    """A module's top level.

    Attributes:
        definitions: By name.
        effects: Statements that bind nothing and run when the module is imported.
        registrations: What may make itself known elsewhere.
        stars: The modules of ``from x import *``.
        docstring: The module's own.
    """

    definitions: dict[str, Definition] = field(default_factory=dict)
    effects: list[Statement] = field(default_factory=list)
    registrations: list[Registration] = field(default_factory=list)
    stars: list[Import] = field(default_factory=list)
    docstring: str | None = None


def cut(tree: ast.Module, *, has_globals: bool = True) -> Units:
    """Cut a module into units.

    Args:
        tree: The module.
        has_globals: Whether the word ``global`` may occur in it.
    """
    cutter = _Cutter()
    cutter.units.docstring = ast.get_docstring(tree)
    cutter.block(tree.body, ())
    cutter.settle()
    if has_globals:
        cutter.find_writers()
    return cutter.units


def is_test(node: ast.AST) -> bool:
    """Tell whether pytest would collect a top-level statement as a test."""
    if isinstance(node, Function):
        return node.name.startswith("test_")
    return isinstance(node, ast.ClassDef) and node.name.startswith("Test")


def without_tests(node: Function | ast.ClassDef) -> Function | ast.ClassDef:
    """Leave the tests out of a test class, whose other methods may be phases."""
    if not isinstance(node, ast.ClassDef) or not is_test(node):
        return node
    rest = [part for part in node.body if not is_test(part)]
    return ast.ClassDef(**{**vars(node), "body": rest})


def runs_never(node: ast.AST) -> TypeGuard[ast.If]:
    """Tell whether a top-level ``if`` is for type checkers or for a script only."""
    if not isinstance(node, ast.If):
        return False
    script = ast.dump(node.test) == _SCRIPT
    return script or chain(node.test)[-1:] == ["TYPE_CHECKING"]


class _Cutter:
    def __init__(self) -> None:
        self.units = Units()
        self.changes: list[tuple[str, Statement]] = []

    def block(self, body: Sequence[ast.stmt], heads: Statement) -> None:
        for node in body:
            self._statement(node, heads)

    def _statement(self, node: ast.stmt, heads: Statement) -> None:
        if isinstance(node, Function | ast.ClassDef):
            self._definition(node, heads)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
        elif runs_never(node):
            self._never(node)
        elif blocks := list(_blocks(node)):
            self._compound(blocks, heads)
        elif isinstance(node, ast.Expr):
            self._expression(node, heads)
        elif not isinstance(node, _NO_EFFECT):
            self._assignment(node, heads)

    def _define(self, name: str, kind: str, statement: Statement = ()) -> Definition:
        found = self.units.definitions.setdefault(name, Definition(name))
        found.kinds.add(kind)
        if statement:
            found.statements.append(statement)
        return found

    def _definition(self, node: Function | ast.ClassDef, heads: Statement) -> None:
        kind = "class" if isinstance(node, ast.ClassDef) else "function"
        node = without_tests(node)
        found = self._define(node.name, kind, (*heads, node))
        found.is_decorated |= bool(node.decorator_list)
        registrations = self.units.registrations
        for by in node.decorator_list:
            if not is_quiet(by):
                registrations.append(Registration(node.name, by))
        for by in node.bases if isinstance(node, ast.ClassDef) else ():
            registrations.append(Registration(node.name, by, is_base=True))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, found in imported(node):
            if name == "*":
                self.units.stars.append(found)
            else:
                self._define(name, "import").imports.append(found)

    def _never(self, node: ast.If) -> None:
        for name in Scope().bind(node.body).bound:
            self._define(name, "typing")
        self.block(node.orelse, ())

    def _compound(self, blocks: list["_Block"], heads: Statement) -> None:
        for head, binders, body in blocks:
            for name in joined.from_iterable(targets(part) for part in binders):
                self._define(name, "data", (*heads, *head))
            self.block(body, (*heads, *head))

    def _expression(self, node: ast.Expr, heads: Statement) -> None:
        if is_bare_string(node) or isinstance(node.value, ast.Constant):
            return
        statement = (*heads, node)
        self.units.effects.append(statement)
        self.units.registrations.append(Registration("", node.value, statement))
        for name in targets(node):
            self._define(name, "data", statement)
        names = chain(node.value)
        if len(names) > 1:
            self.changes.append((names[0], statement))

    def _assignment(self, node: ast.stmt, heads: Statement) -> None:
        statement = (*heads, node)
        bound = list(targets(node))
        for name in bound:
            self._define(name, "data", statement)
        changed = _changed(node)
        for part in changed:
            self.changes.append(((chain(part) or [""])[0], statement))
            self.units.registrations.append(Registration("", part, statement))
        if not (bound or changed):
            self.units.effects.append(statement)

    def settle(self) -> None:
        """Give each name what changes it; a change of a foreign one is an effect."""
        for name, statement in self.changes:
            found = self.units.definitions.get(name)
            if found and found.kinds & {"function", "class", "data"}:
                place = found.statements
            else:
                place = self.units.effects
            if statement not in place:
                place.append(statement)

    def find_writers(self) -> None:
        """Find the functions and classes that bind a module-level name by ``global``."""
        for writer in list(self.units.definitions.values()):
            for part in joined.from_iterable(writer.statements):
                for node in ast.walk(part) if isinstance(part, ast.AST) else ():
                    for name in node.names if isinstance(node, ast.Global) else ():
                        self._define(name, "data").writers.append(writer.name)


_Block = tuple[Statement, Sequence[ast.AST], Sequence[ast.stmt]]


def _blocks(node: ast.stmt) -> Iterator[_Block]:
    """Give the blocks of a compound statement: head, what binds names there, body."""
    if isinstance(node, ast.If | ast.While):
        yield ("if", node.test), [node.test], node.body
        yield ("else", node.test), [], node.orelse
    elif isinstance(node, ast.For | ast.AsyncFor):
        yield ("for", node.target, node.iter), [node.target], node.body
        yield ("else", node.iter), [], node.orelse
    elif isinstance(node, ast.With | ast.AsyncWith):
        yield ("with", *node.items), node.items, node.body
    elif isinstance(node, ast.Try | ast.TryStar):
        yield from _tries(node)
    elif isinstance(node, ast.Match):
        for case in node.cases:
            guard = [case.guard] if case.guard else []
            yield ("case", node.subject, case.pattern, *guard), [case.pattern], case.body


def _tries(node: ast.Try | ast.TryStar) -> Iterator[_Block]:
    yield ("try",), [], node.body
    for handler in node.handlers:
        kind = [handler.type] if handler.type else []
        name = [ast.Name(handler.name, ast.Store())] if handler.name else []
        yield ("except", *kind, *name), name, handler.body
    yield ("else",), [], node.orelse
    yield ("finally",), [], node.finalbody


def _changed(node: ast.stmt) -> list[ast.expr]:
    """Give the targets of an assignment that change something in place."""
    if isinstance(node, ast.Assign | ast.Delete):
        found = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        found = [node.target]
    else:
        found = []
    return [
        part
        for target in found
        for part in ast.walk(target)
        if isinstance(part, ast.Attribute | ast.Subscript)
        and not isinstance(part.ctx, ast.Load)
    ]
