"""Follow names through definitions, imports, packages and re-exports to their ends."""

import ast
import builtins
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from milepost.fingerprint.form import short_sha
from milepost.fingerprint.names import Names, Use
from milepost.fingerprint.project import Located, Project
from milepost.fingerprint.scopes import Import
from milepost.fingerprint.source import Module

# Attributes of a package by which all in it can be found.
_OPENS_PACKAGE: Final = frozenset({"__name__", "__package__", "__path__", "__spec__"})
_IMPORTER: Final = "importlib.import_module"


class Resolution:
    """Where the names of one piece of code lead.

    Args:
        project: The project.
        module: The module in which the code stands.

    Attributes:
        found: Module-level names, and whole modules by an empty name, with whether
            they are used as values.
        labels: What imported names mean.
        consulted: The attributes by which a name is read; empty for its value.
        outside: What is used of other packages.
    """

    def __init__(self, project: Project, module: Module) -> None:
        self.project = project
        self.module = module
        self.found: dict[tuple[Module, str], bool] = {}
        self.consulted: dict[tuple[Module, str], set[str]] = {}
        self.labels: dict[str, None] = {}
        self.outside: dict[tuple[str, tuple[str, ...]], None] = {}
        self._entered: set[tuple[Path, str, tuple[str, ...]]] = set()
        self._consults = True

    def names(self, names: Names) -> None:
        """Follow all that a piece of code reaches by name."""
        for use in names.uses:
            self.use(use)
        for word in names.words:
            self._word(word)
        for text, is_all in names.computed:
            self._computed(text, is_all=is_all)
        if not names.computed and _IMPORTER in self.labels:
            self._computed("", is_all=False)
        if names.whole:
            self._add(self.module, "")

    def use(self, use: Use) -> None:
        """Follow one name with its attributes."""
        self._entered.clear()
        self._consults = use.consults
        for found in use.imports:
            self._through(self.module, found, use.attributes, handed=use.handed)
        if not use.imports:
            self._name(use)

    def named(
        self,
        module: Module,
        name: str,
        attributes: tuple[str, ...] = (),
        *,
        handed: bool = False,
    ) -> None:
        """Follow a name that a module binds."""
        self._entered.add((module.path, name, attributes))
        definition = module.units.definitions[name]
        if definition.kinds != {"typing"}:
            self._add(module, name, handed=handed or bool(attributes))
        if self._consults:
            consulted = self.consulted.setdefault((module, name), set())
            consulted.add(attributes[0] if attributes else "")
        for found in definition.imports:
            self._through(module, found, attributes, handed=handed)

    def _add(self, module: Module, name: str, *, handed: bool = False) -> None:
        self.found[module, name] = self.found.get((module, name), False) or handed

    def _name(self, use: Use) -> None:
        module, name = self.module, use.name
        if name in module.units.definitions:
            self.named(module, name, use.attributes, handed=use.handed)
        elif name == "__doc__":
            self.labels[f"__doc__ {short_sha(module.units.docstring or '')}"] = None
        elif name == "__path__":
            self._all_below(module.folder)
        elif not (
            self._starred(module, name, use.attributes, handed=use.handed)
            or use.doubtful
            or name.startswith("__")
            or hasattr(builtins, name)
        ):
            self._add(module, name)

    def _starred(
        self, module: Module, name: str, attributes: tuple[str, ...], *, handed: bool
    ) -> bool:
        """Follow a name that comes by ``from x import *``; tell whether it may."""
        found = False
        for star in module.units.stars:
            place = self.project.imported(module, star)
            source = self.project.module(place.path) if place.path else None
            if source is None:
                found = True
                self.labels[f"{place.name}.*"] = None
            elif _exports(source, name) and self._entering(source, name, attributes):
                if name in source.units.definitions:
                    self.labels[f"{source.label}::{name}"] = None
                    self.named(source, name, attributes, handed=handed)
                    found = True
                else:
                    found |= self._starred(source, name, attributes, handed=handed)
        return found

    def _entering(self, module: Module, name: str, attributes: tuple[str, ...]) -> bool:
        key = (module.path, name, attributes)
        is_new = key not in self._entered
        self._entered.add(key)
        return is_new

    def _through(
        self, module: Module, found: Import, attributes: tuple[str, ...], *, handed: bool
    ) -> None:
        place = self.project.imported(module, found)
        names = (found.name, *attributes) if found.name else attributes
        self._into(place, names, handed=handed)

    def _into(self, place: Located, names: tuple[str, ...], *, handed: bool) -> None:
        """Follow attributes, beginning at a module."""
        if not place.is_ours:
            self._foreign(place, names, handed=handed)
        elif not names:
            self._value(place)
        elif not (place.path and self._bound(place, names, handed=handed)):
            inner = self.project.submodule(place, names[0])
            if inner:
                self._into(inner, names[1:], handed=handed)
            elif place.path:
                self._unbound(place, names[0])
            else:
                self.labels[f"{place.name}.{names[0]} (not found)"] = None

    def _bound(self, place: Located, names: tuple[str, ...], *, handed: bool) -> bool:
        module = self.project.module(place.path) if place.path else None
        if module is None:
            return False
        name, attributes = names[0], names[1:]
        if name in module.units.definitions:
            # `from . import x` in a package's own file means the submodule.
            if (module.path, name, attributes) in self._entered:
                return False
            self.labels[f"{module.label}::{name}"] = None
            self.named(module, name, attributes, handed=handed)
            return True
        return self._starred(module, name, attributes, handed=handed)

    def _unbound(self, place: Located, name: str) -> None:
        """Follow an attribute that a module does not bind in its source."""
        module = self.project.module(place.path) if place.path else None
        if module is None:
            return
        if "__getattr__" in module.units.definitions:
            self.named(module, "__getattr__")
        elif name == "__dict__" or (name in _OPENS_PACKAGE and place.is_package):
            self._value(place)
        elif not name.startswith("__"):
            self._add(module, name)

    def _value(self, place: Located) -> None:
        """Follow a module that is used as a value: nobody knows what is taken of it."""
        module = self.project.module(place.path) if place.path else None
        if module:
            self.labels[module.label] = None
            self._add(module, "")
        for folder in place.folders:
            self._all_below(folder)

    def _all_below(self, folder: str | Path, pattern: str = "**/*.py") -> None:
        for module in self.project.below(folder, pattern):
            self._add(module, "")

    def _foreign(self, place: Located, names: tuple[str, ...], *, handed: bool) -> None:
        if place.folders and names:
            inner = self.project.find(f"{place.name}.{names[0]}")
            if inner.is_ours:
                self._into(inner, names[1:], handed=handed)
                return
        missing = " (not found)" if place.is_missing else ""
        self.labels[".".join((place.name, *names[:1])) + missing] = None
        self.outside[place.name, names] = None

    def _word(self, word: str) -> None:
        """Follow a string that names a class of the module, or a module by its path."""
        self._consults = True
        self._entered.clear()
        first, *rest = word.replace(":", ".").split(".")
        if not rest:
            definition = self.module.units.definitions.get(word)
            if definition and "class" in definition.kinds:
                self.named(self.module, word)
        else:
            place: Located | None = self.project.find(first)
            if place and place.is_ours:
                self._dotted(place, rest)

    def _dotted(self, place: Located, names: list[str]) -> None:
        while names:
            module = self.project.module(place.path) if place.path else None
            if module and names[0] in module.units.definitions:
                self._into(place, tuple(names), handed=True)
                return
            inner = self.project.submodule(place, names.pop(0))
            if inner is None or (inner.path is None and not names):
                return
            place = inner
        self._value(place)

    def _computed(self, text: str, *, is_all: bool) -> None:
        """Follow an import by a call, as far as its module's name is written down."""
        level = len(text) - len(text.lstrip("."))
        name = text[level:] if is_all else text[level:].rpartition(".")[0]
        if name or level:
            place = self.project.imported(self.module, Import(name, level))
            if place.is_ours:
                self._value(place)
            if is_all or place.is_ours:
                return
        self._add(self.module, "")
        package = _package(self.module)
        self._all_below(package or self.module.folder, "**/*.py" if package else "*.py")


def _package(module: Module) -> Path | None:
    """Give the folder of the outermost package in which a module lies."""
    found = None
    folder = module.folder
    while (folder / "__init__.py").is_file():
        found, folder = folder, folder.parent
    return found


def _exports(module: Module, name: str) -> bool:
    """Tell whether ``from module import *`` can give a name."""
    definition = module.units.definitions.get("__all__")
    if definition is None:
        return not name.startswith("_")
    listed = list(_strings(definition.statements))
    return not listed or name in listed


def _strings(statements: Iterable[tuple[str | ast.AST, ...]]) -> Iterable[str]:
    for statement in statements:
        for part in statement:
            for node in ast.walk(part) if isinstance(part, ast.AST) else ():
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
