"""What stands around a test: fixtures and their teardown, set-ups, methods of classes."""

import ast
import inspect
from collections.abc import Sequence
from typing import Any, Final

from milepost.doctor.destruction import (
    after_yield,
    destroying,
    is_harmless,
    is_temporary,
)
from milepost.doctor.findings import NOTE, PROBLEM, Block, Finding
from milepost.doctor.origins import Origins
from milepost.doctor.scope import Scope
from milepost.doctor.source import Code, code_of, own_nodes, plain_function

_GONE: Final = (
    "It is torn down after a failure: what a phase's value points to is gone in the "
    "next run."
)
_WIDTH: Final = {"session": 4, "package": 3, "module": 2, "class": 1, "function": 0}
_SET_UP: Final = ("setup_method", "setup_class", "setUp", "setUpClass", "asyncSetUp")
_TEAR_DOWN: Final = (
    "teardown_method",
    "teardown_class",
    "tearDown",
    "tearDownClass",
    "asyncTearDown",
)
_OF_MODULES: Final = ("setup_module", "setup_function")
_AFTER_MODULES: Final = ("teardown_module", "teardown_function")


class Surroundings:
    """Judges what is set up and torn down around one test.

    Args:
        origins: Knows what the names are.
        block: Takes the findings.
    """

    def __init__(self, origins: Origins, block: Block) -> None:
        self._origins = origins
        self._block = block

    def fixture(self, name: str, scope: str, inner: Scope) -> None:
        """Judge a fixture of the project.

        Args:
            name: Its name.
            scope: Its scope, as pytest names it.
            inner: Its function.
        """
        code = inner.code
        before, after = after_yield(code)
        self._setting_up(before, inner, f"fixture {name!r} ({scope})")
        for finalizer in _finalizers(code):
            after.append(finalizer)
        if not after:
            return
        cleanup = "phase" if scope == "function" else f"{scope}_phase"
        cure = f"Use {cleanup}.cleanup(fn, *args), which runs when the checkpoint goes, "
        cure += "instead of code after yield."
        self._tearing_down(after, inner, f"fixture {name!r} ({scope})", cure)

    def _tearing_down(
        self, after: list[ast.AST], inner: Scope, who: str, cure: str
    ) -> None:
        """Add that something is torn down; a problem where it destroys."""
        written = {id(node) for part in after for node in ast.walk(part)}
        after = [part for each in after for part in self._ends(each, inner)]
        destroys = next(destroying(after, inner, self._origins.of), None)
        temporary = next(filter(is_temporary, after), None)
        worst = destroys or temporary
        left = [part for part in after if not is_harmless(part)]
        if worst is None and not left:
            return
        first = worst or left[0]
        is_here = id(first) in written and hasattr(first, "lineno")
        place = inner.code.place(first if is_here else None)
        self._block.add(
            Finding(
                level=PROBLEM if worst else NOTE,
                kind="teardown",
                what=f"{who} has a teardown"
                + (f" that destroys: {_short(worst)}" if worst else ""),
                why=_GONE,
                cure=cure,
                place=place,
            )
        )

    def _ends(self, part: ast.AST, inner: Scope) -> list[ast.AST]:
        """Give what a with block does at its end, where the project says what."""
        if not isinstance(part, ast.withitem):
            return [part]
        entered = part.context_expr
        kind = self._origins.of(entered, inner).kind
        if isinstance(kind, type) and self._origins.is_own(kind):
            leaving = getattr(kind, "__exit__", None) or getattr(kind, "__aexit__", None)
            code = code_of(leaving)
            return code.body if code and self._origins.is_own(leaving) else [part]
        function = self._function(entered, inner)
        code = code_of(function) if self._origins.is_own(function) else None
        if code is None or not inspect.isgeneratorfunction(function):
            return [part]
        return after_yield(code)[1]

    def _function(self, entered: ast.expr, inner: Scope) -> Any:
        """Give the function that makes what a with block enters."""
        called = entered.func if isinstance(entered, ast.Call) else entered
        return plain_function(self._origins.of(called, inner).value)

    def _setting_up(self, before: list[ast.AST], inner: Scope, who: str) -> None:
        for node in destroying(before, inner, self._origins.of):
            self._block.add(
                Finding(
                    level=PROBLEM,
                    kind="set-up",
                    what=f"{who} destroys when it is set up: {_short(node)}",
                    why="In the next run it would destroy what the phases have made.",
                    cure='Make it the first phase: phase("reset", ...). It is not run '
                    "again on resume.",
                    place=inner.code.place(node),
                )
            )
            return

    def test(self, scope: Scope) -> None:
        """Judge what a test itself destroys when it ends."""
        for node in own_nodes(scope.code.body):
            if isinstance(node, ast.Try) and node.finalbody:
                ends: list[ast.AST] = list(node.finalbody)
                if next(destroying(ends, scope, self._origins.of), None):
                    cure = "Use phase.cleanup(fn, *args) instead of finally."
                    self._tearing_down(ends, scope, "the test's finally", cure)
            elif isinstance(node, ast.With | ast.AsyncWith):
                made: list[ast.AST] = [each for each in node.items if is_temporary(each)]
                if made:
                    cure = "Use phase.directory, which is kept with the checkpoint."
                    self._tearing_down(made, scope, "the test's with block", cure)

    def methods(self, kind: type | None, module: Any) -> None:
        """Judge set-up and teardown in the style of xunit."""
        places = [(kind, _SET_UP, _TEAR_DOWN), (module, _OF_MODULES, _AFTER_MODULES)]
        for owner, starts, ends in places:
            self._named(owner, starts, is_end=False)
            self._named(owner, ends, is_end=True)

    def _named(self, owner: Any, names: Sequence[str], *, is_end: bool) -> None:
        for name in names:
            found = getattr(owner, name, None) if owner is not None else None
            code = code_of(found)
            if code is None or not self._origins.is_own(found):
                continue
            scope, who = Scope(code, {}), f"{name}()"
            if is_end:
                cure = "Use class_phase.cleanup or phase.cleanup instead."
                self._tearing_down(code.body, scope, who, cure)
            else:
                self._setting_up(code.body, scope, who)

    def scopes(self, name: str, scope: str, requested: Sequence[tuple[str, str]]) -> None:
        """Add that a fixture asks for a phase of a narrower scope.

        Args:
            name: The fixture.
            scope: Its scope.
            requested: Fixtures of phases that it asks for, each with its scope.
        """
        for other, narrow in requested:
            if _WIDTH[scope] > _WIDTH[narrow]:
                wanted = f"{scope if scope != 'package' else 'session'}_phase"
                self._block.add(
                    Finding(
                        level=PROBLEM,
                        kind="scope",
                        what=f"fixture {name!r} ({scope}) asks for {other!r} ({narrow}): "
                        "ScopeMismatch.",
                        why="A fixture can ask only for those that live as long as it.",
                        cure=f"Use {wanted} in it.",
                    )
                )


def _finalizers(code: Code) -> list[ast.AST]:
    """Give what a fixture hands to addfinalizer, as calls of it."""
    found: list[ast.AST] = []
    functions = {n.name: n for n in ast.walk(code.node) if isinstance(n, ast.FunctionDef)}
    for node in own_nodes(code.body):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr == "addfinalizer":
            given = node.args[0]
            if isinstance(given, ast.Lambda):
                found.append(given.body)
            elif isinstance(given, ast.Name) and given.id in functions:
                found += functions[given.id].body
            else:
                found.append(ast.copy_location(ast.Call(given, [], []), given))
    return found


def _short(node: ast.AST | None) -> str:
    text = ast.unparse(node) if node else ""
    return text if len(text) <= 60 else f"{text[:57]}..."
