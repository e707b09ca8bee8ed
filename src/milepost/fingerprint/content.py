"""Inputs by content: what a value holds, down to the functions and classes in it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from functools import cached_property, partial
from pathlib import PurePath
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final, TypeAlias

from milepost.canonical import MAX_DEPTH, Plain, Walk, digest_plain
from milepost.fingerprint.files import UnreadableInputError
from milepost.fingerprint.following import Following
from milepost.fingerprint.form import short_sha
from milepost.fingerprint.graph import Graph
from milepost.fingerprint.kinds import INERT, Known, known_content
from milepost.fingerprint.objects import (
    attributes_of,
    is_code,
    is_ours,
    name_of_built_in,
    nodes_of_code,
    receiver_of,
)
from milepost.fingerprint.packages import described
from milepost.fingerprint.source import CouldNotRecordError
from milepost.fingerprint.state import state_of
from milepost.fingerprint.volatile import Volatility, cure

# How deep in an input, and how often, to look for what is different in every process.
_LOOK_DEPTH: Final = 2
_LOOKS: Final = 1000
# Tells whether an atom is kept already: it is the same in every process then.
IsKept: TypeAlias = Callable[[object], bool]


class Content(Walk):
    """A walk through the inputs of one call.

    Args:
        graph: The project's nodes.
        is_kept: Tells whether an atom that looks random is kept already.
        directory: The folder kept with the checkpoint, wherever it lies.

    Attributes:
        live: The type of each live object met, by where it stands.
        volatile: Why an input is different in every process, by the input.
    """

    def __init__(
        self,
        graph: Graph,
        is_kept: IsKept | None = None,
        directory: PurePath | None = None,
    ) -> None:
        super().__init__(None)
        self._directory = directory
        self._way = str(directory or "")
        self.graph = graph
        self._is_kept = is_kept
        self.live: dict[str, str] = {}
        self.volatile: dict[str, str] = {}
        self._input, self._looks = "", 0
        self._kinds: set[type] = set()
        self._volatility = Volatility(graph.project.roots)

    @cached_property
    def _following(self) -> Following:
        return Following(self.graph)

    def parts(self) -> dict[str, str]:
        """Give the code that the inputs contribute."""
        return self._following.parts() if "_following" in vars(self) else {}

    def read(self, name: str, value: object) -> str:
        """Hash an input.

        Raises:
            CouldNotRecordError: A function among the inputs has no source to read.
        """
        self._input, self._looks = name, 0
        known = dict(self.live)
        try:
            return digest_plain(self.plain(value, name))
        except (CouldNotRecordError, UnreadableInputError):
            raise
        except Exception:  # noqa: BLE001 - reading a stranger's attributes runs its code
            self.live = known
            return digest_plain(self._live(value, name))

    def plain(self, value: object, path: str) -> Plain:
        """Give the plain form of one value."""
        if self._looks < _LOOKS and len(self.open) <= _LOOK_DEPTH:
            self._look_at(value, path)
        if issubclass(type(value), PurePath):
            return {"$path": self._anchored(value)}  # type: ignore[arg-type]
        if self._way and type(value) is str and self._way in value:
            return {"$directory": list(value.split(self._way))}
        if issubclass(type(value), Enum):
            self._count(type(value))
        return super().plain(value, path)

    def _look_at(self, value: object, path: str) -> None:
        self._looks += 1
        reason = self._volatility.reason(value, path)
        if reason and not (self._is_kept and self._is_kept(value)):
            self.volatile.setdefault(self._input, f"{reason}: {cure(self._input)}")

    def _anchored(self, path: PurePath) -> list[Plain]:
        """Write a path below the root so that a moved checkout is equal."""
        if self._directory and path.is_relative_to(self._directory):
            return ["directory", path.relative_to(self._directory).as_posix()]
        for root in self.graph.project.roots:
            if path.is_relative_to(root):
                return ["root", path.relative_to(root).as_posix()]
        return [path.as_posix()]

    def _object(self, value: object, path: str) -> Plain:
        if not is_code(value):
            self._count(type(value))
        return super()._object(value, path)

    def _count(self, kind: type) -> None:
        """Count the code of a first-party class."""
        if kind not in self._kinds:
            self._kinds.add(kind)
            if is_ours(self.graph.project, kind):
                self._following.begin(kind)

    def _nested(self, value: object, path: str) -> Plain:
        if id(value) in self.open:
            return {"$cycle": None}
        if len(self.open) > MAX_DEPTH:
            # As where Python's own limit comes first: the whole input is live.
            raise RecursionError(path)
        return super()._nested(value, path)

    def _unknown(self, value: object, path: str) -> Plain:
        kind = type(value)
        if is_code(value):
            return {"$code": self._code(value, path)}
        if "__wrapped__" in attributes_of(value):
            return {"$code": self._wrapper(value, path)}
        if is_skipped(value):
            return {"$skipped": name_of(kind)}
        if kind in INERT:
            return {"$inert": [name_of(kind), str(attributes_of(value).get("name", ""))]}
        known = known_content(value)
        if known:
            return {"$known": self._known(value, known, path)}
        state = state_of(value) if is_ours(self.graph.project, kind) else None
        return self._live(value, path) if state is None else self._state(value, state, path)

    def _known(self, value: object, known: Known, path: str) -> list[Plain]:
        if type(value) is ModuleType:
            self._following.begin_module(value)
        name, content = known
        ours = is_ours(self.graph.project, type(value))
        more = attributes_of(value) if ours else {}
        return [name, self.plain(content, path), self.plain(more, path)]

    def _state(self, value: object, state: dict[str, object], path: str) -> Plain:
        """Encode an object that holds only values; with anything live it is live."""
        outside, self.live = self.live, {}
        try:
            content = self._mapping(state, path)
        finally:
            found, self.live = self.live, outside
        if found:
            return self._live(value, path)
        return {"$state": [name_of(type(value)), content]}

    def _live(self, value: object, path: str) -> Plain:
        kind = type(value)
        self.live[path] = name_of(kind)
        self._count_foreign(kind)
        return {"$live": name_of(kind)}

    def _count_foreign(self, kind: type) -> None:
        """Count a class, one of another package by its version; Python's own has none."""
        if str(kind.__module__).partition(".")[0] not in sys.stdlib_module_names:
            self._following.begin(kind)

    def _code(self, value: Any, path: str) -> list[Plain]:
        kind = type(value)
        if issubclass(kind, partial):
            given = [list(value.args), dict(value.keywords)]
            return ["partial", self.plain(value.func, path), self.plain(given, path)]
        if kind is MethodType:
            receiver = self.plain(value.__self__, f"{path}.__self__")
            return ["method", self.plain(value.__func__, path), receiver]
        if kind in (staticmethod, classmethod):
            return [kind.__name__, self.plain(value.__func__, path)]
        if issubclass(kind, type):
            self._count_foreign(value)
            return ["class", name_of(value)]
        self._following.begin(value, handed=True)
        if kind is FunctionType:
            return ["function", *self._function(value, path)]
        return ["named", name_of_built_in(value), self._receiver(value, path)]

    def _receiver(self, value: object, path: str) -> Plain:
        """Encode what a method of C is bound to."""
        receiver = receiver_of(value)
        return None if receiver is None else self.plain(receiver, f"{path}.__self__")

    def _wrapper(self, value: object, path: str) -> list[Plain]:
        """Encode an object around a function, such as what lru_cache makes."""
        self._following.begin(value, handed=True)
        wrapped = attributes_of(value)["__wrapped__"]
        return ["wrapper", name_of(type(value)), self.plain(wrapped, path)]

    def _function(self, function: FunctionType, path: str) -> list[Plain]:
        """Encode what a function is called and what it has closed over."""
        code = function.__code__
        own = self.graph.project.own(code.co_filename)
        if own is None:
            return [described(str(function.__globals__.get("__name__")), code.co_qualname)]
        closure = dict(_cells(function))
        defaults = [list(function.__defaults__ or ()), dict(function.__kwdefaults__ or {})]
        return [
            f"{own[1]}::{code.co_qualname}",
            self._sha_of_nested(function),
            self.plain(closure, path),
            self.plain(defaults, path),
        ]

    def _sha_of_nested(self, function: FunctionType) -> str:
        """Tell lambdas apart, which all have one name."""
        code = function.__code__
        module = self.graph.project.module(code.co_filename)
        if module is None or "<" not in code.co_qualname:
            return ""
        nodes = nodes_of_code(self.graph, module, code)
        return short_sha(*(self.graph.sha(node, documented=True) for node in nodes))


def is_skipped(value: object) -> bool:
    """Tell whether an object is milepost's own, or pytest's, and no input at all."""
    for base in type(value).__mro__:
        top = str(base.__module__).partition(".")[0]
        if top in {"milepost", "_pytest"}:
            return not _is_frozen(type(value))
    return False


def _is_frozen(kind: type) -> bool:
    """Tell whether instances are settings, which count like any value."""
    parameters = getattr(kind, "__dataclass_params__", None)
    return bool(issubclass(kind, Enum) or (parameters and parameters.frozen))


def name_of(kind: type) -> str:
    """Name a type as people read it."""
    module = str(kind.__module__)
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def _cells(function: FunctionType) -> Iterator[tuple[str, object]]:
    names = function.__code__.co_freevars
    for name, cell in zip(names, function.__closure__ or (), strict=True):
        # A cell is empty until what it stands for is bound.
        with suppress(ValueError):
            yield name, cell.cell_contents
