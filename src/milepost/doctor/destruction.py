"""Code that destroys what a checkpoint would point to: by the names of what it calls."""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from milepost.doctor.scope import NOTHING, Origin, Scope
from milepost.doctor.source import Code, code_of, own_nodes

_WORDS: Final = re.compile(
    r"(^|_)(delete|destroy|drop|dropall|remove|rmtree|rmdir|unlink|terminate|teardown|"
    r"tear_down|truncate|purge|wipe|uninstall|kill|rm|clear)(_|$)"
)
_STATEMENT: Final = re.compile(
    r"\b(DROP\s+(TABLE|DATABASE|SCHEMA|INDEX)|TRUNCATE\s|DELETE\s+FROM|"
    r"docker\s+rm\b|kubectl\s+delete|rm\s+-r)",
    re.IGNORECASE,
)
_COMMAND: Final = ("docker", "podman", "kubectl", "helm", "terraform", "juju", "rm")
_COMMAND_WORDS: Final = frozenset({"rm", "delete", "destroy", "uninstall", "down", "-rf"})
# `clear` and `remove` are what lists do, too: only of what sounds like a store.
_AMBIGUOUS: Final = frozenset({"clear", "remove", "kill", "unlink", "terminate"})
_STORE: Final = re.compile(
    r"store|db|database|collection|index|table|queue|bucket|cluster|container|graph|"
    r"stack|cache|storage|folder|path|dir|client|session|server|repo|volume",
    re.IGNORECASE,
)
_OPENED: Final = re.compile(
    r"(^|\.)(open|connect|patch\w*|suppress|raises|\w*[Cc]lient|\w*[Ss]ession|context|"
    r"\w*lock|closing|redirect_\w+|warns|catch_warnings|chdir|\w*[Cc]onnection|"
    r"\w*[Ee]xecutor|\w*Server|\w*[Pp]layground|sync_playwright|async_playwright)$"
)
_HARMLESS: Final = re.compile(
    r"^(a?close|aclose|disconnect|shutdown|join|cancel|flush|print|info|debug|warning|"
    r"error|log|append|undo|dispose|quit|__exit__|__aexit__|wait|len|str|gather|reset|"
    r"rollback|unsubscribe|server_close|setenv|delenv|pop|release|detach|unregister)$"
)
_TEMPORARY: Final = re.compile(r"(^|\.)(TemporaryDirectory|NamedTemporaryFile)$")
_DEEPEST: Final = 2
Find = Callable[[ast.AST, Scope], Origin]


def destroying(
    parts: list[Any], scope: Scope, find: Find, depth: int = 0
) -> Iterator[ast.AST]:
    """Find what destroys something outside of the process.

    Args:
        parts: Statements.
        scope: Where they stand.
        find: Says what an expression is.
        depth: How many calls lead here.
    """
    for node in own_nodes(parts):
        if not isinstance(node, ast.Call) or _belongs_to_phase(node, scope, find):
            continue
        if _destroys(node) or _leads_to_one(node, scope, find, depth):
            yield node


def _belongs_to_phase(node: ast.Call, scope: Scope, find: Find) -> bool:
    owner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
    return bool(find(owner, scope).phase or find(node.func, scope).phase)


def _leads_to_one(node: ast.Call, scope: Scope, find: Find, depth: int) -> bool:
    """Tell whether a function of the project that is called destroys something."""
    value = find(node.func, scope).value if depth < _DEEPEST else NOTHING
    if value is NOTHING or isinstance(value, type):
        return False
    local = getattr(value, "code", None)
    code = local if isinstance(local, Code) else code_of(value)
    if code is None or "site-packages" in code.file or "/lib/python" in code.file:
        return False
    inner = Scope(code, {}, getattr(value, "scope", None) if local is code else None)
    return next(destroying(code.body, inner, find, depth + 1), None) is not None


def _destroys(node: ast.Call) -> bool:
    dotted = ast.unparse(node.func)
    owner, _, name = dotted.rpartition(".")
    texts = [
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    if any(_STATEMENT.search(text) for text in texts):
        return True
    if texts and texts[0] in _COMMAND and _COMMAND_WORDS & {*texts[1:]}:
        return True
    if not _WORDS.search(name.lower()):
        return False
    if name in _AMBIGUOUS:
        return bool(_STORE.search(owner))
    return not owner.startswith(("monkeypatch", "self._", "mock")) and name != "delenv"


def after_yield(code: Code) -> tuple[list[ast.AST], list[ast.AST]]:
    """Divide a fixture at its yield.

    Returns:
        What stands before it and what comes after it, ``finally`` and the ends of
        ``with`` blocks included.
    """
    before: list[ast.AST] = []
    after: list[ast.AST] = []
    _divide(code.body, before, after)
    return before, after


def _divide(parts: list[Any], before: list[ast.AST], after: list[ast.AST]) -> bool:
    """Divide statements; tell whether the yield was among them."""
    is_over = False
    for part in parts:
        if is_over:
            after.append(part)
        elif not _yields(part):
            before.append(part)
        else:
            is_over = True
            _divide_inside(part, before, after)
    return is_over


def _divide_inside(part: Any, before: list[ast.AST], after: list[ast.AST]) -> None:
    if isinstance(part, ast.With | ast.AsyncWith):
        before += [item.context_expr for item in part.items]
        _divide(part.body, before, after)
        after += part.items
    elif isinstance(part, ast.Try):
        _divide(part.body, before, after)
        after += [*part.orelse, *part.finalbody]
    elif isinstance(part, ast.If | ast.For | ast.While | ast.AsyncFor):
        _divide([*part.body, *part.orelse], before, after)
    else:
        before.append(part)


def _yields(part: ast.AST) -> bool:
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in own_nodes([part]))


def is_harmless(part: ast.AST) -> bool:
    """Tell whether what comes after a yield only lets go of a live object."""
    if isinstance(part, ast.withitem):
        called = part.context_expr
        function = called.func if isinstance(called, ast.Call) else called
        return bool(_OPENED.search(ast.unparse(function)))
    calls = [each for each in own_nodes([part]) if isinstance(each, ast.Call)]
    names = [ast.unparse(each.func).rpartition(".")[2] for each in calls]
    return all(_HARMLESS.match(name) for name in names)


def is_temporary(part: ast.AST) -> bool:
    """Tell whether a with block makes a temporary folder, which it removes."""
    called = getattr(part, "context_expr", None)
    function = called.func if isinstance(called, ast.Call) else None
    return function is not None and bool(_TEMPORARY.search(ast.unparse(function)))
