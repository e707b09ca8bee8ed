"""Where the values of a test come from, followed through its code without running it."""

import ast
import sys
import types
import typing
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from milepost.doctor.liveness import KINDS
from milepost.doctor.randomness import reason_of_attribute, reason_of_call
from milepost.doctor.scope import (
    NOTHING,
    UNKNOWN,
    Assigned,
    LocalFunction,
    Origin,
    Scope,
    is_constant,
    joined,
    module_scope,
    part_of,
)
from milepost.doctor.source import Code, code_of, own_nodes, plain_function
from milepost.fingerprint.objects import attributes_of

_DEEPEST: Final = 8
_GENERATED: Final = ("Generator", "AsyncGenerator", "Iterator", "AsyncIterator", "Iterable")


class Origins:
    """Looks up what the values of one test are.

    Args:
        fixture: Gives what the value of a fixture is, by its name; None where a name
            is no fixture.
        is_own: Tells whether a function or class is the project's.
        attribute: Gives what fixtures set as an attribute of a class.
    """

    def __init__(
        self,
        fixture: Callable[[str], Origin | None],
        is_own: Callable[[object], bool],
        attribute: Callable[[type, str], list[Origin]],
    ) -> None:
        self.fixture = fixture
        self._attribute_given = attribute
        self.is_own = is_own
        self._open: set[tuple[int, int]] = set()
        self._modules: dict[str, Scope] = {}

    def of(self, node: ast.AST | None, scope: Scope) -> Origin:
        """Say what an expression gives."""
        key = (id(node), id(scope))
        if node is None or key in self._open or len(self._open) > _DEEPEST * 6:
            return UNKNOWN
        self._open.add(key)
        try:
            return self._of(node, scope)
        finally:
            self._open.discard(key)

    def _of(self, node: ast.AST, scope: Scope) -> Origin:
        if isinstance(node, ast.Constant):
            return Origin(value=node.value, kind=type(node.value))
        if isinstance(node, ast.Name):
            return self.name(node.id, scope, node.lineno)
        if isinstance(node, ast.Call):
            return self._call(node, scope)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, scope)
        if isinstance(node, ast.Await | ast.NamedExpr | ast.Starred):
            return self.of(node.value, scope)
        if isinstance(node, ast.Lambda):
            code = Code(node, scope.code.names, scope.code.file)
            return Origin(value=LocalFunction(code, scope))
        if isinstance(node, ast.IfExp):
            return joined([self.of(node.body, scope), self.of(node.orelse, scope)])
        return self._made_of(node, scope)

    def _made_of(self, node: ast.AST, scope: Scope) -> Origin:
        """Say what holds for a value that is made of others."""
        if isinstance(node, ast.JoinedStr):
            return self._text(node, scope)
        children = [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
        parts = [self.of(each, scope) for each in children]
        random = next((each.random for each in parts if each.random), "")
        is_kept = bool(parts) and all(map(is_constant, parts))
        given = parts[0].given if isinstance(node, ast.Subscript) and parts else {}
        return Origin(random=random, is_kept=is_kept, given=given)

    def _text(self, node: ast.JoinedStr, scope: Scope) -> Origin:
        texts: list[str] = []
        random, is_known = "", True
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            found = self.of(inner, scope)
            random = random or found.random
            is_known &= isinstance(found.value, str | int)
            texts.append(str(found.value))
        return Origin(
            kind=str, random=random, value="".join(texts) if is_known else NOTHING
        )

    def name(self, name: str, scope: Scope, line: int = sys.maxsize) -> Origin:
        """Say what a name stands for."""
        around: Scope | None = scope
        while around:
            if name in around.assigned:
                found = around.before(name, line if around is scope else sys.maxsize)
                return joined([self._assigned(each, around) for each in found])
            if name in around.functions:
                return Origin(value=LocalFunction(around.functions[name], around))
            if name in around.bound:
                return around.bound[name]
            if name in _parameters(around.code):
                return self._declared(name, around)
            around = around.outer
        value = scope.code.names.get(name, NOTHING)
        if value is NOTHING:
            return UNKNOWN
        random = self._random_in_module(name, scope)
        return Origin(value=value, kind=type(value), random=random)

    def _random_in_module(self, name: str, scope: Scope) -> str:
        """Tell what is random in a name that the module itself assigns."""
        if callable(scope.code.names.get(name)):
            return ""
        file = scope.code.file
        module = self._modules.setdefault(file, module_scope(scope.code))
        found = module.assigned.get(name, [])
        return joined([self.of(each.value, module) for each in found]).random

    def _declared(self, name: str, scope: Scope) -> Origin:
        """Say what a parameter's annotation says."""
        found = [
            each for each in ast.walk(scope.code.node.args) if _is_parameter(each, name)
        ]
        annotation = getattr(found[0], "annotation", None) if found else None
        return Origin(kind=resolved(annotation, scope)) if annotation else UNKNOWN

    def _assigned(self, found: Assigned, scope: Scope) -> Origin:
        value = self.of(found.value, scope)
        if found.how == "value" or (found.how == "entered" and not value.random):
            return value
        return part_of(value)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Origin:
        owner = self.of(node.value, scope)
        if owner.phase:  # its directory
            return Origin(kind=Path, is_kept=True)
        if isinstance(owner.value, types.ModuleType | type):
            value = _static(owner.value, node.attr)
            return UNKNOWN if value is NOTHING else Origin(value=value, kind=type(value))
        if isinstance(owner.kind, type) and owner.kind is not type:
            return self._of_instance(node.attr, owner)
        return (
            part_of(owner)
            if owner.random
            else Origin(random=reason_of_attribute(node.attr), is_kept=owner.is_kept)
        )

    def _of_instance(self, name: str, owner: Origin) -> Origin:
        kind = owner.kind
        value = _static(kind, name)
        if plain_function(value):
            return Origin(value=value, kind=type(value), given={"self": owner})
        written = [self._written(base, name, owner) for base in kind.__mro__[:-1]]
        found = [each for origins in written for each in origins]
        found += self._attribute_given(kind, name)
        if found:
            return joined(found)
        random = owner.random or reason_of_attribute(name)
        if value is not NOTHING and not hasattr(value, "__get__"):
            return Origin(value=value, kind=type(value), random=random)
        return Origin(random=random, is_kept=owner.is_kept)

    def _written(self, kind: type, name: str, owner: Origin) -> list[Origin]:
        """Find what the methods of a class of the project assign to an attribute."""
        found: list[Origin] = []
        for member in list(vars(kind).values()) if self.is_own(kind) else ():
            code = code_of(member)
            if code is None or not code.parameters:
                continue
            scope = self.method_scope(code, owner)
            found += [self.of(value, scope) for value in _stores(code, name)]
        return found

    def method_scope(self, code: Code, owner: Origin) -> Scope:
        """Give a method with what its object was made with, or fixtures of the names."""
        first, *others = code.parameters
        bound = {first: owner}
        is_made = getattr(code.node, "name", "") == "__init__" and owner.given
        for name in others:
            known = owner.given.get(name) if is_made else self.fixture(name)
            if known is not None:
                bound[name] = known
        return Scope(code, bound)

    def _call(self, node: ast.Call, scope: Scope) -> Origin:
        special = self._call_of_phase(node, scope)
        if special is not None:
            return special
        function = self.of(node.func, scope)
        called = function.value
        if isinstance(called, LocalFunction):
            return self._inside_out(
                called.code, self.bind(node, scope, called.code), called
            )
        if called is NOTHING or not callable(called):
            return self._method_of_unknown(node, scope, function)
        reason = reason_of_call(called, node)
        if reason:
            return Origin(
                random=reason, kind=called if isinstance(called, type) else NOTHING
            )
        if isinstance(called, type):
            return self._made(called, node, scope)
        return self._returned(called, node, scope, function)

    def _call_of_phase(self, node: ast.Call, scope: Scope) -> Origin | None:
        """Say what a call of a phase object or of one of its methods gives."""
        if not isinstance(node.func, ast.Attribute):
            found = self.of(node.func, scope)
            return self._of_phase(node, scope) if found.phase else None
        owner = self.of(node.func.value, scope)
        if node.func.attr == "getfixturevalue" and node.args:
            name = self.of(node.args[0], scope).value
            return self.fixture(name) if isinstance(name, str) else None
        if owner.phase and node.func.attr == "with_options":
            options = {each.arg: each.value for each in node.keywords if each.arg}
            return Origin(phase=owner.phase, options=options)
        if owner.phase:
            return Origin(is_kept=True)
        return self._of_phase(node, scope) if self.of(node.func, scope).phase else None

    def _of_phase(self, node: ast.Call, scope: Scope) -> Origin:
        """What a phase gives is kept; its type is what its function says."""
        function = self.of(node.args[1], scope).value if len(node.args) > 1 else NOTHING
        kind = returned_kind(function) if function is not NOTHING else NOTHING
        always = self.of(node.func, scope).options.get("always")
        return Origin(is_kept=always is None, kind=kind)

    def bind(self, node: ast.Call, scope: Scope, code: Code) -> dict[str, Origin]:
        """Give the parameters of a function what a call gives it."""
        bound = {}
        for name, value in zip(code.parameters, node.args, strict=False):
            bound[name] = self.of(value, scope)
        names = _parameters(code)
        for word in node.keywords:
            if word.arg in names:
                bound[word.arg] = self.of(word.value, scope)
        return bound

    def _made(self, kind: type, node: ast.Call, scope: Scope) -> Origin:
        code = code_of(vars(kind).get("__init__"))
        given = self.bind(_shifted(node), scope, code) if code else {}
        values = [self.of(each, scope) for each in _arguments(node)]
        random = next((each.random for each in values if each.random), "")
        return Origin(kind=kind, random=random, given=given)

    def _returned(
        self, called: Any, node: ast.Call, scope: Scope, function: Origin
    ) -> Origin:
        kind = KINDS.get(called, NOTHING) if plain_function(called) is None else NOTHING
        if kind is NOTHING:
            kind = returned_kind(called)
        code = code_of(called) if self.is_own(plain_function(called)) else None
        if code is None:
            is_text = getattr(called, "__module__", "") in ("os", "posixpath", "builtins")
            values = [self.of(each, scope) for each in _arguments(node)] if is_text else []
            random = next((each.random for each in values if each.random), "")
            return Origin(kind=kind, random=random)
        receiver = function.given.get("self")
        call = _shifted(node) if receiver else node
        bound = self.bind(call, scope, code)
        if receiver and code.parameters:
            bound[code.parameters[0]] = receiver
        return self._inside_out(code, bound, None, kind)

    def _inside_out(
        self,
        code: Code,
        bound: dict[str, Origin],
        local: LocalFunction | None,
        kind: Any = NOTHING,
    ) -> Origin:
        """Say what a function of the project gives, from what is written in it."""
        inner = Scope(code, bound, local.scope if local else None)
        found = joined([self.of(each, inner) for each in given_values(code)])
        if kind is NOTHING or found.phase:
            return found
        return Origin(
            kind=kind, random=found.random, is_kept=found.is_kept, given=found.given
        )

    def _method_of_unknown(self, node: ast.Call, scope: Scope, function: Origin) -> Origin:
        """A method of text gives what the text and the arguments are."""
        if not isinstance(node.func, ast.Attribute):
            return part_of(function)
        owner = self.of(node.func.value, scope)
        parts = [owner]
        if owner.kind is str:
            parts += [self.of(each, scope) for each in _arguments(node)]
        random = next((each.random for each in parts if each.random), "")
        return Origin(random=random or function.random, is_kept=owner.is_kept)

    def of_function(self, function: object, bound: dict[str, Origin]) -> Origin:
        """Say what a function gives, such as that of a fixture."""
        code = code_of(function)
        kind = returned_kind(function)
        return self._inside_out(code, bound, None, kind) if code else Origin(kind=kind)


def given_values(code: Code) -> list[ast.expr]:
    """Give what a function returns or yields."""
    if isinstance(code.node, ast.Lambda):
        return [code.node.body]
    nodes = list(own_nodes(code.body))
    yielded = [n.value for n in nodes if isinstance(n, ast.Yield) and n.value]
    returned = [n.value for n in nodes if isinstance(n, ast.Return) and n.value]
    return yielded or returned


def returned_kind(function: Any) -> Any:
    """Give the annotation of what a function returns, or of what it yields once."""
    if isinstance(function, type):
        return function
    if isinstance(function, partial):
        return returned_kind(function.func)
    if isinstance(function, LocalFunction):
        node = function.code.node
        return resolved(getattr(node, "returns", None), function.scope)
    with suppress(Exception):
        plain = plain_function(function)
        found = typing.get_type_hints(plain).get("return", NOTHING) if plain else NOTHING
        name = getattr(typing.get_origin(found), "__name__", "")
        return typing.get_args(found)[0] if name in _GENERATED else found
    return NOTHING


def resolved(annotation: ast.expr | None, scope: Scope) -> Any:
    """Look up an annotation that is written in a function inside another one."""
    if annotation is None:
        return NOTHING
    text = ast.unparse(annotation)
    holder = types.SimpleNamespace(__annotations__={"return": text})
    with suppress(Exception):
        return typing.get_type_hints(holder, dict(scope.code.names))["return"]
    return NOTHING


def _static(owner: Any, name: str) -> Any:
    """Look up an attribute of a module or class without running any code."""
    if isinstance(owner, type):
        for base in owner.__mro__:
            if name in vars(base):
                found = vars(base)[name]
                is_built_in = isinstance(found, types.ClassMethodDescriptorType)
                return found.__get__(None, owner) if is_built_in else found
        return NOTHING
    return attributes_of(owner).get(name, NOTHING)


def _stores(code: Code, name: str) -> Iterator[ast.expr]:
    """Find what a method assigns to an attribute of its object."""
    owner = code.parameters[0]
    for node in own_nodes(code.body):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Attribute) and target.attr == name:
                holder = target.value
                if isinstance(holder, ast.Name) and holder.id == owner:
                    yield node.value


def _parameters(code: Code) -> list[str]:
    return [each.arg for each in ast.walk(code.node.args) if isinstance(each, ast.arg)]


def _is_parameter(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.arg) and node.arg == name


def _arguments(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(word.value for word in node.keywords)]


def _shifted(node: ast.Call) -> ast.Call:
    """Give a call as the function itself gets it: its object comes first."""
    return ast.Call(node.func, [ast.Constant(value=None), *node.args], node.keywords)
