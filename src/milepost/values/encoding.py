"""Values to what is stored and back; says what cannot be restored.

Types come from the code, never from the data. What the first run hands out has made the
round trip already, so that a later run sees the same.
"""

import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from milepost import secret
from milepost.canonical import digest_plain, encode_plain
from milepost.checkpoint import RESERVED
from milepost.errors import DamagedValueError
from milepost.values import arrays, plain
from milepost.values.difference import find_difference
from milepost.values.errors import (
    PATTERN,
    MissingLibraryError,
    NotKeptError,
    SchemaChangedError,
)

if TYPE_CHECKING:
    from milepost.values.schema import Schema
    from milepost.values.typed import Adapter

JSON, TYPED = "json", "typed"
_ADMIT_CURE: Final = (
    "Return it without the secret and read the secret anew in every run:\n"
    "    phase.with_options(always=True)(...)\n"
    'Or admit it: phase.with_options(secret_ok=["{path}"])(...), or the same path in\n'
    "milepost_secret_ok of the pytest configuration."
)
_ROUND_TRIP_CURE: Final = (
    "Let the type say what the value is, and hold plain values; or\n" + PATTERN
)


@dataclass(frozen=True)
class Encoded:
    """A value in the form in which it is stored.

    Attributes:
        form: ``flat`` where the value's fields lie in the document beside ours,
            ``inline`` where it lies under ``result``, ``blob`` where it is binary.
        data: The value as plain JSON; None where it is binary.
        keys: The names of the fields of a flat value, in order.
        codec: What reads it back.
        content: The bytes of a binary value, which must go to a blob; else None.
        sha256: The hash of the content, of ``data`` in its canonical encoding.
        schema: The hash of the schema; None where nothing was said.
    """

    form: str
    data: Any
    keys: list[str]
    codec: str
    content: bytes | None
    sha256: str
    schema: str | None


def encode(
    value: object,
    schema: "Schema | None",
    *,
    secret_ok: Collection[str] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[Encoded, object]:
    """Give a value the form in which it is stored.

    Args:
        value: What the phase returned; it is not changed.
        schema: What its function says that it returns.
        secret_ok: Paths that may hold a secret; ``*`` stands for one key or index.
        environment: The environment variables; the process's own where left out.

    Returns:
        The stored form, and the value that comes back from it.

    Raises:
        NotKeptError: It would not come back as it is, or it holds a secret. The value
            itself is untouched: hand it on.
    """
    try:
        return _encode(value, schema, secret_ok, environment)
    except RecursionError:
        name = type(value).__qualname__
        raise NotKeptError("$", name, "it is nested too deeply") from None


def _encode(
    value: object,
    schema: "Schema | None",
    secret_ok: Collection[str],
    environment: Mapping[str, str] | None,
) -> tuple[Encoded, object]:
    mark = schema.hash if schema else None
    codec = _binary_codec(value, schema)
    if codec:
        content, again = arrays.encode(value, codec)
        if codec == arrays.BYTES:
            _check_secret(content.decode("latin-1"), secret_ok, environment)
        sha256 = hashlib.sha256(content).hexdigest()
        return Encoded("blob", None, [], codec, content, sha256, mark), again
    if schema and schema.adapter:
        codec = TYPED
        data, again = _round_trip(value, schema.adapter, unordered=schema.unordered)
    else:
        codec = JSON
        plain.check_plain(value)
        content = plain.to_bytes(value)
        data, again = plain.from_bytes(content), plain.from_bytes(content)
    _check_secret(data, secret_ok, environment)
    keys = list(data) if _is_flat(data) else []
    form = "flat" if _is_flat(data) else "inline"
    return Encoded(form, data, keys, codec, None, digest_plain(data), mark), again


def _binary_codec(value: object, schema: "Schema | None") -> str | None:
    """Name the codec of a binary value; bytes only where the annotation says so."""
    if schema and schema.adapter:
        return None
    if type(value) is bytes and schema and schema.binary:
        return arrays.BYTES
    return arrays.codec_of(value)


def _is_flat(data: object) -> bool:
    if type(data) is not dict:
        return False
    return not any(key in RESERVED or key.startswith("milepost") for key in data)


def _check_secret(
    data: object, secret_ok: Collection[str], environment: Mapping[str, str] | None
) -> None:
    known = os.environ if environment is None else environment
    found = secret.search(data, secret_ok=secret_ok, environment=known)
    if found:
        reason = f"it is a secret and is not written to disk: {found.kind}"
        cure = _ADMIT_CURE.format(path=found.path)
        raise NotKeptError(found.path, "str", reason, cure)


def _round_trip(
    value: object, adapter: "Adapter", *, unordered: bool
) -> tuple[Any, object]:
    """Give typed data that reads back as the value, and writes back as itself."""
    _, again = _there_and_back(value, adapter)
    second, third = _there_and_back(again, adapter)
    # A whole number in a float field is written anew as the float that it comes back as.
    if not _same(second, _dump(third, adapter), unordered=unordered):
        reason = "what comes back is written differently each time"
        raise NotKeptError("$", type(value).__qualname__, reason, _ROUND_TRIP_CURE)
    return second, third


def _there_and_back(value: object, adapter: "Adapter") -> tuple[Any, object]:
    data = _dump(value, adapter)
    plain.check_plain(data)
    again = _load(data, adapter, type(value).__qualname__)
    difference = find_difference(value, again)
    if difference:
        path, reason = difference
        raise NotKeptError(path, _type_at(value, path), reason, _ROUND_TRIP_CURE)
    return data, again


def _type_at(value: object, path: str) -> str:
    kind = type(value).__qualname__
    return kind if path == "$" else f"in a {kind}"


def _dump(value: object, adapter: "Adapter") -> Any:
    from milepost.values.typed import explain  # noqa: PLC0415 - only where types are said

    try:
        return adapter.dump(value)
    except Exception as error:  # noqa: BLE001 - a serializer of the user may raise anything
        path, reason = explain(error)
        raise NotKeptError(
            path, type(value).__qualname__, reason, _ROUND_TRIP_CURE
        ) from None


def _load(data: object, adapter: "Adapter", name: str) -> object:
    from milepost.values.typed import explain  # noqa: PLC0415 - only where types are said

    try:
        return adapter.load(data)
    except NotKeptError:
        raise
    except Exception as error:  # noqa: BLE001 - a validator of the user may raise anything
        path, why = explain(error)
        reason = f"it cannot be read back: {why}"
        raise NotKeptError(path, name, reason, _ROUND_TRIP_CURE) from None


def _same(one: Any, other: Any, *, unordered: bool) -> bool:
    """Compare data; with a set in the value, the order of lists does not count."""
    order = _sorted_lists if unordered else _as_it_is
    return encode_plain(order(one)) == encode_plain(order(other))


def _as_it_is(data: Any) -> Any:
    return data


def _sorted_lists(data: Any) -> Any:
    if type(data) is dict:
        return {key: _sorted_lists(item) for key, item in data.items()}
    if type(data) is list:
        return sorted((_sorted_lists(item) for item in data), key=encode_plain)
    return data


def record(encoded: Encoded) -> dict[str, Any]:
    """Give what the document says of a value, under ``milepost.value``."""
    known: dict[str, Any] = {
        "form": encoded.form,
        "codec": encoded.codec,
        "sha256": encoded.sha256,
    }
    if encoded.form == "flat":
        known["keys"] = encoded.keys
    if encoded.schema is not None:
        known["schema"] = encoded.schema
    return known


def decode(
    data_or_content: object, record: Mapping[str, Any], schema: "Schema | None"
) -> object:
    """Give back a stored value.

    Args:
        data_or_content: The plain JSON data as it lies in the document, or the bytes of
            the blob.
        record: What the document says of the value.
        schema: What the function says today that it returns.

    Raises:
        SchemaChangedError: The schema is another one now: the value is stale.
        DamagedValueError: The data is not what was written.
        MissingLibraryError: What wrote it is not installed here.
    """
    mark = schema.hash if schema else None
    if record.get("schema") != mark:
        text = schema.text if schema else "value without an annotation"
        raise SchemaChangedError(text, "Its type, or a field of its type, has changed")
    codec = record.get("codec")
    if codec not in (JSON, TYPED):
        return _decode_binary(data_or_content, record, str(codec))
    data = _whole_data(data_or_content, record)
    return _decode_typed(data, schema) if codec == TYPED else data


def _name(record: Mapping[str, Any]) -> str:
    return str(record.get("blob") or record.get("sha256"))


def _whole_data(given: object, record: Mapping[str, Any]) -> Any:
    """Give a copy of stored data, which the test may change."""
    try:
        data = plain.from_bytes(
            given if isinstance(given, bytes) else plain.to_bytes(given)
        )
        whole = digest_plain(data) == record.get("sha256")
    except (ValueError, TypeError, RecursionError, NotKeptError) as error:
        reason = f"it is no JSON: {str(error).splitlines()[0]}"
        raise DamagedValueError(_name(record), reason) from None
    if not whole:
        raise DamagedValueError(_name(record), "its content is not what was written")
    return data


def _decode_binary(content: object, record: Mapping[str, Any], codec: str) -> object:
    if not isinstance(content, bytes):
        raise DamagedValueError(_name(record), "its content is gone")
    if hashlib.sha256(content).hexdigest() != record.get("sha256"):
        raise DamagedValueError(_name(record), "its content is not what was written")
    try:
        return arrays.decode(content, codec)
    except ValueError as error:
        raise DamagedValueError(_name(record), str(error)) from None


def _decode_typed(data: object, schema: "Schema | None") -> object:
    from milepost.values.typed import explain  # noqa: PLC0415 - only where types are said

    if schema is None or schema.adapter is None:
        raise MissingLibraryError("pydantic 2", 'pip install "milepost[typed]"')
    try:
        value = schema.adapter.load(data)
        again = schema.adapter.dump(value)
        same = _same(data, again, unordered=schema.unordered)
    except Exception as error:  # noqa: BLE001 - a validator of the user may raise anything
        path, why = explain(error)
        raise SchemaChangedError(
            schema.text, f"It cannot be read at {path}: {why}"
        ) from None
    if not same:
        raise SchemaChangedError(
            schema.text, "Its class reads and writes it differently now"
        )
    return value
