"""The shape of a document: whether bytes are a checkpoint at all.

What passes here can be read, shown, gone on from and saved without another look:
every field has its type, every time can be read, every number is finite.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from milepost import clock
from milepost.document_errors import (
    DamagedCheckpointError,
    ForeignCheckpointError,
    NewerCheckpointError,
)
from milepost.status import PhaseStatus

SCHEMA_VERSION: Final = 1
MAX_DOCUMENT_BYTES: Final = 256 * 2**20

# Tells what a field must be; empty where it is that.
Kind: TypeAlias = Callable[[Any], str]


def parse(content: bytes) -> dict[str, Any]:
    """Read the bytes of a document's file as JSON, and strictly so.

    Args:
        content: The file's content; a byte order mark, which editors add, is no damage.

    Raises:
        DamagedCheckpointError: The bytes are no JSON.
        ForeignCheckpointError: They are, but no object, or one that is ambiguous.
    """
    if len(content) > MAX_DOCUMENT_BYTES:
        raise DamagedCheckpointError(f"it has {len(content):,} bytes")
    try:
        text = content.decode("utf-8", "surrogatepass").removeprefix("\ufeff")
        document = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unambiguous,
        )
    except RecursionError:
        raise DamagedCheckpointError("it is nested too deeply") from None
    except ValueError as error:
        raise DamagedCheckpointError(str(error).splitlines()[0]) from None
    if not isinstance(document, dict):
        raise ForeignCheckpointError("It holds no JSON object")
    return document


def _refuse_constant(name: str) -> None:
    message = f"{name} is no JSON"
    raise ValueError(message)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        message = f"the number {text[:40]} is too large"
        raise ValueError(message)
    return number


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ForeignCheckpointError(f"The field {twice!r} stands in it twice")
    return found


def check(document: Mapping[str, Any]) -> None:
    """Make sure that a document has the form of a checkpoint.

    Args:
        document: JSON data; that of the original system has no ``milepost`` object.

    Raises:
        NewerCheckpointError: A newer milepost wrote it.
        ForeignCheckpointError: It has not.
    """
    own = document.get("milepost", {})
    _demand(own, "milepost", _object)
    if own:
        _check_version(own)
    _check_fields(document, "", _TEST)
    if own:
        _check_fields(own, "milepost.", _TEST_OWN)
    for name, phase in document["phases"].items():
        _check_phase(phase, f"phases.{name}.")
    if not own:
        _check_original(document)


def _check_version(own: Mapping[str, Any]) -> None:
    version = own.get("schema_version")
    if type(version) is int and version > SCHEMA_VERSION:
        raise NewerCheckpointError(version, SCHEMA_VERSION)
    if type(version) is not int or version < 1:
        raise ForeignCheckpointError(f"Its schema version is {version!r}")


def _check_phase(phase: Any, path: str) -> None:
    _demand(phase, path.rstrip("."), _object)
    _check_fields(phase, path, _PHASE)
    own = phase.get("milepost", {})
    _check_fields(own, f"{path}milepost.", _PHASE_OWN)
    for number, kept in enumerate(own.get("earlier", [])):
        _check_fields(kept, f"{path}milepost.earlier[{number}].", _VALUE)
    for number, attempt in enumerate(own.get("attempts", [])):
        _check_fields(attempt, f"{path}milepost.attempts[{number}].", _ATTEMPT)


def _check_original(document: Mapping[str, Any]) -> None:
    """Tell a file of the original system from one of ours that lost its object."""
    phases = document["phases"].values()
    lost = any("milepost" in phase for phase in phases)
    if lost or any(map(_looks_like_ours, document.values())):
        raise ForeignCheckpointError("Its field 'milepost' is gone, but not all of ours")


def _looks_like_ours(value: object) -> bool:
    return isinstance(value, dict) and {"generation", "revision", "fence"} <= value.keys()


def _check_fields(
    document: Mapping[str, Any], path: str, kinds: Mapping[str, tuple[Kind, bool]]
) -> None:
    for name, (kind, required) in kinds.items():
        if required or name in document:
            _demand(document.get(name), f"{path}{name}", kind)


def _demand(found: Any, path: str, kind: Kind) -> None:
    wanted = kind(found)
    if wanted:
        raise ForeignCheckpointError(f"Its field {path} is {_said(found)}, not {wanted}")


def _said(found: Any) -> str:
    if found is None:
        return "missing"
    if isinstance(found, dict | list):
        return "an object" if isinstance(found, dict) else "a list"
    return json.dumps(found)[:40]


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "a text"


def _object(value: Any) -> str:
    return "" if isinstance(value, dict) else "an object"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "true or false"


def _count(value: Any) -> str:
    return "" if type(value) is int and value >= 0 else "a count"


def _number(value: Any) -> str:
    try:
        fits = type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        fits = False
    return "" if fits else "a number"


def _moment(value: Any) -> str:
    try:
        clock.parse_at(value)
    except (TypeError, ValueError):
        return "a time in ISO 8601"
    return ""


def _or_null(kind: Kind) -> Kind:
    return lambda value: "" if value is None else kind(value)


def _one_of(allowed: Iterable[str]) -> Kind:
    known = tuple(allowed)

    def kind(value: Any) -> str:
        fits = isinstance(value, str) and value in known
        return "" if fits else f"one of {', '.join(known)}"

    return kind


def _list_of(kind: Kind) -> Kind:
    def checked(value: Any) -> str:
        fits = isinstance(value, list) and not any(map(kind, value))
        return "" if fits else f"a list, each {kind(None)}"

    return checked


def _table_of(kind: Kind) -> Kind:
    def checked(value: Any) -> str:
        fits = isinstance(value, dict) and not any(map(kind, value.values()))
        return "" if fits else f"an object, each value {kind(None)}"

    return checked


def _record(value: Any) -> str:
    """Tell what the record of a value must be."""
    if not isinstance(value, dict):
        return "an object"
    texts = [value.get(name) for name in ("sha256", "codec", "schema", "blob")]
    fits = not _one_of(("flat", "inline", "blob"))(value.get("form"))
    fits = fits and all(text is None or isinstance(text, str) for text in texts)
    return "" if fits and not _list_of(_text)(value.get("keys", [])) else "a value's record"


def _fingerprint(value: Any) -> str:
    fits = isinstance(value, dict) and not _table_of(_text)(value.get("parts", {}))
    return "" if fits else "a rule and its parts"


def _temporary(value: Any) -> str:
    fits = isinstance(value, dict) and isinstance(value.get("path"), str)
    return "" if fits and not _flag(value.get("empty")) else "a path and a flag"


def _cost(value: Any) -> str:
    fits = isinstance(value, dict) and not any(map(_number, value.values()))
    return "" if fits else "numbers"


def _remembered(value: Any) -> str:
    fits = isinstance(value, dict) and not _record(value.get("value")) and "data" in value
    return "" if fits else "a remembered value"


# Field -> what it must be, and whether it must be there; what else there is passes.
_TEST: Final[Mapping[str, tuple[Kind, bool]]] = {
    "test_name": (_text, True),
    "test_id": (_text, True),
    "started_at": (_moment, True),
    "last_updated_at": (_moment, True),
    "total_duration_seconds": (_or_null(_number), False),
    "current_phase": (_or_null(_text), False),
    "total_retries": (_or_null(_count), False),
    "user_request": (_or_null(_text), False),
    "phases": (_object, True),
}
_TEST_OWN: Final[Mapping[str, tuple[Kind, bool]]] = {
    "generation": (_text, True),
    "revision": (_count, True),
    "fence": (_count, True),
    "identity": (_object, False),
    "passed_at": (_moment, False),
    "removed_at": (_moment, False),
    "accepted_at": (_moment, False),
    "remembered": (_table_of(_remembered), False),
    "tests": (_object, False),
}
_PHASE: Final[Mapping[str, tuple[Kind, bool]]] = {
    "status": (_one_of(PhaseStatus), True),
    "started_at": (_or_null(_moment), False),
    "completed_at": (_or_null(_moment), False),
    "duration_seconds": (_or_null(_number), False),
    "retry_count": (_or_null(_count), False),
    "error": (_or_null(_text), False),
    "milepost": (_object, False),
}
_VALUE: Final[Mapping[str, tuple[Kind, bool]]] = {
    "value": (_record, False),
    "inputs": (_table_of(_text), False),
    "live": (_table_of(_text), False),
    "fingerprint": (_fingerprint, False),
    "consumed": (_list_of(_text), False),
    "temporary": (_table_of(_temporary), False),
    "after_failed": (_list_of(_text), False),
    "reason": (_text, False),
    "completed_at": (_or_null(_moment), False),
    "duration_seconds": (_or_null(_number), False),
}
_PHASE_OWN: Final[Mapping[str, tuple[Kind, bool]]] = {
    **_VALUE,
    "attempts": (_list_of(_object), False),
    "earlier": (_list_of(_object), False),
    "awaitable": (_flag, False),
}
_ATTEMPT: Final[Mapping[str, tuple[Kind, bool]]] = {
    "run": (_or_null(_text), False),
    "started_at": (_or_null(_text), False),
    "ended_at": (_or_null(_text), False),
    "seconds": (_or_null(_number), False),
    "outcome": (_or_null(_text), False),
    "error": (_or_null(_text), False),
    "cost": (_cost, False),
}
