"""Names that hold something else at run time than the source says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Final

from milepost.fingerprint.graph import Links, Node
from milepost.fingerprint.objects import home_of, inner_of, is_code, is_ours
from milepost.fingerprint.project import Located, Project
from milepost.fingerprint.runtime import (
    MISSING,
    Namespaces,
    is_atom,
    literal,
    outside_value,
)

AT_RUN_TIME: Final = "(at run time)"


@dataclass(slots=True)
class Patch:
    """What was found in the place of a name.

    Attributes:
        things: First-party functions and classes.
        is_opaque: Something of which nobody knows what it does.
        notes: Constants, by the name under which they count.
    """

    things: list[object] = field(default_factory=list)
    is_opaque: bool = False
    notes: dict[str, str] = field(default_factory=dict)


class Patches:
    """Compare what nodes say with what is there.

    Args:
        project: The project.
        namespaces: What its modules hold.
    """

    def __init__(self, project: Project, namespaces: Namespaces) -> None:
        self.project = project
        self.namespaces = namespaces

    def found(self, node: Node, links: Links) -> Patch:
        """Find what stands in the place of a node's name, and of foreign names it uses."""
        patch = Patch()
        for value in self._values(node):
            self._judge(node, value, patch)
        if node.name and node.definition is None and not patch.things:
            patch.is_opaque = True
        for module, names in links.outside:
            value = outside_value(module, names[0]) if names else MISSING
            if type(value) is FunctionType and is_ours(self.project, value):
                patch.things.append(value)
        return patch

    def _values(self, node: Node) -> Iterator[object]:
        # What a function binds by `global` differs from moment to moment.
        if node.name and not (node.definition and node.definition.writers):
            yield from self.namespaces.values(node.module.path, node.name)

    def _judge(self, node: Node, value: object, patch: Patch) -> None:
        is_function = is_code(value)
        thing = value if is_function else type(value)
        if is_ours(self.project, thing):
            if not self._is_as_written(node, thing):
                patch.things.append(thing)
            elif isinstance(thing, type):
                patch.things += self._foreign_methods(node, thing)
        elif node.definition is None or node.definition.is_plain("function", "class"):
            patch.is_opaque = True
        elif node.definition.kinds == {"import"}:
            self._judge_import(node, value, patch)
        else:
            self._judge_constant(node, literal(node), value, patch)

    def _is_as_written(self, node: Node, thing: object) -> bool:
        """Tell whether a function or class is the one that the name is bound to."""
        if isinstance(thing, type):
            file, qualname = home_of(thing), thing.__qualname__
        elif type(thing) is FunctionType:
            file, qualname = thing.__code__.co_filename, thing.__code__.co_qualname
        else:
            return False
        own = self.project.own(file)
        return bool(own and own[0] == node.module.path and qualname == node.name)

    def _foreign_methods(self, node: Node, kind: type) -> Iterator[object]:
        """Find methods that were put into a class from elsewhere."""
        for value in vars(kind).values():
            method = value if type(value) is FunctionType else inner_of(value)
            if type(method) is FunctionType and is_ours(self.project, method):
                code = method.__code__
                own = self.project.own(code.co_filename)
                is_own = code.co_qualname.startswith(f"{kind.__qualname__}.")
                if not (is_own and own and own[0] == node.module.path):
                    yield method

    def _judge_import(self, node: Node, value: object, patch: Patch) -> None:
        expected: list[object] = []
        for found in node.definition.imports if node.definition else ():
            place = self.project.imported(node.module, found)
            given = self.namespaces.expected(place, found.name)
            if not given or self._is_written(place, found.name):
                return
            expected += given
        if any(value is one for one in expected):
            return
        if is_atom(value):
            patch.notes[f"{node.label} {AT_RUN_TIME}"] = repr(value)
        else:
            patch.is_opaque = True

    def _is_written(self, place: Located, name: str | None) -> bool:
        """Tell whether a function of the name's own module binds it anew."""
        module = self.project.module(place.path) if place.path else None
        definition = module.units.definitions.get(name or "") if module else None
        return bool(definition and definition.writers)

    def _judge_constant(
        self, node: Node, written: object, value: object, patch: Patch
    ) -> None:
        if written is MISSING or (type(written) is type(value) and written == value):
            return
        if is_atom(value):
            patch.notes[f"{node.label} {AT_RUN_TIME}"] = repr(value)
        elif written is not None:
            patch.is_opaque = True
