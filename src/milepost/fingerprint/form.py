"""The normal form of source code: what comments, layout and docstrings leave alone."""

import ast
import hashlib
from collections.abc import Iterable
from typing import Final

SHA_LENGTH: Final = 16

Function = ast.FunctionDef | ast.AsyncFunctionDef
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# Decorators that do nothing with what a function says about itself.
QUIET: Final = frozenset(
    "abstractmethod asynccontextmanager cache cached_property classmethod contextmanager "
    "deleter final getter lru_cache no_type_check overload override property setter "
    "staticmethod total_ordering wraps".split()
)
_LAYOUT: Final = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
# Contexts and operators: half of a tree's nodes, and none says anything by itself.
_LEAVES: Final = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)


def short_sha(*texts: str) -> str:
    """Hash texts, each apart from the next.

    Returns:
        16 hex digits.
    """
    whole = hashlib.sha256()
    for text in texts:
        whole.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return whole.hexdigest()[:SHA_LENGTH]


def normal_form(node: ast.AST, *, documented: bool = False) -> str:
    """Write a syntax tree so that equal code gives equal text.

    Args:
        node: The tree.
        documented: Keep the bare strings of the function that the tree is.
    """
    writer = _Writer()
    if documented and isinstance(node, Function):
        writer.kept = node
    writer.write(node)
    return "".join(writer.out)


def chain(node: ast.AST) -> list[str]:
    """Give the names of ``a.b.c``, without what is called or indexed on the way."""
    names: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript | ast.Starred):
            node = node.value
        else:
            return []
    return [node.id, *names]


def is_quiet(decorator: ast.expr) -> bool:
    """Tell whether a decorator neither registers a function nor reads its docstring."""
    names = chain(decorator)
    return bool(names) and (names[-1] in QUIET or names[0] == "pytest")


def is_bare_string(node: ast.AST) -> bool:
    """Tell whether a statement is only a string."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def branches(node: ast.AST) -> list[ast.AST]:
    """Give a node's children without contexts and operators, faster than ``ast`` does."""
    found = []
    for name in node._fields:
        value = getattr(node, name, None)
        if type(value) is list:
            found += [part for part in value if isinstance(part, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
            found.append(value)
    return found


class _Writer:
    """Write nodes, without positions and without the strings that only describe."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.dropping = False
        self.kept: ast.AST | None = None

    def write(self, value: object) -> None:
        if isinstance(value, ast.Constant):
            self.out.append(_constant(value.value))
        elif isinstance(value, ast.AST):
            self._node(value)
        elif isinstance(value, list):
            self._list(value)
        else:
            self.out.append(f"{value!r},")

    def _node(self, node: ast.AST) -> None:
        if isinstance(node, _DEFINITIONS):
            self._definition(node)
        else:
            self._fields(node)

    def _fields(self, node: ast.AST) -> None:
        self.out.append(f"{type(node).__name__}(")
        for field in node._fields:
            if field not in _LAYOUT:
                self.write(getattr(node, field, None))
        self.out.append(")")

    def _list(self, items: Iterable[object]) -> None:
        self.out.append("[")
        for item in items:
            dropped = self.dropping and isinstance(item, ast.AST) and is_bare_string(item)
            if not dropped:
                self.write(item)
        self.out.append("]")

    def _definition(self, node: Function | ast.ClassDef) -> None:
        outside = self.dropping
        self.dropping = node is not self.kept and _only_describes(node)
        self._fields(node)
        self.dropping = outside


def _only_describes(node: Function | ast.ClassDef) -> bool:
    """Tell whether nothing reads the bare strings of a definition."""
    if isinstance(node, ast.ClassDef):
        return not (node.bases or node.keywords or node.decorator_list)
    return all(is_quiet(decorator) for decorator in node.decorator_list)


def _constant(value: object) -> str:
    # Digits of a number can be too many for repr, never for hex.
    text = hex(value) if type(value) is int else repr(value)
    return f"{type(value).__name__}:{text},"
