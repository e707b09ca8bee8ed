"""What phases are given: live objects, and what is different in every process."""

import ast
import inspect
import typing
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from milepost import report
from milepost.doctor.calls import PhaseCall
from milepost.doctor.findings import NOTE, PROBLEM, Block, Finding
from milepost.doctor.liveness import Liveness
from milepost.doctor.origins import Origins
from milepost.doctor.randomness import cure_of
from milepost.doctor.scope import NOTHING, LocalFunction, Origin
from milepost.doctor.source import own_nodes, plain_function
from milepost.fingerprint.content import Content
from milepost.fingerprint.graph import graph_of

_CODE: Final = (LocalFunction, type)


class Given(NamedTuple):
    """One argument of a phase: its parameter, how it is written, what it is."""

    name: str
    text: str
    origin: Origin


class Arguments:
    """Judges what the functions of phases are given.

    Args:
        origins: Knows what the names are.
        liveness: Knows which types are live.
        root: The project's folder.
        live: The setting ``milepost_live``.
    """

    def __init__(self, origins: Origins, liveness: Liveness, root: Path, live: str) -> None:
        self._origins = origins
        self._liveness = liveness
        self._root = root
        self._live = live

    def judge(
        self, call: PhaseCall, function: Origin, name: str, block: Block
    ) -> list[str]:
        """Add what is wrong with the arguments of a phase.

        Args:
            call: The phase.
            function: Its function.
            name: The phase's name, for people.
            block: Takes the findings.

        Returns:
            The arguments of which nothing can be told.
        """
        ignored = self._ignored(call)
        unknown = []
        for given in self._given(call, function):
            if given.name in ignored or given.origin.phase:
                continue
            live, random = self._content(given)
            if random and not given.origin.is_kept:
                block.add(_changing(call, given, random, name))
            elif live:
                block.add(self._living(call, given, live, name))
            elif self._is_unknown(given.origin):
                unknown.append(given.text)
        return unknown

    def _ignored(self, call: PhaseCall) -> set[str]:
        node = call.options.get("ignore")
        parts = ast.walk(node) if node else ()
        return {
            n.value for n in parts if isinstance(n, ast.Constant) and type(n.value) is str
        }

    def _is_unknown(self, origin: Origin) -> bool:
        return origin.kind is NOTHING and origin.value is NOTHING and not origin.is_kept

    def _content(self, given: Given) -> tuple[str, str]:
        """Tell the live type and what is random in an argument."""
        origin = given.origin
        if origin.value is NOTHING or isinstance(origin.value, _CODE):
            is_code = isinstance(origin.value, _CODE)
            known = origin.kind is not NOTHING and not is_code
            return self._liveness.live_name(origin.kind) if known else "", origin.random
        content = Content(graph_of(self._root))
        with suppress(Exception):
            content.read(given.name, origin.value)
        random = next(iter(content.volatile.values()), "").partition(":")[0]
        return next(iter(content.live.values()), ""), origin.random or random

    def _given(self, call: PhaseCall, function: Origin) -> Iterator[Given]:
        hints = _hints(function.value)
        for name, node in _named(call.node, function.value):
            origin = self._origins.of(node, call.scope)
            if self._is_unknown(origin) and not origin.random and name in hints:
                origin = Origin(kind=hints[name])
            yield Given(name, ast.unparse(node), origin)
        receiver = function.given.get("self")
        if receiver and isinstance(call.function, ast.Attribute):
            yield Given("self", ast.unparse(call.function.value), receiver)
        if isinstance(function.value, LocalFunction):
            yield from self._closed_over(function.value)

    def _closed_over(self, function: LocalFunction) -> Iterator[Given]:
        """Give the names that a function takes from the function around it."""
        own = {
            each.arg for each in ast.walk(function.code.node) if isinstance(each, ast.arg)
        }
        names: dict[str, ast.Name] = {}
        for node in own_nodes(function.code.body):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                names.setdefault(node.id, node)
        for name, node in names.items():
            if name in own or not function.scope.local(name):
                continue
            origin = self._origins.of(node, function.scope)
            if not isinstance(origin.value, LocalFunction):
                yield Given(name, name, origin)

    def _living(self, call: PhaseCall, given: Given, live: str, name: str) -> Finding:
        is_stale = self._live == "stale"
        why = "milepost_live = stale: the phase would run in every run." if is_stale else ""
        return Finding(
            level=PROBLEM if is_stale else NOTE,
            kind="live",
            what=report.live_input(f"{call.verb} {name}", given.name, live),
            why=why,
            place=call.place,
        )


def _changing(call: PhaseCall, given: Given, reason: str, name: str) -> Finding:
    prefix = "" if call.checkpoint == "own" else f"{call.checkpoint}_"
    plain = given.text if given.text.isidentifier() else given.name
    what = f"{call.verb} {name}: argument {given.name!r} ({given.text}) {reason}"
    return Finding(
        level=PROBLEM,
        kind="random",
        what=f"{what}: it is different in every process.",
        why="The phase would be stale in every run.",
        cure=cure_of(reason, plain, prefix),
        place=call.place,
    )


def _named(node: ast.Call, function: Any) -> Iterator[tuple[str, ast.expr]]:
    names = _parameters(function)
    for number, each in enumerate(node.args[2:]):
        yield (names[number] if number < len(names) else f"args[{number}]"), each
    for word in node.keywords:
        yield word.arg or "kwargs", word.value


def _parameters(function: Any) -> list[str]:
    if isinstance(function, LocalFunction):
        return function.code.parameters
    with suppress(TypeError, ValueError):
        found = [*inspect.signature(function).parameters.values()]
        return [each.name for each in found if each.kind is not each.VAR_POSITIONAL]
    return []


def _hints(function: Any) -> dict[str, Any]:
    with suppress(Exception):
        made = vars(function).get("__init__") if isinstance(function, type) else function
        return typing.get_type_hints(plain_function(made))
    return {}
