"""Which types hold something that lives in one process only."""

import abc
import ast
import contextlib
import io
import sqlite3
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any, Final
from uuid import UUID

from milepost.doctor.source import code_of, own_nodes
from milepost.fingerprint.content import name_of
from milepost.fingerprint.objects import home_of
from milepost.fingerprint.project import project_of

# What counts by content or by code, with all that is derived from it.
_COUNTED: Final = (
    *(str, int, float, complex, bytes, bytearray, bool, types.NoneType, range, slice),
    *(dict, list, tuple, set, frozenset, date, time, timedelta, tzinfo, UUID),
    *(Decimal, Fraction, Enum, PurePath, BaseException, type, types.FunctionType),
    *(types.ModuleType, types.SimpleNamespace, types.MethodType),
)
# What functions of C, which have no annotations, give.
KINDS: Final[dict[Any, type]] = {open: io.IOBase, sqlite3.connect: sqlite3.Connection}
_LIBRARIES: Final = frozenset({"numpy", "pandas", "ipaddress", "re", "milepost", "_pytest"})
# Modules of nothing but forms, of which an instance tells nothing.
_ABSTRACT: Final = frozenset({"typing", "collections", "abc", "contextlib", "types"})


class Liveness:
    """What can be said of types before any object of them exists.

    Args:
        root: The project's folder, whose classes count by what they hold.
    """

    def __init__(self, root: Path) -> None:
        self._project = project_of(root)
        self._open: set[type] = set()

    def live_name(self, annotation: Any) -> str:
        """Name the live type in an annotation; empty where there is none for certain."""
        arguments = typing.get_args(annotation)
        origin = typing.get_origin(annotation)
        if origin in (typing.Union, types.UnionType):
            inner = [each for each in arguments if each is not types.NoneType]
            return self._all(inner)
        if origin is typing.Literal or origin is Callable:
            return ""
        if origin is typing.Annotated:
            return self.live_name(arguments[0])
        if isinstance(origin, type) and issubclass(origin, Iterable):
            return next(filter(None, map(self.live_name, arguments)), "")
        kind = origin or annotation
        return name_of(kind) if isinstance(kind, type) and self._is_live(kind) else ""

    def _all(self, annotations: list[Any]) -> str:
        found = [self.live_name(each) for each in annotations]
        return found[0] if found and all(found) else ""

    def _is_live(self, kind: type) -> bool:
        if kind is object or issubclass(kind, _COUNTED) or kind in (Callable, staticmethod):
            return False
        if {base.__module__.partition(".")[0] for base in kind.__mro__} & _LIBRARIES:
            return False
        if is_dataclass(kind) or hasattr(kind, "model_fields"):
            return False
        if hasattr(kind, "__attrs_attrs__") or getattr(kind, "_is_protocol", False):
            return False
        if kind.__module__.partition(".")[0] in _ABSTRACT:
            return False
        if self.is_own(kind):
            if kind in self._open:
                return False
            self._open.add(kind)
            try:
                return self._holds_live(kind)
            finally:
                self._open.discard(kind)
        return type(kind) is not abc.ABCMeta or not kind.__abstractmethods__

    def is_own(self, kind: type) -> bool:
        """Tell whether a class was defined in the project."""
        return self._project.own(home_of(kind)) is not None

    def _holds_live(self, kind: type) -> bool:
        """Tell whether a class of the project keeps something live in an attribute."""
        for base in kind.__mro__[:-1]:
            code = code_of(vars(base).get("__init__"))
            if code is None:
                if not self.is_own(base) and base not in (abc.ABC, typing.Generic):
                    return self._is_live(base)
                continue
            for node in own_nodes(code.body):
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                    made = _named(node.value.func, code.names)
                    made = KINDS.get(made, made) if callable(made) else made
                    if isinstance(made, type) and made is not kind and self._is_live(made):
                        return True
        return False


def _named(node: ast.AST, names: typing.Mapping[str, Any]) -> Any:
    """Give what a dotted name stands for, without running any code."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _named(node.value, names)
        with contextlib.suppress(TypeError):
            return vars(owner).get(node.attr) if owner is not None else None
    return None
