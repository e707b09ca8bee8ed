"""Finds the calls of phases: in a test, its fixtures, and what is given a phase object."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from milepost.doctor.origins import Origins
from milepost.doctor.scope import LocalFunction, Origin, Scope
from milepost.doctor.source import code_of

_LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_DEEPEST: Final = 6


@dataclass(frozen=True, eq=False, kw_only=True)
class PhaseCall:
    """One call of a phase, as it is written.

    Attributes:
        node: The call.
        scope: The function in which it stands.
        verb: ``phase`` or ``remember``.
        checkpoint: Whose checkpoint it works on: ``own``, ``class`` ...
        options: What ``with_options`` was given.
        loops: The loops around it, also those around calls that lead to it.
        branches: The branches in which it stands.
    """

    node: ast.Call
    scope: Scope
    verb: str
    checkpoint: str
    options: Mapping[str, ast.expr]
    loops: tuple[tuple[ast.AST, Scope], ...]
    branches: tuple[tuple[int, int], ...]

    @property
    def place(self) -> str:
        """Give file and line."""
        return self.scope.code.place(self.node)

    @property
    def function(self) -> ast.expr | None:
        """Give what is called as the phase."""
        words = {word.arg: word.value for word in self.node.keywords}
        named = words.get("fn") or words.get("make")
        return self.node.args[1] if len(self.node.args) > 1 else named


@dataclass(frozen=True, eq=False)
class _Around:
    loops: tuple[tuple[ast.AST, Scope], ...] = ()
    branches: tuple[tuple[int, int], ...] = ()
    depth: int = 0

    def looping(self, loop: ast.AST, scope: Scope) -> "_Around":
        return _Around((*self.loops, (loop, scope)), self.branches, self.depth)

    def branching(self, place: int, arm: int) -> "_Around":
        return _Around(self.loops, (*self.branches, (place, arm)), self.depth)

    def deeper(self) -> "_Around":
        return _Around(self.loops, self.branches, self.depth + 1)


class CallWalk:
    """A walk through the functions that can call phases.

    Args:
        origins: Knows what the names are.

    Attributes:
        calls: What was found, in the order in which it is written.
    """

    def __init__(self, origins: Origins) -> None:
        self.calls: list[PhaseCall] = []
        self._origins = origins
        self._open: list[int] = []
        self._called: set[int] = set()

    def walk(self, scope: Scope, around: _Around | None = None) -> None:
        """Look at a function, and at those that it hands a phase object to."""
        around = around or _Around()
        key = id(scope.code.node)
        if key in self._open or around.depth > _DEEPEST:
            return
        self._open.append(key)
        self._visit_all(scope.code.body, scope, around)
        for code in scope.functions.values():
            if id(code.node) not in self._called:
                self.walk(Scope(code, {}, scope), around.deeper())
        self._open.pop()

    def _visit_all(self, nodes: Sequence[ast.AST], scope: Scope, around: _Around) -> None:
        for node in nodes:
            self._visit(node, scope, around)

    def _visit(self, node: ast.AST, scope: Scope, around: _Around) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return
        if isinstance(node, ast.If):
            self._visit(node.test, scope, around)
            self._visit_all(node.body, scope, around.branching(id(node), 0))
            self._visit_all(node.orelse, scope, around.branching(id(node), 1))
        elif isinstance(node, ast.Match):
            for arm, case in enumerate(node.cases):
                self._visit_all(case.body, scope, around.branching(id(node), arm))
        elif isinstance(node, _LOOPS):
            inner = around.looping(node, scope)
            head = node.test if isinstance(node, ast.While) else node.iter
            self._visit(head, scope, around)
            self._visit_all([*node.body, *node.orelse], scope, inner)
        elif isinstance(node, _COMPREHENSIONS):
            inner = around.looping(node, scope)
            self._visit_all(list(ast.iter_child_nodes(node)), scope, inner)
        elif isinstance(node, ast.Call):
            self._call(node, scope, around)
        else:
            self._visit_all(list(ast.iter_child_nodes(node)), scope, around)

    def _call(self, node: ast.Call, scope: Scope, around: _Around) -> None:
        verb, owner = self._verb(node, scope)
        parts = [*node.args, *(word.value for word in node.keywords)]
        if verb:
            self.calls.append(
                PhaseCall(
                    node=node,
                    scope=scope,
                    verb=verb,
                    checkpoint=owner.phase,
                    options=owner.options,
                    loops=around.loops,
                    branches=around.branches,
                )
            )
        if owner.phase:
            parts = [part for part in parts if not isinstance(part, ast.Lambda)]
        else:
            self._follow(node, scope, around)
            parts.append(node.func)
        self._visit_all(parts, scope, around)

    def _verb(self, node: ast.Call, scope: Scope) -> tuple[str, Origin]:
        if isinstance(node.func, ast.Attribute):
            owner = self._origins.of(node.func.value, scope)
            if owner.phase:
                return ("remember" if node.func.attr == "remember" else ""), owner
        found = self._origins.of(node.func, scope)
        return ("phase" if found.phase else ""), found

    def _follow(self, node: ast.Call, scope: Scope, around: _Around) -> None:
        function = self._origins.of(node.func, scope)
        called: Any = function.value
        if isinstance(called, LocalFunction):
            self._called.add(id(called.code.node))
            bound = self._origins.bind(node, scope, called.code)
            self.walk(Scope(called.code, bound, called.scope), around.deeper())
            return
        made = isinstance(called, type)
        code = code_of(vars(called).get("__init__") if made else called)
        if code is None or not self._origins.is_own(called):
            return
        receiver = Origin(kind=called) if made else function.given.get("self")
        first = [ast.Constant(None)] if receiver else []
        call = ast.Call(node.func, [*first, *node.args], node.keywords)
        bound = self._origins.bind(call, scope, code)
        if receiver and code.parameters:
            bound[code.parameters[0]] = receiver
        if receiver or any(_carries(each) for each in bound.values()):
            self.walk(Scope(code, bound), around.deeper())


def _carries(origin: Origin) -> bool:
    """Tell whether a value is a phase object, or was made with one."""
    return bool(origin.phase) or any(_carries(each) for each in origin.given.values())
