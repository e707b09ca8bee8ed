"""Objects at run time: which of them are code, and where in the source they stand."""

import re
import sys
from functools import partial
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any, Final

from milepost.fingerprint.graph import Graph, Node
from milepost.fingerprint.packages import described
from milepost.fingerprint.project import Project
from milepost.fingerprint.source import Module

BUILT_IN: Final = (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)
CODE: Final = (
    FunctionType,
    MethodType,
    type,
    partial,
    staticmethod,
    classmethod,
    *BUILT_IN,
)
_COMPREHENSIONS: Final = re.compile(r"<(listcomp|setcomp|dictcomp|genexpr)>\.(<locals>\.)?")


def is_code(thing: object) -> bool:
    """Tell whether an object is a function, method, class or partial.

    Never asks the object itself.
    """
    return issubclass(type(thing), CODE)


def attributes_of(thing: object) -> dict[str, Any]:
    """Give an object's own ``__dict__`` without running any code of its class."""
    try:
        found = object.__getattribute__(thing, "__dict__")
    except (AttributeError, TypeError):
        return {}
    return found if type(found) is dict else {}


def home_of(kind: type) -> str:
    """Give the file in which a class was defined; empty where nobody knows."""
    module = sys.modules.get(str(kind.__module__))
    if module is None:
        return _file_of_methods(kind)
    file = attributes_of(module).get("__file__")
    return file if isinstance(file, str) else ""


def _file_of_methods(kind: type) -> str:
    for name, method in vars(kind).items():
        if type(method) is FunctionType:
            code = method.__code__
            if code.co_qualname == f"{kind.__qualname__}.{name}":
                return code.co_filename
    return ""


def is_ours(project: Project, thing: object) -> bool:
    """Tell whether a function or class was defined in a first-party file."""
    if type(thing) is FunctionType:
        return project.own(thing.__code__.co_filename) is not None
    if isinstance(thing, type):
        return project.own(home_of(thing)) is not None
    inner = inner_of(thing)
    return inner is not None and is_ours(project, inner)


def inner_of(thing: object) -> object:
    """Give the function in a method or partial; None for anything else."""
    if issubclass(type(thing), partial):
        return partial.func.__get__(thing)
    if type(thing) in (MethodType, staticmethod, classmethod):
        return thing.__func__  # type: ignore[attr-defined]
    return None


def receiver_of(thing: object) -> object:
    """Give what a method of C is bound to; None for a function, whose module it is."""
    receiver = getattr(thing, "__self__", None)
    return None if isinstance(receiver, ModuleType) else receiver


def name_of_built_in(thing: object) -> str:
    """Name a function or method of C."""
    owner = getattr(thing, "__objclass__", type(receiver_of(thing)))
    module = getattr(thing, "__module__", None) or owner.__module__
    return described(str(module), str(getattr(thing, "__qualname__", "")))


def nodes_of_code(graph: Graph, module: Module, code: CodeType) -> list[Node]:
    """Find where in a module a function's code stands; empty if it is not there."""
    qualname = _COMPREHENSIONS.sub("", code.co_qualname)
    top = qualname.partition(".")[0]
    if "<locals>" not in qualname and top != "<lambda>":
        known = top in module.units.definitions
        return [graph.named(module, top)] if known else []
    places = module.places.get(qualname, [])
    exact = [place for place in places if place.first_line == code.co_firstlineno]
    if len(exact) > 1:
        # Several on one line cannot be told apart: their whole statement counts.
        return [graph.nested(module, exact[0].statement, exact[0].statement_around)]
    return [graph.nested(module, place.node, place.around) for place in exact or places]


def nodes_of_class(graph: Graph, module: Module, kind: type) -> list[Node]:
    """Find where in a module a class stands; the whole module if it is not there."""
    top = kind.__qualname__.partition(".")[0]
    if "<locals>" not in kind.__qualname__:
        # A package may say of a class that it is its own; the methods know better.
        for place in (module, graph.project.module(_file_of_methods(kind))):
            if place and top in place.units.definitions:
                return [graph.named(place, top)]
        return [graph.whole(module)]
    places = module.places.get(kind.__qualname__, [])
    found = [graph.nested(module, place.node, place.around) for place in places]
    return found or [graph.whole(module)]
