"""The names of a test's phases: one name, one value."""

import ast
from collections.abc import Sequence
from itertools import combinations

from milepost.doctor.calls import PhaseCall
from milepost.doctor.findings import PROBLEM, Block, Finding
from milepost.doctor.origins import Origins
from milepost.doctor.scope import Scope

_CURE = 'Put the item into the name: phase(f"{name} {{item}}", ...)'


def name_of_phase(call: PhaseCall, origins: Origins) -> str:
    """Give a phase's name; empty where it is computed from what nobody can tell."""
    node = call.node.args[0] if call.node.args else None
    value = origins.of(node, call.scope).value
    return value if isinstance(value, str) else ""


def name_text(call: PhaseCall) -> str:
    """Give a phase's name as it is written."""
    return ast.unparse(call.node.args[0]) if call.node.args else "?"


def judge_names(calls: Sequence[PhaseCall], origins: Origins, block: Block) -> None:
    """Add the names that stand for two values."""
    for call in calls:
        name = name_of_phase(call, origins)
        if name and call.loops and _changes_with_loop(call):
            block.add(_repeated(name, call, "is called in a loop, with other inputs"))
    for first, second in combinations(calls, 2):
        name = name_of_phase(first, origins)
        if not name or name != name_of_phase(second, origins):
            continue
        if (first.checkpoint, first.verb) != (second.checkpoint, second.verb):
            continue
        if not _exclude(first, second) and _written(first) != _written(second):
            block.add(_repeated(name, second, f"has the name of the one at {first.place}"))


def _repeated(name: str, call: PhaseCall, what: str) -> Finding:
    return Finding(
        level=PROBLEM,
        kind="name",
        what=f"{call.verb} {name!r} {what}.",
        why="Its value is kept by its name: the second call would be an error.",
        cure=_CURE.format(name=name),
        place=call.place,
    )


def _exclude(first: PhaseCall, second: PhaseCall) -> bool:
    """Tell whether two calls stand in branches of which only one is taken."""
    arms = dict(first.branches)
    return any(arms.get(place, arm) != arm for place, arm in second.branches)


def _written(call: PhaseCall) -> list[str]:
    """Give the function and the arguments, with what parameters stand for."""
    words = [word.value for word in call.node.keywords]
    return [_spelled(each, call.scope) for each in [*call.node.args[1:], *words]]


def _spelled(node: ast.expr, scope: Scope) -> str:
    texts = [ast.unparse(node)]
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and each.id in scope.bound:
            origin = scope.bound[each.id]
            texts.append(f"{each.id}={origin.value!r}")
    return " ".join(texts)


def _changes_with_loop(call: PhaseCall) -> bool:
    """Tell whether an input of a phase is another one in each turn of a loop."""
    words = [word.value for word in call.node.keywords]
    used = {
        node.id
        for part in [*call.node.args[1:], *words]
        for node in ast.walk(part)
        if isinstance(node, ast.Name)
    }
    return any(
        scope.code.node is call.scope.code.node and used & _bound_by(loop)
        for loop, scope in call.loops
    )


def _bound_by(loop: ast.AST) -> set[str]:
    targets: list[ast.AST] = []
    if isinstance(loop, ast.For | ast.AsyncFor):
        targets = [loop.target]
    for part in getattr(loop, "generators", ()):
        targets.append(part.target)
    return {n.id for each in targets for n in ast.walk(each) if isinstance(n, ast.Name)}
