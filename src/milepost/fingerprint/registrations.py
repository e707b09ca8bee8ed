"""Code that makes itself known: handlers in a registry, routes, subclasses.

Nothing names such code where it is used. It counts for whoever reads the registry in
which its decorator, its base class or a call at the top of its module puts it.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from milepost.fingerprint.form import chain
from milepost.fingerprint.graph import Graph, Node
from milepost.fingerprint.names import Use
from milepost.fingerprint.scopes import Import
from milepost.fingerprint.source import CouldNotRecordError, Module
from milepost.fingerprint.units import Registration

# By these, a class gives all that was derived from it.
_GIVES_SUBCLASSES: Final = frozenset({"__subclasses__", "metadata", "registry"})
_NOBODY: Final[frozenset[Node]] = frozenset()

# Who reads a registry, by which attributes.
Readers = Mapping[Node, Mapping[Node, set[str]]]


class Registered(NamedTuple):
    """A node that counts for whoever reads what it was registered in.

    Attributes:
        node: What counts then.
        into: The registries.
        by: The attribute that registers; reading that alone is no reading.
        keepers: The code that registers; its own reading is no reading.
        is_subclass: It is registered by being derived from a class.
    """

    node: Node
    into: frozenset[Node]
    by: str | None = None
    keepers: frozenset[Node] = _NOBODY
    is_subclass: bool = False

    def is_read(self, readers: Readers) -> bool:
        """Tell whether a registry is read that holds the node."""
        return any(self._reads(registry, readers) for registry in self.into)

    def _reads(self, registry: Node, readers: Readers) -> bool:
        read: set[str | None] = set()
        for reader, attributes in readers.get(registry, {}).items():
            if reader not in self.keepers:
                read |= attributes
        if self.is_subclass:
            return bool(read and (_announces(registry) or read & _GIVES_SUBCLASSES))
        return bool(read - {self.by})


class Registrations:
    """What is registered anywhere in a project's modules.

    Args:
        graph: The project's nodes.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._imports: dict[Path, list[Module]] = {}
        self._registered: dict[Path, list[Registered]] = {}
        self._kept: dict[Node, tuple[frozenset[Node], frozenset[Node]]] = {}

    def reached(self, counted: Iterable[Node]) -> list[Node]:
        """Give what counts because something that counts reads its registry.

        Args:
            counted: What counts already.
        """
        known = set(counted)
        readers: dict[Node, dict[Node, set[str]]] = {}
        for node in known:
            for target, attributes in self.graph.links(node).consulted.items():
                owner = self.graph.outermost(node)
                readers.setdefault(target, {}).setdefault(owner, set()).update(attributes)
        modules = {node.module.path: node.module for node in known}
        return [
            found.node
            for module in self._imported_by(modules.values())
            for found in self._all_registered(module)
            if found.node not in known and found.is_read(readers)
        ]

    def _imported_by(self, modules: Iterable[Module]) -> list[Module]:
        """Give modules with all that they import, directly or not."""
        found = {module.path: module for module in modules}
        queue = list(found.values())
        while queue:
            for module in self._all_imports(queue.pop()):
                if module.path not in found:
                    found[module.path] = module
                    queue.append(module)
        return sorted(found.values(), key=lambda module: module.label)

    def _all_imports(self, module: Module) -> list[Module]:
        if module.path not in self._imports:
            found: dict[Path, Module] = {}
            for path in self._paths(module):
                # What cannot be read was not imported either.
                with suppress(CouldNotRecordError):
                    if source := self.graph.project.module(path):
                        found[path] = source
            self._imports[module.path] = list(found.values())
        return self._imports[module.path]

    def _paths(self, module: Module) -> Iterator[Path]:
        project = self.graph.project
        for node in _imports(module.tree.body):
            for alias in node.names:
                if isinstance(node, ast.Import):
                    places = [
                        project.find(name, module.folder) for name in _prefixes(alias.name)
                    ]
                else:
                    place = project.imported(module, Import(node.module or "", node.level))
                    inner = project.submodule(place, alias.name)
                    places = [place, inner] if inner else [place]
                yield from (place.path for place in places if place.path)

    def _all_registered(self, module: Module) -> list[Registered]:
        if module.path not in self._registered:
            self._registered[module.path] = [
                registered
                for one in module.units.registrations
                for registered in self._resolve(module, one)
                if registered.into
            ]
        return self._registered[module.path]

    def _resolve(self, module: Module, one: Registration) -> Iterator[Registered]:
        node = self._node(module, one)
        names = chain(one.by)
        if node is None or not names:
            return
        roots = self.graph.reached(module, [Use(names[0], tuple(names[1:]))])
        if one.is_base:
            yield Registered(node, frozenset(roots), is_subclass=True)
            return
        for root, attributes in roots.items():
            kinds = root.definition.kinds if root.definition else set()
            attribute = "".join(attributes)
            if "data" in kinds or (attribute and kinds & {"function", "class"}):
                yield Registered(node, frozenset({root}), attribute or None)
            elif kinds & {"function", "class"}:
                kept, keepers = self._keeps(root)
                yield Registered(node, kept, keepers=keepers)

    def _node(self, module: Module, one: Registration) -> Node | None:
        if one.name:
            return self.graph.named(module, one.name)
        for effect in self.graph.effects(module):
            if one.statement in effect.statements:
                return effect
        return None

    def _keeps(self, node: Node) -> tuple[frozenset[Node], frozenset[Node]]:
        """Give the data that a function changes in place, and all the code that does."""
        if node not in self._kept:
            seen, queue, kept = {node}, [node], set()
            while queue:
                one = queue.pop()
                stores = self.graph.reached(one.module, one.names.stores)
                kept |= {
                    store
                    for store in stores
                    if store.definition and "data" in store.definition.kinds
                }
                new = set(self.graph.links(one).nodes) - seen
                seen |= new
                queue += new
            self._kept[node] = frozenset(kept), frozenset(seen)
        return self._kept[node]


@lru_cache(maxsize=8)
def registrations_of(graph: Graph) -> Registrations:
    """Give the registrations of a project; the same ones each time."""
    return Registrations(graph)


def _announces(node: Node) -> bool:
    """Tell whether a class is told of what is derived from it."""
    for statement in node.statements:
        for part in statement:
            if isinstance(part, ast.ClassDef):
                names = {getattr(inner, "name", "") for inner in part.body}
                keywords = {keyword.arg for keyword in part.keywords}
                if "__init_subclass__" in names or "metaclass" in keywords:
                    return True
    return False


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def _imports(body: Iterable[ast.AST]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Find import statements at any depth, looking at statements only."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        for name in ("body", "orelse", "handlers", "finalbody", "cases"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                yield from _imports(inner)
