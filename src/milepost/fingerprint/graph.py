"""What counts, as nodes, and to what each node leads by the names it uses."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from milepost.fingerprint.form import is_bare_string, normal_form, short_sha
from milepost.fingerprint.names import Names, Use, read_names
from milepost.fingerprint.places import Around
from milepost.fingerprint.project import Project, project_of
from milepost.fingerprint.resolution import Resolution
from milepost.fingerprint.scopes import Scoped
from milepost.fingerprint.source import Module
from milepost.fingerprint.units import Definition, Statement, is_test, runs_never

MODULE_LEVEL: Final = "(module level)"


@dataclass(eq=False, slots=True)
class Node:
    """A piece of the project's code that counts as one.

    Attributes:
        module: Where it stands.
        label: Its name as people read it.
        statements: Its code; empty where the name is only imported, or not defined.
        name: The module-level name, where it has one.
        definition: What binds that name; None where nothing in the source does.
        around: The functions and classes in which it stands.
        is_whole: It is the whole of its module.
        links: Where its names lead, once that was asked.
        shas: Its hashes, with and without docstrings, once they were asked.
    """

    module: Module
    label: str
    statements: list[Statement]
    name: str = ""
    definition: Definition | None = None
    around: Around = ()
    is_whole: bool = False
    links: "Links | None" = None
    _names: Names | None = None
    shas: dict[bool, str] = field(default_factory=dict)

    @property
    def names(self) -> Names:
        """Give the names that the code uses."""
        if self._names is None:
            self._names = read_names(_syntax(self.statements), self.around)
        return self._names

    def form(self, *, documented: bool) -> str:
        """Give the hash of the code in its normal form."""
        parts = _parts(self.statements)
        return short_sha(*(_written(part, documented=documented) for part in parts))


class Links(NamedTuple):
    """Where the names of a node lead.

    Attributes:
        nodes: The nodes they lead to, and whether each is used as a value.
        consulted: The attributes by which nodes are read; empty for a value.
        labels: What imported names mean, which is part of the code's meaning.
        outside: What is used of other packages: a module and the attributes after it.
    """

    nodes: dict[Node, bool]
    consulted: dict[Node, set[str]]
    labels: tuple[str, ...]
    outside: tuple[tuple[str, tuple[str, ...]], ...]


class Graph:
    """All nodes of a project met so far.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._nodes: dict[tuple[Path, object], Node] = {}
        self._effects: dict[Path, list[Node]] = {}

    def named(self, module: Module, name: str) -> Node:
        """Give the node of a module-level name."""
        node = self._nodes.get((module.path, name))
        if node is None:
            definition = module.units.definitions.get(name)
            statements = definition.statements if definition else []
            label = f"{module.label}::{name}"
            node = Node(module, label, statements, name, definition)
            self._nodes[module.path, name] = node
        return node

    def nested(self, module: Module, found: ast.AST, around: Around) -> Node:
        """Give the node of something defined inside a function or class."""
        node = self._nodes.get((module.path, found))
        if node is None:
            names = [_name(part) for part in (*around, found) if isinstance(part, Scoped)]
            label = f"{module.label}::{'.'.join(names)}"
            node = Node(module, label, [(found,)], around=around)
            self._nodes[module.path, found] = node
        return node

    def outermost(self, node: Node) -> Node:
        """Give the module-level function or class of which a node is a part."""
        name = getattr(node.around[0], "name", "") if node.around else ""
        return self.named(node.module, name) if name else node

    def whole(self, module: Module) -> Node:
        """Give the node of a whole module, test functions left out."""
        node = self._nodes.get((module.path, None))
        if node is None:
            statements = [(part,) for part in module.tree.body if _counts(part)]
            node = Node(module, module.label, list(statements), is_whole=True)
            self._nodes[module.path, None] = node
        return node

    def effects(self, module: Module) -> list[Node]:
        """Give the nodes of what merely happens when a module is imported."""
        if module.path not in self._effects:
            label = f"{module.label} {MODULE_LEVEL}"
            self._effects[module.path] = [
                Node(module, label, [statement]) for statement in module.units.effects
            ]
        return self._effects[module.path]

    def links(self, node: Node) -> Links:
        """Give where the names of a node lead."""
        if node.links is None:
            node.links = self._resolve(node)
        return node.links

    def _resolve(self, node: Node) -> Links:
        resolution = Resolution(self.project, node.module)
        resolution.names(node.names)
        for writer in node.definition.writers if node.definition else ():
            resolution.named(node.module, writer)
        nodes = {
            self.named(module, name) if name else self.whole(module): handed
            for (module, name), handed in resolution.found.items()
        }
        consulted = {self.named(*key): read for key, read in resolution.consulted.items()}
        labels = tuple(sorted(resolution.labels))
        return Links(nodes, consulted, labels, tuple(resolution.outside))

    def reached(self, module: Module, uses: Iterable[Use]) -> dict[Node, set[str]]:
        """Give the module-level names to which uses lead, and the attributes read there."""
        resolution = Resolution(self.project, module)
        for use in uses:
            resolution.use(use._replace(consults=True))
        return {self.named(*key): read for key, read in resolution.consulted.items()}

    def sha(self, node: Node, *, documented: bool) -> str:
        """Hash a node's code together with what its imported names mean."""
        if documented not in node.shas:
            form = node.form(documented=documented)
            node.shas[documented] = short_sha(form, *self.links(node).labels)
        return node.shas[documented]


def _name(node: ast.AST) -> str:
    return getattr(node, "name", "<lambda>")


def _counts(node: ast.stmt) -> bool:
    never = runs_never(node) and not node.orelse
    return not (never or is_test(node) or is_bare_string(node))


def _parts(statements: Iterable[Statement]) -> Iterable[str | ast.AST]:
    for statement in statements:
        yield from statement
        yield ";"


def _syntax(statements: Iterable[Statement]) -> list[ast.AST]:
    return [part for part in _parts(statements) if isinstance(part, ast.AST)]


def _written(part: str | ast.AST, *, documented: bool) -> str:
    return part if isinstance(part, str) else normal_form(part, documented=documented)


@lru_cache(maxsize=8)
def graph_of(root: Path) -> Graph:
    """Give the graph of a root; the same one each time."""
    return Graph(project_of(root))
