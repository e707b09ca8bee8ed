"""What first-party modules hold at run time, where it is not what the source says."""

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from operator import is_
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

from milepost.fingerprint.graph import Node
from milepost.fingerprint.objects import attributes_of
from milepost.fingerprint.project import Located, Project

MISSING: Final = object()
_Found: TypeAlias = dict[Path, list[Mapping[str, Any]]]
_ATOMS: Final = (str, int, float, bool, bytes, type(None))


class Namespaces:
    """The global names of all first-party modules that are loaded now.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._loaded = _loaded_of(project).found()
        self._added: _Found = {}

    def add(self, values: Mapping[str, Any]) -> None:
        """Add the global names of a module that may not be in ``sys.modules``."""
        path = _path_of(self.project, values)
        if path and all(values is not other for other in self._at(path)):
            self._added.setdefault(path, []).append(values)

    def _at(self, path: Path) -> list[Mapping[str, Any]]:
        return [*self._loaded.get(path, ()), *self._added.get(path, ())]

    def values(self, path: Path, name: str) -> Iterator[object]:
        """Give what a module-level name is bound to, in each copy of its module."""
        for namespace in self._at(path):
            if name in namespace:
                yield namespace[name]

    def expected(self, place: Located, name: str | None) -> list[object]:
        """Give what an import of a name gives now; empty where it cannot be told."""
        if place.path and name:
            return [*self.values(place.path, name), *_loaded(f"{place.name}.{name}")]
        if name is None:
            return _loaded(place.name)
        outside = outside_value(place.name, name)
        return _loaded(f"{place.name}.{name}") if outside is MISSING else [outside]


class _Loaded:
    """Those in ``sys.modules``: hundreds, read again only when others are there."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._modules: list[ModuleType] = []
        self._found: _Found = {}

    def found(self) -> _Found:
        modules = list(sys.modules.values())
        same = len(modules) == len(self._modules)
        if not (same and all(map(is_, modules, self._modules))):
            self._modules, self._found = modules, {}
            for module in modules:
                self._add(module)
        return self._found

    def _add(self, module: object) -> None:
        values = attributes_of(module) if isinstance(module, ModuleType) else {}
        path = _path_of(self._project, values)
        known = self._found.setdefault(path, []) if path else [values]
        if all(values is not other for other in known):
            known.append(values)


@lru_cache(maxsize=8)
def _loaded_of(project: Project) -> _Loaded:
    return _Loaded(project)


def _path_of(project: Project, values: Mapping[str, Any]) -> Path | None:
    file = values.get("__file__")
    own = project.own(file) if type(file) is str else None
    return own[0] if own else None


def _loaded(name: str) -> list[object]:
    return [sys.modules[name]] if name in sys.modules else []


def outside_value(module: str, name: str) -> object:
    """Give an attribute of a loaded module, without running code of that module."""
    loaded = sys.modules.get(module)
    if not isinstance(loaded, ModuleType):
        return MISSING
    return attributes_of(loaded).get(name, MISSING)


def literal(node: Node) -> object:
    """Give the constant that is all a name is ever bound to in the source."""
    found = node.definition
    if found is None or found.writers or not found.is_plain("data"):
        return MISSING
    statement = found.statements[0][-1]
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return MISSING
    value = statement.value
    return value.value if isinstance(value, ast.Constant) else MISSING


def is_atom(value: object) -> bool:
    """Tell whether a value can be compared without running anybody's code."""
    return type(value) in _ATOMS
