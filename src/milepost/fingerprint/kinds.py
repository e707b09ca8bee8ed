"""Values of the standard library, numpy and pandas that are known by their content."""

import io
import operator
import re
import types
import typing
from array import array
from collections import UserDict, UserList, UserString, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo
from importlib import import_module
from logging import Logger
from threading import Lock, RLock
from typing import Any, Final

# A name for the kind, and what is left to encode.
Known = tuple[str, object]

# They hold no content that a result could depend on.
INERT: Final = (object, Logger, type(Lock()), type(RLock()))

_EXACT: Final[dict[type, Callable[[Any], object]]] = {
    re.Pattern: lambda value: [value.pattern, value.flags],
    deque: lambda value: [list(value), value.maxlen],
    types.MappingProxyType: dict,
    types.SimpleNamespace: vars,
    types.EllipsisType: str,
    types.NotImplementedType: str,
    types.ModuleType: lambda value: str(vars(value).get("__name__")),
    slice: lambda value: [value.start, value.stop, value.step],
    operator.attrgetter: repr,
    operator.itemgetter: repr,
    operator.methodcaller: repr,
    array: lambda value: [value.typecode, value.tobytes()],
    memoryview: bytes,
    io.BytesIO: lambda value: [value.getvalue(), value.tell()],
    io.StringIO: lambda value: [value.getvalue(), value.tell()],
    defaultdict: lambda value: [dict(value), value.default_factory],
    UserDict: lambda value: value.data,
    UserList: lambda value: value.data,
    UserString: lambda value: value.data,
    type({}.keys()): list,
    type({}.values()): list,
    type({}.items()): list,
}

# Subclasses of these hold at least what these hold.
_INSIDE: Final[dict[type, Callable[[Any], object]]] = {
    str: str.__str__,
    int: int.__index__,
    float: float.__float__,
    bytes: lambda value: b"".join([value]),
    bytearray: lambda value: b"".join([value]),
    dict: lambda value: dict(dict.items(value)),
    list: lambda value: [*list.__iter__(value)],
    tuple: lambda value: [*tuple.__iter__(value)],
    set: lambda value: {*set.__iter__(value)},
    frozenset: lambda value: {*frozenset.__iter__(value)},
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: lambda value: [value.days, value.seconds, value.microseconds],
    tzinfo: str,
    BaseException: lambda value: list(value.args),
}


def known_content(value: object) -> Known | None:
    """Give what a value holds, for a kind that is known; None for any other."""
    kind = type(value)
    if kind in _EXACT:
        return kind.__qualname__, _EXACT[kind](value)
    library = str(kind.__module__).partition(".")[0]
    if library in _LIBRARIES:
        return _LIBRARIES[library](value)
    for base, content in _INSIDE.items():
        if issubclass(kind, base):
            return f"{kind.__module__}.{kind.__qualname__}", content(value)
    return _annotation(value)


def _annotation(value: object) -> Known | None:
    """Give the parts of a type written with brackets or bars."""
    if type(value).__module__ not in {"types", "typing"}:
        return None
    origin = typing.get_origin(value)
    if origin is None:
        return "typing", repr(value)
    return "typing", [str(origin), *typing.get_args(value)]


def _numpy(value: Any) -> Known | None:
    # An array of plain numbers was encoded already: this is one of objects, or a type.
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return "numpy.ndarray", [str(value.dtype), list(value.shape), value.tolist()]
    return ("numpy.dtype", str(value)) if type(value).__name__.endswith("DType") else None


def _pandas(value: Any) -> Known | None:
    pandas = import_module("pandas")
    if isinstance(value, pandas.DataFrame):
        columns = [_column(pandas, value.iloc[:, n]) for n in range(value.shape[1])]
        index = _pandas(value.index)
        return "pandas.DataFrame", [list(value.columns), columns, index]
    if isinstance(value, pandas.Series):
        return "pandas.Series", [value.name, _column(pandas, value), _pandas(value.index)]
    if isinstance(value, pandas.Index):
        names = list(value.names)
        return "pandas.Index", [names, str(value.dtype), _hashes(pandas, value)]
    is_scalar = bool(pandas.api.types.is_scalar(value))
    return ("pandas", repr(value)) if is_scalar else None


def _column(pandas: Any, series: Any) -> list[object]:
    return [str(series.dtype), _hashes(pandas, series)]


def _hashes(pandas: Any, values: Any) -> object:
    try:
        hashed = pandas.util.hash_pandas_object(values, index=False)
    except TypeError:
        # Cells that hold lists and the like.
        return values.tolist()
    return hashed.to_numpy().tobytes()


def _address(value: object) -> Known:
    return type(value).__qualname__, str(value)


_LIBRARIES: Final = {"ipaddress": _address, "numpy": _numpy, "pandas": _pandas}
