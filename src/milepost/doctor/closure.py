"""The fixtures of one test: which they are, and what their values are."""

import ast
import inspect
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from milepost.doctor.origins import Origins
from milepost.doctor.randomness import FIXTURES
from milepost.doctor.scope import UNKNOWN, Origin, Scope
from milepost.doctor.source import Code, code_of, own_nodes, plain_function
from milepost.plugin.asking import ALL, SCOPED

_HOME: Final = "milepost.plugin.fixtures"


class Closure:
    """The fixtures that pytest will set up for a test.

    Args:
        item: The test.
        origins: Makes what knows the names, from the fixtures' values.
        is_own: Tells whether a function or class is the project's.
        remembered: Fixtures whose values milepost keeps.
    """

    def __init__(self, item: Any, is_own: Any, remembered: Collection[str]) -> None:
        self._item = item
        self._is_own = is_own
        self._remembered = frozenset(remembered)
        self._known: dict[str, Origin] = {}
        self._open: set[str] = set()
        self.origins = Origins(self.value, is_own, self._set_on)
        case = getattr(item, "callspec", None)
        self._parameters: Mapping[str, Any] = case.params if case else {}

    def value(self, name: str) -> Origin | None:
        """Say what the value of a fixture is; None where a name is no fixture."""
        if name in self._open:
            return UNKNOWN
        if name not in self._known:
            self._open.add(name)
            found = self._value(name)
            self._open.discard(name)
            if found is None:
                return None
            self._known[name] = found
        return self._known[name]

    def _value(self, name: str) -> Origin | None:
        definition = self._definition(name)
        function = getattr(definition, "func", None)
        is_indirect = function is not None and self._is_own(function)
        if name in self._parameters and not is_indirect:
            value = self._parameters[name]
            return Origin(value=value, kind=type(value))
        if name in ALL and self._is_phase(name):
            return Origin(phase=SCOPED.get(name, "own"))
        if name in self._remembered:
            return Origin(is_kept=True)
        if name in FIXTURES and not is_indirect:
            return Origin(random=FIXTURES[name])
        if definition is None:
            return UNKNOWN if name == "request" else None
        code = code_of(function)
        if code is None or not is_indirect:
            return self.origins.of_function(function, {}) if code else UNKNOWN
        return self.origins.of_function(function, self.scope(code, definition).bound)  # type: ignore[arg-type]

    def _is_phase(self, name: str) -> bool:
        """Tell whether a fixture of one of our names is ours, and not the user's."""
        function = getattr(self._definition(name), "func", None)
        return getattr(function, "__module__", _HOME) == _HOME

    def _definition(self, name: str) -> Any:
        known = getattr(self._item, "_fixtureinfo", None)
        found = getattr(known, "name2fixturedefs", {}).get(name)
        return found[-1] if found else None

    def scope(self, code: Code, definition: Any = None) -> Scope:
        """Give a function of the test or of a fixture with its parameters."""
        bound: dict[str, Origin] = {}
        names = code.parameters
        if names and self._is_method(code, definition):
            bound[names[0]] = Origin(kind=self._item.cls)
            names = names[1:]
        named = [*names, *(each.arg for each in code.node.args.kwonlyargs)]
        for name in named:
            found = self.value(name)
            if found is not None:
                bound[name] = found
        return Scope(code, bound)

    def _is_method(self, code: Code, definition: Any) -> bool:
        if self._item.cls is None:
            return False
        taken = getattr(definition, "argnames", None)
        if taken is not None:
            return len(code.parameters) > len(taken) and code.parameters[0] not in taken
        return code.parameters[:1] not in ([], ["request"]) and not isinstance(
            inspect.getattr_static(self._item.cls, code.node.name, None),  # type: ignore[union-attr]
            staticmethod,
        )

    def own(self) -> Iterator[tuple[str, Any, Scope]]:
        """Give the fixtures of the project: name, pytest's definition, function."""
        for name in self._item.fixturenames:
            definition = self._definition(name)
            function = getattr(definition, "func", None)
            code = code_of(function) if function and self._is_own(function) else None
            if code:
                yield name, definition, self.scope(code, definition)

    def _set_on(self, kind: type, name: str) -> list[Origin]:
        """Say what fixtures set as an attribute of the test's class."""
        key = f"request.cls.{name}"
        if kind is not self._item.cls or key in self._open:
            return []
        self._open.add(key)
        try:
            return [
                self.origins.of(node.value, scope)
                for _, _, scope in self.own()
                for node in own_nodes(scope.code.body)
                if isinstance(node, ast.Assign) and _sets(node, name)
            ]
        finally:
            self._open.discard(key)

    def steps(self) -> Iterator[Scope]:
        """Give the steps of a scenario, which pytest-bdd calls as the test runs."""
        if getattr(self._item.function, "__module__", "") != "pytest_bdd.scenario":
            return
        for function in vars(self._item.module).values():
            code = code_of(function) if self._is_own(plain_function(function)) else None
            if code and ALL.intersection(code.parameters):
                yield self.scope(code, function)

    def phases_of(self, definition: Any) -> list[tuple[str, str]]:
        """Give the phase fixtures that a fixture asks for, with the scope of each."""
        return [
            (name, SCOPED.get(name, "function"))
            for name in definition.argnames
            if name in ALL and self._is_phase(name)
        ]


def _sets(node: ast.Assign, name: str) -> bool:
    """Tell whether an assignment is one to an attribute of ``request.cls``."""
    return any(
        isinstance(target, ast.Attribute)
        and target.attr == name
        and isinstance(target.value, ast.Attribute)
        and target.value.attr in ("cls", "instance")
        for target in node.targets
    )
