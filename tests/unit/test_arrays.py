"""Arrays, tables and bytes come back equal from formats that can hold no code."""

import datetime
import decimal
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from milepost.errors import DamagedValueError
from milepost.values import (
    MissingLibraryError,
    NotKeptError,
    arrays,
    decode,
    encode,
    record,
)
from milepost.values.errors import UnrestorableAnnotationError
from milepost.values.schema import make_schema

NOTHING: dict[str, str] = {}


def kept(value: object, annotation: object = Any) -> Any:
    """Keep a value and read it back."""
    schema = make_schema(annotation)
    encoded, handed = encode(value, schema, environment=NOTHING)
    assert encoded.form == "blob"
    assert encoded.data is None
    found = decode(encoded.content, record(encoded), schema)
    assert type(found) is type(handed) is type(value)
    return found


def refused(value: object, annotation: object = Any) -> NotKeptError:
    """Give the refusal of a value."""
    with pytest.raises(NotKeptError) as caught:
        encode(value, make_schema(annotation), environment=NOTHING)
    return caught.value


DTYPES = (
    numpy_strategies.scalar_dtypes()
    | numpy_strategies.unicode_string_dtypes()
    | numpy_strategies.byte_string_dtypes()
)


@given(
    numpy_strategies.arrays(DTYPES, numpy_strategies.array_shapes(min_dims=0, min_side=0))
)
def test_any_array_comes_back_equal(array: npt.NDArray[Any]) -> None:
    """An array of numbers, texts or times comes back with dtype, shape and every bit."""
    found = kept(array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "array",
    [
        np.array([1, 2], dtype=">i4"),
        np.array([[1, 2], [3, 4]], order="F"),
        np.arange(10)[::3],
        np.broadcast_to(np.arange(3), (4, 3)),
        np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array([np.nan, -0.0, np.inf]),
        np.array(5),
    ],
    ids=str,
)
def test_special_arrays_come_back(array: npt.NDArray[Any]) -> None:
    """Byte order, layout, views, records and zero dimensions come back."""
    found = kept(array, np.ndarray)
    assert found.dtype == array.dtype
    assert found.tobytes() == array.tobytes()


CHANGED_ARRAYS: dict[str, Callable[[], object]] = {
    "objects": lambda: np.array([object()]),
    "text objects": lambda: np.array(["a"], dtype=np.dtypes.StringDType()),
    "metadata": lambda: np.array([1], dtype=np.dtype("i4", metadata={"unit": "m"})),
    "masked": lambda: np.ma.masked_array([1, 2], mask=[True, False]),
    "record array": lambda: np.rec.array([(1,)], dtype=[("a", "i4")]),
    "float": lambda: np.float64(1.5),
    "inside a list": lambda: [np.int64(3)],
    "inside a dict": lambda: {"a": np.arange(3)},
}


@pytest.mark.parametrize("make", CHANGED_ARRAYS.values(), ids=CHANGED_ARRAYS)
def test_arrays_that_would_change_are_refused(make: Callable[[], object]) -> None:
    """Objects, subclasses, scalars and arrays inside other values are not kept."""
    assert refused(make()).cure


def test_a_numpy_scalar_says_what_to_write() -> None:
    """The refusal of a numpy scalar names the call that gives a plain number."""
    assert "item()" in refused({"loss": np.float32(0.5)}).cure
    assert refused({"loss": np.float32(0.5)}).path == "$.loss"


def test_an_array_beside_none() -> None:
    """An annotation may allow an array or nothing."""
    schema = make_schema(np.ndarray | None)
    for value in (None, np.arange(3)):
        encoded, _ = encode(value, schema, environment=NOTHING)
        place = encoded.data if encoded.content is None else encoded.content
        assert np.array_equal(decode(place, record(encoded), schema), value)


TABLES: dict[str, Callable[[], object]] = {
    "plain": lambda: pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [1.5, np.nan]}),
    "empty": pd.DataFrame,
    "no rows": lambda: pd.DataFrame({"a": pd.Series([], dtype="int8")}),
    "days": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2026", periods=2)),
    "months": lambda: pd.DataFrame(
        {"a": [1, 2]}, index=pd.date_range("2026", periods=2, freq="MS", tz="Europe/Madrid")
    ),
    "periods": lambda: pd.DataFrame(
        {"a": [1, 2]}, index=pd.period_range("2026", periods=2, freq="M")
    ),
    "several levels": lambda: pd.DataFrame(
        {"a": [1, 2]},
        index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["x", "y"]),
    ),
    "levels of columns": lambda: pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])
    ),
    "category": lambda: pd.DataFrame({"a": pd.Categorical(["x", "y"], ordered=True)}),
    "nullable": lambda: pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
    "zones": lambda: pd.DataFrame(
        {"t": pd.to_datetime(["2026-01-01"]).tz_localize("Europe/Madrid")}
    ),
    "numbered columns": lambda: pd.DataFrame({0: [1], 1: [2]}),
    "named axes": lambda: (
        pd.DataFrame({"a": [1]}).rename_axis("r").rename_axis("c", axis=1)
    ),
    "range": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(5, 9, 2)),
    "same index twice": lambda: pd.DataFrame({"a": [1, 2]}, index=[3, 3]),
    "days and decimals": lambda: pd.DataFrame(
        {"d": [datetime.date(2026, 1, 1)], "n": [decimal.Decimal("1.50")]}
    ),
    "column": lambda: pd.Series([1, 2], name="a"),
    "column without a name": lambda: pd.Series([1.5, np.nan]),
    "column with a number": lambda: pd.Series([True], index=["k"], name=3),
    "column of days": lambda: pd.Series([1, 2], index=pd.date_range("2026", periods=2)),
}


def assert_same_table(found: Any, table: Any) -> None:
    """Compare as strictly as pandas can."""
    check = pd.testing.assert_frame_equal
    if isinstance(table, pd.Series):
        check = pd.testing.assert_series_equal
    check(found, table, check_exact=True, check_index_type="exact", check_freq=True)


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_a_table_comes_back_equal(make: Callable[[], Any]) -> None:
    """A table comes back with its index, frequency, dtypes and names."""
    table = make()
    assert_same_table(kept(table), table)
    assert_same_table(kept(table, type(table)), table)


@given(
    st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1), st.text(), st.floats(), st.booleans()),
        max_size=8,
    )
)
def test_any_simple_table_comes_back_or_is_refused(rows: list[Any]) -> None:
    """Whatever plain rows hold, the table comes back equal or is refused."""
    table = pd.DataFrame(rows, columns=["n", "text", "x", "flag"])
    try:
        found = kept(table)
    except NotKeptError as error:
        assert error.reason  # noqa: PT017 - a refusal is as good
        return
    assert_same_table(found, table)


def with_attributes() -> pd.DataFrame:
    """Give a table with attributes of its own."""
    table = pd.DataFrame({"a": [1]})
    table.attrs["source"] = "a file"
    return table


CHANGED_TABLES: dict[str, Callable[[], object]] = {
    "objects": lambda: pd.DataFrame({"a": [object()]}),
    "lists": lambda: pd.DataFrame({"a": [[1], [2]]}),
    "mixed": lambda: pd.DataFrame({"a": [1, "x"]}),
    "tuples": lambda: pd.DataFrame({"a": [(1, 2)]}),
    "a name twice": lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "sparse": lambda: pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}),
    "complex": lambda: pd.DataFrame({"a": [1 + 2j]}),
    "NaN among objects": lambda: pd.DataFrame({"a": [np.nan, "x"]}, dtype=object),
    "flags": lambda: pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
    "attributes": with_attributes,
    "attributes of a column": lambda: with_attributes()["a"],
    "name that is no text": lambda: pd.Series([1], name=("a", 1)),
    "subclass": lambda: type("Special", (pd.DataFrame,), {})({"a": [1]}),
    "index": lambda: pd.Index([1]),
    "time": lambda: pd.Timestamp("2026"),
}


@pytest.mark.parametrize("make", CHANGED_TABLES.values(), ids=CHANGED_TABLES)
def test_tables_that_would_change_are_refused(make: Callable[[], object]) -> None:
    """What Parquet does not say is not kept, and nothing is thrown away."""
    error = refused(make())
    assert error.reason
    assert error.cure


def test_the_refusal_of_a_table_does_not_show_its_secrets() -> None:
    """A codec's own message may quote a value; keys in it are hidden."""
    key = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz"
    assert key not in str(refused(pd.DataFrame({"a": [1, key]})))


def test_without_pyarrow_a_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table annotation is refused before the call, a table without one afterwards."""
    table = pd.DataFrame({"a": [1]})
    encoded, _ = encode(table, None, environment=NOTHING)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for annotation in (pd.DataFrame, pd.Series, pd.DataFrame | None):
        with pytest.raises(UnrestorableAnnotationError, match="pyarrow"):
            make_schema(annotation)
    assert "pip install pyarrow" in refused(table).cure
    with pytest.raises(MissingLibraryError, match="pyarrow"):
        decode(encoded.content, record(encoded), None)


def test_an_old_pyarrow_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pyarrow that could run code found in a file is not used."""
    encoded, _ = encode(pd.DataFrame({"a": [1]}), None, environment=NOTHING)
    monkeypatch.setattr(pyarrow, "__version__", "14.0.0")
    with pytest.raises(MissingLibraryError, match="15 or later"):
        decode(encoded.content, record(encoded), None)


def test_an_array_without_numpy_is_not_called_stale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where numpy is missing the value could not be looked at; it is not given up."""
    encoded, _ = encode(np.arange(3), None, environment=NOTHING)
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingLibraryError, match="numpy"):
        decode(encoded.content, record(encoded), None)


class Trap:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("unpickled",)


def pickled() -> bytes:
    """Give an .npy file whose content is a pickle that runs code."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([Trap()], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def zipped() -> bytes:
    """Give an .npz archive, which numpy.load would open."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", pickled())
    return buffer.getvalue()


@pytest.mark.parametrize(
    "codec", ["npy", "parquet", "parquet-series", "pickle", "os.mkdir"]
)
@pytest.mark.parametrize(
    "make",
    [pickled, zipped, lambda: pickled()[10:], lambda: b""],
    ids=["pickled", "zipped", "cut", "empty"],
)
def test_a_planted_blob_runs_nothing(
    codec: str,
    make: Callable[[], bytes],
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A blob and a record made by somebody else give an error and run no code."""
    monkeypatch.chdir(tmp_path)
    encoded, _ = encode(np.arange(3), None, environment=NOTHING)
    content = make()
    sha256 = hashlib.sha256(content).hexdigest()
    planted = record(replace(encoded, codec=codec, sha256=sha256))
    with pytest.raises(DamagedValueError):
        decode(content, planted, None)
    assert list(tmp_path.iterdir()) == []


@given(st.data())
def test_a_mutated_blob_is_damage(data: st.DataObject) -> None:
    """A binary blob that was changed is never read."""
    encoded, _ = encode(np.arange(20), None, environment=NOTHING)
    content = bytearray(encoded.content or b"")
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DamagedValueError):
        decode(bytes(content), record(encoded), None)


def test_a_lost_blob_is_damage() -> None:
    """A record of a binary value without its content gives an error of ours."""
    encoded, _ = encode(np.arange(3), None, environment=NOTHING)
    with pytest.raises(DamagedValueError):
        decode(None, record(encoded), None)


def test_the_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An array above the limit is refused before it is copied."""
    giant = np.broadcast_to(np.zeros(1), (arrays.MAX_BINARY_BYTES,))
    assert "MiB" in refused(giant).reason
    monkeypatch.setattr(arrays, "MAX_BINARY_BYTES", 10)
    assert "MiB" in refused(b"x" * 11, bytes).reason
    assert "MiB" in refused(pd.DataFrame({"a": range(10)})).reason


def test_what_is_handed_out_is_not_the_original() -> None:
    """A test that changes its array does not change what the first run compares with."""
    array = np.arange(3)
    _, handed = encode(array, None, environment=NOTHING)
    array[0] = 9
    assert handed[0] == 0


def test_a_class_that_calls_itself_numpy_is_not_taken_for_it() -> None:
    """A class counts by what it is, not by the name that it claims."""
    liar = type("ndarray", (), {"__module__": "numpy"})
    assert not arrays.is_array_type(liar)
    assert arrays.codec_of(liar()) is None


def test_arrays_are_known_without_being_loaded() -> None:
    """Asking whether a value is an array does not load numpy or pandas."""
    program = (
        "import sys; from milepost.values import arrays\n"
        "arrays.codec_of(object()); arrays.is_array_type(list)\n"
        "print(sorted({'numpy', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        check=True,
    )
    assert answer.stdout.strip() == "[]"
