"""What a function is given, by the names of its parameters."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from milepost.fingerprint.objects import attributes_of, is_code

CLOSURE = " (closure)"


class Arguments:
    """The inputs of a call, each under a name.

    Args:
        fn: What is called.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        is_ours: Tells whether a function is first-party; only their closures count.

    Attributes:
        values: By name, in the order of the parameters.
        groups: Names that stand for several: ``*args``, ``**kwargs``, a closure's own.
        takes_any: Any keyword may be given.
    """

    def __init__(
        self,
        fn: object,
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        is_ours: Callable[[object], bool],
    ) -> None:
        self.values: dict[str, object] = {}
        self.groups: dict[str, list[str]] = {}
        self.takes_any = False
        while issubclass(type(fn), partial):
            inner: Any = fn
            args, kwargs = (*inner.args, *args), {**inner.keywords, **kwargs}
            fn = inner.func
        self._bind(fn, args, kwargs)
        for function in _wrapped(fn):
            if is_ours(function):
                self._close_over(function)

    def without(self, name: str) -> None:
        """Leave out a name, or all that it stands for."""
        for each in self.groups.get(name, [name]):
            self.values.pop(each, None)

    def knows(self, name: str) -> bool:
        """Tell whether a name can be left out."""
        return self.takes_any or name in self.values or name in self.groups

    def _add(self, name: str, value: object, group: str = "") -> None:
        while name in self.values:
            name = f"{group or name}.{name}"
        self.values[name] = value
        if group:
            self.groups.setdefault(group, []).append(name)

    def _bind(
        self, fn: Any, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> None:
        function, args = _with_receiver(fn, args)
        bound = None
        # Some functions of C have no signature, some wrappers a wrong one.
        with suppress(Exception):
            bound = inspect.signature(function).bind(*args, **kwargs)
            bound.apply_defaults()
        if bound is None:
            self._number(args, kwargs)
        else:
            self._name(bound, has_receiver=function is not fn)

    def _number(self, args: Sequence[object], kwargs: Mapping[str, object]) -> None:
        for position, value in enumerate(args):
            self._add(f"args[{position}]", value, "args")
        for name, value in kwargs.items():
            self._add(name, value)

    def _name(self, bound: inspect.BoundArguments, *, has_receiver: bool) -> None:
        parameters = bound.signature.parameters
        for position, (name, value) in enumerate(bound.arguments.items()):
            if parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
                self.groups.setdefault(name, [])
                for place, member in enumerate(value):
                    self._add(f"{name}[{place}]", member, name)
            elif parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                self.takes_any = True
                self.groups.setdefault(name, [])
                for key, member in value.items():
                    self._add(key, member, name)
            else:
                self._add("self" if has_receiver and not position else name, value)

    def _close_over(self, function: FunctionType) -> None:
        names = function.__code__.co_freevars
        for name, cell in zip(names, function.__closure__ or (), strict=True):
            # A cell is empty until what it stands for is bound.
            with suppress(ValueError):
                self._add(name + CLOSURE, cell.cell_contents)
                self.groups.setdefault(name, [name]).append(name + CLOSURE)


def _with_receiver(fn: Any, args: tuple[object, ...]) -> tuple[Any, tuple[object, ...]]:
    """Give the plain function that a call ends in, and all that it is given."""
    if type(fn) is MethodType:
        return fn.__func__, (fn.__self__, *args)
    if not is_code(fn):
        call = inspect.getattr_static(type(fn), "__call__", None)
        if type(call) is FunctionType:
            return call, (fn, *args)
    return fn, args


def _wrapped(fn: object) -> Iterator[FunctionType]:
    """Give a function and those that it wraps, one around the other."""
    seen: set[int] = set()
    while id(fn) not in seen:
        seen.add(id(fn))
        if type(fn) is MethodType:
            fn = fn.__func__
        if type(fn) is FunctionType:
            yield fn
        fn = attributes_of(fn).get("__wrapped__")
