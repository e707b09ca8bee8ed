"""The names of one function: what is assigned to them, and what they are bound to."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

from milepost.doctor.source import Code, own_nodes, tree_of

NOTHING: Final = object()
_CONDITIONAL: Final = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match)


@dataclass(frozen=True, eq=False, kw_only=True)
class Origin:
    """What can be said of a value before anything runs.

    Attributes:
        kind: Its type or annotation; ``NOTHING`` where nobody can tell.
        value: The value itself, where it is there already.
        random: What makes it different in every process.
        is_kept: Milepost keeps it: it is the same in every run.
        phase: Whose checkpoint it works on, where it is a phase object.
        options: What ``with_options`` was given.
        given: What an object was made with, by parameter.
    """

    kind: Any = NOTHING
    value: Any = NOTHING
    random: str = ""
    is_kept: bool = False
    phase: str = ""
    options: Mapping[str, ast.expr] = field(default_factory=dict)
    given: Mapping[str, "Origin"] = field(default_factory=dict)


UNKNOWN: Final = Origin()


class Assigned(NamedTuple):
    """One assignment to a name.

    Attributes:
        value: What is assigned.
        how: ``value``, ``item`` of it, or what ``entered`` it gives.
        line: Where.
        is_sure: Whether it happens in every run of the function.
    """

    value: ast.expr
    how: str
    line: int
    is_sure: bool


@dataclass(eq=False)
class Scope:
    """A function with what its parameters stand for.

    Attributes:
        code: The function.
        bound: Its parameters, as far as they are known.
        outer: The function in which it is written.
    """

    code: Code
    bound: Mapping[str, Origin]
    outer: "Scope | None" = None

    @cached_property
    def assigned(self) -> dict[str, list[Assigned]]:
        """Give the assignments to each local name, in order."""
        found: dict[str, list[Assigned]] = {}
        for name, each in _assignments(self.code.body, is_sure=True):
            found.setdefault(name, []).append(each)
        return found

    @cached_property
    def functions(self) -> dict[str, Code]:
        """Give the functions that are written inside."""
        return {
            node.name: Code(node, self.code.names, self.code.file)
            for node in own_nodes(self.code.body)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    def before(self, name: str, line: int) -> list[Assigned]:
        """Give the assignments that a use of a name can see."""
        every = self.assigned.get(name, [])
        earlier = [each for each in every if each.line <= line] or every
        sure = [n for n, each in enumerate(earlier) if each.is_sure]
        return earlier[sure[-1] :] if sure else earlier

    def local(self, name: str) -> bool:
        """Tell whether a name is one of this function's own."""
        return name in self.assigned or name in self.functions or name in self.bound


@dataclass(frozen=True, eq=False)
class LocalFunction:
    """A function written inside another one, or a lambda.

    Attributes:
        code: It.
        scope: The function around it.
    """

    code: Code
    scope: Scope


def module_scope(code: Code) -> Scope:
    """Give the scope of the module that a function stands in."""
    (node,) = ast.parse("def module(): ...").body
    tree = tree_of(code.file)
    if isinstance(node, ast.FunctionDef) and tree:
        node.body = tree.body
        return Scope(Code(node, code.names, code.file), {})
    return Scope(code, {})


def joined(origins: list[Origin]) -> Origin:
    """Say what holds for a value that is one of several."""
    known = [each for each in origins if each.value is not None]
    if len(known) == 1:
        return known[0]
    for each in known:
        if each.phase:
            return each
    kinds = [each.kind for each in known]
    is_one = bool(kinds) and all(each is kinds[0] for each in kinds)
    is_kept = any(each.is_kept for each in known)
    random = "" if is_kept else next((each.random for each in known if each.random), "")
    kind = kinds[0] if is_one else NOTHING
    return Origin(kind=kind, random=random, is_kept=is_kept)


def part_of(whole: Origin) -> Origin:
    """Say what holds for a part of a value, of which nothing else is known."""
    is_kept = whole.is_kept or is_constant(whole)
    return replace(
        whole, kind=NOTHING, value=NOTHING, phase="", options={}, is_kept=is_kept
    )


def is_constant(origin: Origin) -> bool:
    """Tell whether a value is written in the source: the same in every run."""
    return origin.is_kept or type(origin.value) in (str, int, float, bool, bytes)


def _assignments(parts: list[Any], *, is_sure: bool) -> Iterator[tuple[str, Assigned]]:
    for part in parts:
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if not isinstance(part, ast.Lambda):
            yield from _own_assignments(part, is_sure)
            inner = is_sure and not isinstance(part, _CONDITIONAL)
            children = list(ast.iter_child_nodes(part))
            yield from _assignments(children, is_sure=inner)


def _own_assignments(part: ast.AST, is_sure: bool) -> Iterator[tuple[str, Assigned]]:  # noqa: FBT001
    pairs: list[tuple[ast.expr, ast.expr, str]] = []
    if isinstance(part, ast.Assign):
        pairs = [(target, part.value, "value") for target in part.targets]
    elif isinstance(part, ast.AnnAssign | ast.NamedExpr) and part.value:
        pairs = [(part.target, part.value, "value")]
    elif isinstance(part, ast.For | ast.AsyncFor | ast.comprehension):
        pairs = [(part.target, part.iter, "item")]
    elif isinstance(part, ast.withitem) and part.optional_vars:
        pairs = [(part.optional_vars, part.context_expr, "entered")]
    for target, value, how in pairs:
        line = getattr(part, "lineno", target.lineno)
        for name, found, way in _targets(target, value, how):
            yield name, Assigned(found, way, line, is_sure)


def _targets(
    target: ast.expr, value: ast.expr, how: str
) -> Iterator[tuple[str, ast.expr, str]]:
    if isinstance(target, ast.Name):
        yield target.id, value, how
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value, value, "item")
    elif isinstance(target, ast.Tuple | ast.List):
        is_pair = isinstance(value, ast.Tuple | ast.List) and how == "value"
        inner = value.elts if isinstance(value, ast.Tuple | ast.List) and is_pair else []
        for number, each in enumerate(target.elts):
            if len(inner) == len(target.elts):
                yield from _targets(each, inner[number], "value")
            else:
                yield from _targets(each, value, "item")
