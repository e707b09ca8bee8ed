"""Which names a piece of code uses that it does not bind itself."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from milepost.fingerprint.form import Function, branches, chain
from milepost.fingerprint.scopes import (
    Comprehension,
    Import,
    Scope,
    Scoped,
    parameters,
    scope_of,
)

WORD: Final = re.compile(r"[^\W\d]\w*([.:][^\W\d]\w*)*")
# With these, code reaches names of its module that it does not write down.
_WHOLE_NAMESPACE: Final = frozenset({"globals", "eval", "exec"})
_IMPORTERS: Final = frozenset({"__import__", "import_module"})
_LOGGERS: Final = frozenset({"getLogger", "get_logger"})
# Methods whose names say that they keep what they are given.
_KEEPERS: Final = re.compile(
    "(add|append|attach|bind|connect|extend|hook|includ|insert|listen|mount|push|put|"
    "regist|set|subscri|updat).*"
)


class Use(NamedTuple):
    """A name used, with the attributes taken from it.

    Attributes:
        name: The first name.
        attributes: The attributes after it, as far as they are written down.
        handed: It is used as a value, not only called.
        imports: What an import in the function itself binds the name to.
        doubtful: It may be none of the module's: a class body binds it too, or it
            stands in an annotation.
        consults: It is read; not only changed in place, a decorator or a base class.
    """

    name: str
    attributes: tuple[str, ...] = ()
    handed: bool = False
    imports: tuple[Import, ...] = ()
    doubtful: bool = False
    consults: bool = True


@dataclass(slots=True)
class Names:
    """All that a piece of code reaches by name.

    Attributes:
        uses: The names used, each once, in order.
        words: String constants that could be the name of something.
        stores: The uses that the code changes in place.
        computed: Names of modules imported by a call: the text as far as it is
            written down, and whether that is all of it.
        whole: It reads its module's names in a way that cannot be followed.
    """

    uses: dict[Use, None] = field(default_factory=dict)
    words: dict[str, None] = field(default_factory=dict)
    stores: dict[Use, None] = field(default_factory=dict)
    computed: list[tuple[str, bool]] = field(default_factory=list)
    whole: bool = False


def read_names(
    nodes: Iterable[ast.AST], around: Sequence[Scoped | Comprehension] = ()
) -> Names:
    """Find the names that some nodes use.

    Args:
        nodes: The code.
        around: The functions and classes in which it stands, the outermost first.
    """
    reader = _Reader([scope_of(node) for node in around])
    for node in nodes:
        reader.visit(node)
    return reader.names


class _Reader(ast.NodeVisitor):
    """Walk code with its scopes at hand."""

    def __init__(self, scopes: list[Scope]) -> None:
        self.scopes = scopes
        self.generics: list[set[str]] = []
        self.annotating = False
        self.names = Names()

    def generic_visit(self, node: ast.AST) -> None:
        for part in branches(node):
            self.visit(part)

    @contextmanager
    def _generic(self, node: ast.AST) -> Iterator[None]:
        """Know the names of ``[T]`` after a name, which Python has from 3.12 on."""
        own = {str(part.name) for part in getattr(node, "type_params", ())}
        self.generics.append(own)
        yield
        self.generics.pop()

    @contextmanager
    def _within(self, scope: Scope) -> Iterator[None]:
        self.scopes.append(scope)
        yield
        self.scopes.pop()

    def _use(
        self, node: ast.AST, *, handed: bool = True, consults: bool = True
    ) -> Use | None:
        """Note a chain of attributes that begins with a name; None where it does not."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            self.visit(node)
            return None
        found = self._found(node.id, tuple(attributes), handed=handed)
        if found:
            found = found if consults else found._replace(consults=False)
            self.names.uses[found] = None
        if node.id in _WHOLE_NAMESPACE or (node.id, *attributes) == ("sys", "modules"):
            self.names.whole = True
        return found

    def _found(self, name: str, attributes: tuple[str, ...], *, handed: bool) -> Use | None:
        if any(name in own for own in self.generics):
            return None
        doubtful = self.annotating
        for scope in reversed(self.scopes):
            if name in scope.module_wide:
                break
            if scope.is_class and scope is not self.scopes[-1]:
                continue
            if name in scope.imports:
                return Use(name, attributes, handed, tuple(scope.imports[name]))
            if name in scope.bound and not scope.is_class:
                return None
            # A class body falls back on the module for what it has not bound yet.
            doubtful = doubtful or name in scope.bound
        return Use(name, attributes, handed, (), doubtful)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) or self._is_module_wide(node.id):
            self._use(node)

    def _is_module_wide(self, name: str) -> bool:
        return any(name in scope.module_wide for scope in self.scopes)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        is_read = isinstance(node.ctx, ast.Load)
        found = self._use(node, consults=is_read)
        if found and not is_read:
            self.names.stores[found._replace(attributes=found.attributes[:-1])] = None

    def visit_Subscript(self, node: ast.Subscript) -> None:
        is_read = isinstance(node.ctx, ast.Load)
        names = chain(node)
        if names and not is_read:
            self._store(names)
        self._use(node.value, consults=is_read)
        self.visit(node.slice)

    def _store(self, names: list[str]) -> None:
        found = self._found(names[0], tuple(names[1:]), handed=False)
        if found:
            self.names.stores[found] = None

    def visit_Global(self, node: ast.Global) -> None:
        for name in node.names:
            self.names.stores[Use(name)] = None

    def visit_Call(self, node: ast.Call) -> None:
        names = chain(node.func)
        last = names[-1] if names else ""
        keeps = len(names) > 1 and _KEEPERS.fullmatch(last) is not None
        self._use(node.func, handed=False, consults=not keeps)
        if last in _IMPORTERS:
            self._computed_import(node)
        if keeps:
            self._store(names[:-1])
        for part in [*node.args, *node.keywords]:
            # A logger is often called as a module is, and has nothing of it.
            if not (last in _LOGGERS and isinstance(part, ast.Constant)):
                self.visit(part)

    def _computed_import(self, node: ast.Call) -> None:
        given = node.args[0] if node.args else None
        beginning = given.values[0] if isinstance(given, ast.JoinedStr) else given
        if isinstance(beginning, ast.BinOp):
            beginning = beginning.left
        text = beginning.value if isinstance(beginning, ast.Constant) else None
        if isinstance(text, str):
            self.names.computed.append((text, beginning is given))
        else:
            self.names.computed.append(("", False))

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and WORD.fullmatch(node.value):
            self.names.words[node.value] = None

    def _decorators(self, node: Function | ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            called = decorator if isinstance(decorator, ast.Call) else None
            self._use(called.func if called else decorator, handed=False, consults=False)
            for part in [*called.args, *called.keywords] if called else ():
                self.visit(part)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._decorators(node)
        with self._generic(node):
            self._function(node)
            if node.returns:
                self._annotation(node.returns)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's own name for it

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node)

    def _function(self, node: Function | ast.Lambda) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default:
                self.visit(default)
        for parameter in parameters(node):
            if parameter.annotation:
                self._annotation(parameter.annotation)
        self._body(node)

    def _body(self, node: Scoped) -> None:
        with self._within(scope_of(node)):
            for part in node.body if isinstance(node.body, list) else [node.body]:
                self.visit(part)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._decorators(node)
        with self._generic(node):
            for base in node.bases:
                self._use(base, consults=False)
            for keyword in node.keywords:
                self.visit(keyword)
            self._body(node)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        with self._generic(node):
            self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        for part in (node.target, node.value):
            if part:
                self.visit(part)

    def _annotation(self, node: ast.expr) -> None:
        """Visit an annotation, what it says in quotes too."""
        outside, self.annotating = self.annotating, True
        self.visit(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                with suppress(SyntaxError, ValueError):
                    self.visit(ast.parse(part.value, mode="eval"))
        self.annotating = outside

    def _comprehension(self, node: Comprehension) -> None:
        self.visit(node.generators[0].iter)
        with self._within(scope_of(node)):
            for position, generator in enumerate(node.generators):
                inner = [generator.iter] if position else []
                for part in [generator.target, *inner, *generator.ifs]:
                    self.visit(part)
            for name in ("key", "value", "elt"):
                if isinstance(result := getattr(node, name, None), ast.expr):
                    self.visit(result)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815 - ast's own names
