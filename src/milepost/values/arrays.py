"""Arrays, tables and bytes: binary codecs that can hold no code.

numpy writes ``.npy`` without object arrays, pandas writes Parquet through pyarrow. A
codec's name picks a function here; nothing is imported by a name found in data.
"""

import importlib.util
import io
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from milepost.canonical import Plain
from milepost.secret import redact
from milepost.values.difference import find_difference
from milepost.values.errors import (
    MissingLibraryError,
    NotKeptError,
    UnrestorableAnnotationError,
)

MAX_BINARY_BYTES: Final = 2**30
NPY, PARQUET, PARQUET_COLUMN, BYTES = "npy", "parquet", "parquet-series", "bytes"

_ARRAY: Final = "numpy.ndarray"
_TABLES: Final = ("pandas.DataFrame", "pandas.Series")
# Before 15, pyarrow could run code found in a Parquet file.
_OLDEST_PYARROW: Final = 15
_PYARROW_CURE: Final = "pip install pyarrow"
_HEADER: Final = b"milepost"
_FILE_CURE: Final = (
    "Write it to a file below phase.directory and return the file's name;\n"
    "or return plain values: array.tolist(), frame.to_dict('records')"
)


def is_array_type(kind: object) -> bool:
    """Tell whether a class is one that these codecs write, without any import."""
    return _known_name(kind) is not None


def _known_name(kind: object) -> str | None:
    """Name a class of numpy or pandas by its identity, not by what it says it is."""
    for name in (_ARRAY, *_TABLES):
        library, _, attribute = name.partition(".")
        found = getattr(sys.modules.get(library), attribute, None)
        if found is not None and kind is found:
            return name
    return None


def check_annotation(annotation: Any, text: str) -> None:
    """Make sure that what a table's codec needs is installed.

    Raises:
        UnrestorableAnnotationError: It is not.
    """
    if _known_name(annotation) in _TABLES and not _has_pyarrow():
        reason = "pandas writes a safe format only with pyarrow, and it is not installed"
        raise UnrestorableAnnotationError(text, reason, f"{_PYARROW_CURE}\n{_FILE_CURE}")


def _has_pyarrow() -> bool:
    if "pyarrow" in sys.modules:
        return sys.modules["pyarrow"] is not None
    return importlib.util.find_spec("pyarrow") is not None


def describe(annotation: Any) -> Plain:
    """Describe an array type for a schema: its class and the names of its parts."""
    name = "bytes" if annotation is bytes else _known_name(annotation)
    if name:
        return name
    parts = [describe(each) for each in getattr(annotation, "__args__", ())]
    origin = getattr(annotation, "__origin__", annotation)
    kind = getattr(origin, "__qualname__", str(origin))
    return [_known_name(origin) or f"{getattr(origin, '__module__', '')}.{kind}", *parts]


def codec_of(value: object) -> str | None:
    """Name the codec for a value of numpy or pandas, or None for any other value."""
    names = {_ARRAY: NPY, _TABLES[0]: PARQUET, _TABLES[1]: PARQUET_COLUMN}
    return names.get(_known_name(type(value)) or "")


def encode(value: object, codec: str) -> tuple[bytes, object]:
    """Write a value.

    Args:
        value: A value of the exact type that the codec is for.
        codec: Its codec.

    Returns:
        The bytes, and what comes back from them.

    Raises:
        NotKeptError: It does not come back equal, or is too large.
    """
    write, read, compare = _CODECS[codec]
    try:
        content = write(value)
        again = read(content)
        difference = compare(value, again)
    except NotKeptError:
        raise
    except Exception as error:  # noqa: BLE001 - a foreign codec must not cost the value
        first = (str(error).splitlines() or [""])[0]
        raise _refuse(value, redact(f"{type(error).__name__}: {first}")) from None
    if difference:
        raise _refuse(value, difference)
    return content, again


def decode(content: bytes, codec: str) -> object:
    """Read a value.

    Raises:
        MissingLibraryError: What wrote it is not installed here.
        ValueError: The bytes are not what the codec writes, or there is no such codec.
    """
    if codec not in _CODECS:
        message = f"no codec is named {codec!r:.40}"
        raise ValueError(message)
    try:
        return _CODECS[codec][1](content)
    except ImportError as error:
        library = str(error.name or "numpy")
        raise MissingLibraryError(library, f"pip install {library}") from None
    except MissingLibraryError:
        raise
    except Exception as error:  # noqa: BLE001 - a foreign codec may raise anything
        message = f"{codec} cannot read it: {type(error).__name__}"
        raise ValueError(message) from None


def _refuse(value: object, reason: str, cure: str = _FILE_CURE) -> NotKeptError:
    kind = type(value)
    return NotKeptError("$", f"{kind.__module__}.{kind.__qualname__}", reason, cure)


def _bounded(value: Any, size: int) -> None:
    if size > MAX_BINARY_BYTES:
        raise _refuse(value, f"it has more than {MAX_BINARY_BYTES // 2**20} MiB")


def _write_array(array: Any) -> bytes:
    import numpy as np  # noqa: PLC0415 - there is an array, so it is loaded

    _bounded(array, array.nbytes)
    if array.dtype.hasobject:
        raise _refuse(array, "it holds Python objects, which only pickle can write")
    if array.dtype.metadata:
        raise _refuse(array, "its dtype's metadata does not come back")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _read_array(content: bytes) -> Any:
    import numpy as np  # noqa: PLC0415 - only where an array is stored

    return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)


def _compare_arrays(before: Any, after: Any) -> str | None:
    if before.dtype != after.dtype:
        return f"its dtype {before.dtype} does not come back"
    same = before.shape == after.shape and before.tobytes() == after.tobytes()
    return None if same else "it does not come back equal"


def _pyarrow() -> tuple[Any, Any]:
    """Give pyarrow and its Parquet part.

    Raises:
        MissingLibraryError: It is not installed, or too old to be safe.
    """
    try:
        import pyarrow  # noqa: PLC0415 - only where a table is stored
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise MissingLibraryError("pyarrow", _PYARROW_CURE) from None
    if int(pyarrow.__version__.partition(".")[0]) < _OLDEST_PYARROW:
        library = f"pyarrow {_OLDEST_PYARROW} or later"
        raise MissingLibraryError(library, f"{_PYARROW_CURE} --upgrade")
    return pyarrow, parquet


def _write_table(frame: Any, header: Mapping[str, Any] | None = None) -> bytes:
    try:
        pyarrow, parquet = _pyarrow()
    except MissingLibraryError as error:
        reason = f"{error.library} writes it, and is not installed"
        raise _refuse(frame, reason, f"{_PYARROW_CURE}\n{_FILE_CURE}") from None
    _bounded(frame, int(frame.memory_usage(index=True, deep=True).sum()))
    if frame.attrs:
        raise _refuse(frame, "its attrs do not come back")
    table = pyarrow.Table.from_pandas(frame)
    own = json.dumps({"freq": getattr(frame.index, "freqstr", None), **(header or {})})
    table = table.replace_schema_metadata({**table.schema.metadata, _HEADER: own})
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    return buffer.getvalue()


def _read_table(content: bytes) -> Any:
    frame, _ = _read_frame(content)
    return frame


def _read_frame(content: bytes) -> tuple[Any, dict[str, Any]]:
    pyarrow, parquet = _pyarrow()
    table = parquet.read_table(pyarrow.BufferReader(content))
    header = json.loads(table.schema.metadata[_HEADER])
    frame = table.to_pandas()
    # A period's frequency is part of its dtype and came back with it.
    if header["freq"] != getattr(frame.index, "freqstr", None):
        frame.index.freq = header["freq"]
    return frame, header


def _write_column(series: Any) -> bytes:
    if type(series.name) not in (str, int, type(None)):
        raise _refuse(series, f"its name is no text: {series.name!r:.60}")
    if series.attrs:
        raise _refuse(series, "its attrs do not come back")
    return _write_table(series.to_frame("value"), {"name": series.name})


def _read_column(content: bytes) -> Any:
    frame, header = _read_frame(content)
    return frame["value"].rename(header["name"])


def _compare_frames(before: Any, after: Any) -> str | None:
    from pandas import testing  # noqa: PLC0415 - there is a table, so it is loaded

    check = getattr(
        testing, f"assert_{type(before).__name__.lower().replace('data', '')}_equal"
    )
    try:
        check(before, after, check_exact=True, check_index_type="exact", check_flags=True)
    except AssertionError as error:
        return f"it does not come back equal: {str(error).splitlines()[0]}"
    columns = before.items() if hasattr(before, "columns") else [(before.name, before)]
    others = [c for _, c in after.items()] if hasattr(after, "columns") else [after]
    for (name, column), other in zip(columns, others, strict=True):
        if column.dtype == object:
            found = find_difference(column.tolist(), other.tolist())
            if found:
                return f"column {name!r:.40} at {found[0]}: {found[1]}"
    return None


def _same_bytes(before: object, after: object) -> str | None:
    return None if before == after else "it does not come back equal"


def _write_bytes(value: Any) -> bytes:
    _bounded(value, len(value))
    return bytes(value)


_CODECS: Final[
    Mapping[
        str,
        tuple[
            Callable[[Any], bytes],
            Callable[[bytes], Any],
            Callable[[Any, Any], str | None],
        ],
    ]
] = {
    NPY: (_write_array, _read_array, _compare_arrays),
    PARQUET: (_write_table, _read_table, _compare_frames),
    PARQUET_COLUMN: (_write_column, _read_column, _compare_frames),
    BYTES: (_write_bytes, bytes, _same_bytes),
}
