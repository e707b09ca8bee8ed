"""Can what a phase's function returns be given back in a later run?"""

import ast
import inspect
from collections.abc import Callable
from typing import Any, Final

from milepost.doctor.calls import PhaseCall
from milepost.doctor.findings import NOTE, PROBLEM, Block, Finding, refused
from milepost.doctor.origins import Origins, given_values, returned_kind
from milepost.doctor.scope import NOTHING, LocalFunction, Origin, Scope
from milepost.doctor.source import code_of, own_nodes
from milepost.fingerprint.content import name_of
from milepost.values.errors import PATTERN, UnrestorableAnnotationError
from milepost.values.schema import Schema, make_schema, schema_of

_GENERATOR: Final = (
    "Return a list, made inside: return [line for line in source]; or wrap it:\n"
    '    phase("lines", lambda: list(read_lines(path)))'
)
_PLAIN: Final = (str, int, float, bool, type(None), list, dict, bytes)


class Results:
    """Judges what the functions of phases return.

    Args:
        origins: Knows what the names are.
        live_name: Names the live type in an annotation.
    """

    def __init__(self, origins: Origins, live_name: Callable[[Any], str]) -> None:
        self._origins = origins
        self._live_name = live_name

    def judge(self, call: PhaseCall, function: Origin, title: str, block: Block) -> str:
        """Add what is wrong with the result of a phase.

        Args:
            call: The phase.
            function: Its function.
            title: The phase, for people.
            block: Takes the findings.

        Returns:
            What is to be said where nothing is wrong; empty otherwise.
        """
        if function.value is NOTHING:
            return "its function cannot be told"
        before = len(block.findings)
        try:
            schema = self._schema(call, function.value)
        except UnrestorableAnnotationError as error:
            kind = "generator" if "yields" in error.why else "return"
            block.add(refused(kind, error, call.place, f"{title}: "))
            return ""
        except Exception as error:  # noqa: BLE001 - a stranger's annotation runs its code
            return f"its annotation cannot be read ({type(error).__name__})"
        if schema is None:
            self._judge_unsaid(call, function.value, title, block)
        if len(block.findings) > before:
            return ""
        if schema is None:
            return "no annotation: plain JSON only; add an annotation for more"
        return f"returns {schema.text}"

    def _schema(self, call: PhaseCall, function: Any) -> Schema | None:
        returns = call.options.get("returns")
        if returns is not None:
            found = self._origins.of(returns, call.scope).value
            return schema_of(lambda: None, found) if found is not NOTHING else None
        if not isinstance(function, LocalFunction):
            return schema_of(function)
        nodes = [] if isinstance(function.code.node, ast.Lambda) else function.code.body
        if any(isinstance(each, ast.Yield | ast.YieldFrom) for each in own_nodes(nodes)):
            name = getattr(function.code.node, "name", "the function")
            reason = f"{name} yields: what it gives can be read only once"
            raise UnrestorableAnnotationError("generator", reason, _GENERATOR)
        kind = returned_kind(function)
        return None if kind is NOTHING else make_schema(kind)

    def _judge_unsaid(
        self, call: PhaseCall, function: Any, title: str, block: Block
    ) -> None:
        """See whether a function without annotation returns what is no plain JSON."""
        is_local = isinstance(function, LocalFunction)
        code = function.code if is_local else code_of(function)
        if code is None or not (is_local or self._origins.is_own(function)):
            return
        scope = Scope(code, self._bound(call, code), function.scope if is_local else None)
        for value in given_values(code):
            kind = self._origins.of(value, scope).kind
            if isinstance(kind, type) and not issubclass(kind, _PLAIN):
                self._refuse(call, kind, title, block)
                return
            if isinstance(value, ast.GeneratorExp):
                error = UnrestorableAnnotationError(
                    "generator", "it returns a generator expression", _GENERATOR
                )
                block.add(refused("generator", error, call.place, f"{title}: "))
                return

    def _bound(self, call: PhaseCall, code: Any) -> dict[str, Origin]:
        rest = ast.Call(call.node.func, call.node.args[2:], call.node.keywords)
        return self._origins.bind(rest, call.scope, code)

    def _refuse(self, call: PhaseCall, kind: type, title: str, block: Block) -> None:
        if kind.__module__.partition(".")[0] in ("numpy", "pandas"):
            return
        live = self._live_name(kind)
        cure = PATTERN if live else f"Say it: def ...() -> {kind.__name__}: (or returns=)"
        block.add(
            Finding(
                level=PROBLEM,
                kind="return",
                what=f"{title} returns a {name_of(kind)} and has no annotation: the value "
                "would not be kept.",
                why="Without an annotation only plain JSON values are restored.",
                cure=cure,
                place=call.place,
            )
        )


def judge_form(call: PhaseCall, function: Origin, title: str, block: Block) -> None:
    """Add what is to be said of the form of a phase's function."""
    value = function.value
    node = value.code.node if isinstance(value, LocalFunction) else None
    if isinstance(node, ast.Lambda) and ast.unparse(node.args):
        block.add(
            Finding(
                level=NOTE,
                kind="lambda",
                what=f"{title} is a lambda with parameters: no type checker follows it.",
                why="Its result counts as plain JSON, for a lambda has no annotation.",
                cure="Name it: def fn(...) -> TYPE: ..., or give the arguments inside: "
                "lambda: fn(arg)",
                place=call.place,
            )
        )
    is_timed = "timeout" in call.options and value is not NOTHING
    if is_timed and not _is_coroutine_function(value):
        block.add(
            Finding(
                level=NOTE,
                kind="timeout",
                what=f"{title} has a timeout, and its function is a plain one.",
                why="A plain function cannot be cancelled: its late value is kept.",
                cure="Make it a coroutine function, or use pytest-timeout.",
                place=call.place,
            )
        )


def _is_coroutine_function(value: Any) -> bool:
    if isinstance(value, LocalFunction):
        return not isinstance(value.code.node, ast.FunctionDef)
    return inspect.iscoroutinefunction(value)
