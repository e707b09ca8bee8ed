"""Follow code from where it begins to all that it can reach."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType, ModuleType

from milepost.fingerprint.form import short_sha
from milepost.fingerprint.graph import Graph, Node
from milepost.fingerprint.objects import (
    BUILT_IN,
    attributes_of,
    home_of,
    inner_of,
    is_code,
    is_ours,
    name_of_built_in,
    nodes_of_class,
    nodes_of_code,
)
from milepost.fingerprint.packages import described
from milepost.fingerprint.patches import Patches
from milepost.fingerprint.registrations import registrations_of
from milepost.fingerprint.runtime import Namespaces
from milepost.fingerprint.source import CouldNotRecordError


class Following:
    """What counts, seen from some functions and classes.

    Args:
        graph: The project's nodes.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.project = graph.project
        self.counted: dict[Node, bool] = {}
        self._beginnings: set[Node] = set()
        self._namespaces = Namespaces(self.project)
        self._patches = Patches(self.project, self._namespaces)
        self._others: dict[str, str] = {}
        self._queue: deque[Node] = deque()
        self._modules: set[Path] = set()
        self._met: dict[int, object] = {}

    def begin(self, thing: object, *, handed: bool = False) -> None:
        """Count a function, class, method, partial or callable object as code.

        Args:
            thing: The code.
            handed: It is a value, of which somebody may read the docstring.

        Raises:
            CouldNotRecordError: Its source cannot be read.
        """
        if id(thing) in self._met:
            return
        known = set(self.counted)
        self._follow(thing)
        new = [node for node in self.counted if node not in known]
        for node in new if handed else ():
            self.counted[node] = True
        self._beginnings |= set(new)

    def begin_module(self, module: ModuleType) -> None:
        """Count the whole of a first-party module."""
        file = attributes_of(module).get("__file__")
        source = self.project.module(file) if isinstance(file, str) else None
        if source:
            self._add(self.graph.whole(source))

    def parts(self) -> dict[str, str]:
        """Give all that counts: a short hash for each name, the beginning first."""
        self._close()
        shas: dict[str, list[str]] = {}
        for node, handed in self.counted.items():
            if node.statements and not self._is_covered(node):
                sha = self.graph.sha(node, documented=handed)
                shas.setdefault(node.label, []).append(sha)
        ours = {
            label: found[0] if len(found) == 1 else short_sha(*found)
            for label, found in shas.items()
        }
        return ours | self._others

    def _is_covered(self, node: Node) -> bool:
        """Tell whether something larger that counts too contains a node."""
        if node in self._beginnings or node.is_whole:
            return False
        outermost = self.graph.outermost(node)
        if outermost is not node and outermost in self.counted:
            return True
        is_test = outermost.name.startswith(("test_", "Test"))
        return not is_test and self.graph.whole(node.module) in self.counted

    def _close(self) -> None:
        """Add until nothing new counts."""
        while self._queue:
            node = self._queue.popleft()
            for target, handed in self.graph.links(node).nodes.items():
                self._add(target, handed=handed)
            if node.module.path not in self._modules:
                self._modules.add(node.module.path)
                for effect in self.graph.effects(node.module):
                    self._add(effect)
            self._replace(node)
            if not self._queue:
                for found in registrations_of(self.graph).reached(self.counted):
                    self._add(found)

    def _add(self, node: Node, *, handed: bool = False) -> None:
        if node not in self.counted:
            self._queue.append(node)
        self.counted[node] = self.counted.get(node, False) or handed

    def _replace(self, node: Node) -> None:
        """Count what stands in a name's place at run time."""
        patch = self._patches.found(node, self.graph.links(node))
        for name, content in patch.notes.items():
            self._others[name] = short_sha(content)
        for thing in patch.things:
            try:
                self._follow(thing)
            except CouldNotRecordError:
                patch.is_opaque = True
        if patch.is_opaque:
            self._add(self.graph.whole(node.module))

    def _follow(self, thing: object) -> None:
        if id(thing) in self._met:
            return
        self._met[id(thing)] = thing
        kind = type(thing)
        if kind is FunctionType:
            self._function(thing)  # type: ignore[arg-type]
        elif kind in (MethodType, staticmethod, classmethod) or issubclass(kind, partial):
            self._follow(inner_of(thing))
            if kind is MethodType:
                self._class_of(thing.__self__)  # type: ignore[attr-defined]
        elif issubclass(kind, type):
            self._class(thing)  # type: ignore[arg-type]
        elif issubclass(kind, BUILT_IN):
            self._built_in(thing)
        else:
            self._instance(thing)

    def _function(self, function: FunctionType) -> None:
        wrapped = attributes_of(function).get("__wrapped__")
        if wrapped is not None:
            self._follow(wrapped)
        try:
            self._own(function)
        except CouldNotRecordError:
            # A wrapper that was made of nothing but its function's signature.
            if wrapped is None:
                raise
        for inner in _closed_over(function):
            self._follow(inner)

    def _own(self, function: FunctionType) -> None:
        code = function.__code__
        module = self.project.module(code.co_filename)
        if module is None:
            self._foreign(function)
            return
        self._namespaces.add(function.__globals__)
        found = nodes_of_code(self.graph, module, code)
        if not found:
            reason = (
                f"{module.label} does not hold it: exec() made it, or the file has "
                "changed since it was imported."
            )
            raise CouldNotRecordError(code.co_qualname, reason)
        for node in found:
            self._add(node)

    def _foreign(self, function: FunctionType) -> None:
        """Count a function of another package by its name and version."""
        code = function.__code__
        file = Path(code.co_filename)
        module = str(function.__globals__.get("__name__", ""))
        home = str(function.__globals__.get("__file__", ""))
        installed = self.project.is_installed(file) or self.project.is_installed(Path(home))
        if not (installed or file.is_file()):
            reason = f"Its source cannot be read: there is no file {code.co_filename}."
            raise CouldNotRecordError(code.co_qualname, reason)
        self._note(described(module, code.co_qualname), None if installed else file)

    def _note(self, name: str, file: Path | None = None) -> None:
        """Count by name; by the file's content too where no version stands for it."""
        content = ""
        if file and file.is_file():
            with suppress(OSError):
                content = file.read_bytes().decode("latin-1")
        self._others[name] = short_sha(name, content)

    def _class_of(self, thing: object) -> None:
        self._follow(thing if isinstance(thing, type) else type(thing))

    def _class(self, kind: type) -> None:
        home = home_of(kind)
        module = self.project.module(home) if home else None
        if module is None:
            outside = home and not self.project.is_installed(Path(home))
            file = Path(home) if outside else None
            self._note(described(kind.__module__, kind.__qualname__), file)
            return
        for node in nodes_of_class(self.graph, module, kind):
            self._add(node)
        for base in kind.__mro__[1:]:
            if is_ours(self.project, base):
                self._follow(base)

    def _built_in(self, thing: object) -> None:
        self._note(name_of_built_in(thing))

    def _instance(self, thing: object) -> None:
        """Count an object that can be called: its class, and functions that it holds."""
        for name, value in attributes_of(thing).items():
            if name == "__wrapped__" or (is_code(value) and is_ours(self.project, value)):
                self._follow(value)
        self._class_of(thing)


def _closed_over(function: FunctionType) -> Iterator[object]:
    """Give the functions and classes that a function has closed over."""
    for cell in function.__closure__ or ():
        # A cell is empty until what it stands for is bound.
        with suppress(ValueError):
            if is_code(cell.cell_contents):
                yield cell.cell_contents
