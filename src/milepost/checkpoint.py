"""The document: what is saved of one test, and its JSON.

Knows the form of format version 1 and of the files of the original system. Reads
and writes no file.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final

from milepost.canonical import digest_plain
from milepost.errors import (
    DamagedCheckpointError,
    EditedCheckpointError,
    ForeignCheckpointError,
    NewerCheckpointError,
    UnknownPhaseError,
)

SCHEMA_VERSION: Final = 1
MAX_DOCUMENT_BYTES: Final = 256 * 2**20

# The original system writes these nine on every phase, null where they do not apply,
# and its client reads them on phases that never returned them.
ORIGIN_FIELDS: Final = frozenset(
    {
        "discovery_id",
        "masterplan_id",
        "conversation_id",
        "generated_tasks_count",
        "generated_code_count",
        "atoms_count",
        "waves_count",
        "files_written_count",
        "total_cost_usd",
    }
)
PHASE_FIELDS: Final = (
    "phase_name",
    "status",
    "started_at",
    "completed_at",
    "duration_seconds",
    "retry_count",
    "error",
)
TEST_FIELDS: Final = (
    "test_name",
    "test_id",
    "started_at",
    "last_updated_at",
    "total_duration_seconds",
    "current_phase",
    "total_retries",
    "user_request",
    "phases",
)
RESERVED: Final = frozenset({*PHASE_FIELDS, "result", "milepost"})

_TEXT = (str,)
_TEXT_OR_NONE = (str, type(None))
_NUMBER_OR_NONE = (int, float, type(None))


class PhaseStatus(StrEnum):
    """Where a phase stands, as the document says it."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass
class PhaseCheckpoint:
    """The saved state of one phase.

    What the phase returned reads back as attributes: ``checkpoint.phases["discovery"]
    .discovery_id``. The nine optional fields of the original system read as ``None``
    on every phase.

    Attributes:
        phase_name: The name given to the phase.
        status: Where it stands.
        started_at: UTC, ISO 8601, when the last attempt began.
        completed_at: UTC, ISO 8601, when the last attempt ended.
        duration_seconds: Seconds that the last attempt took.
        retry_count: Attempts started, over all runs.
        error: The last attempt's error as ``Type: message``.
        data: The value, where it is a dictionary that lies flat in the document.
        milepost: Everything else that milepost keeps with the phase.
        extra: Fields of the document that nobody here knows; kept on saving.
        unkept: A value that could not be written, readable in this run only.
        clock_started: Monotonic seconds at which the running attempt began.
        read_large: Reads the value where it lies in a blob.
    """

    phase_name: str
    status: PhaseStatus = PhaseStatus.PENDING
    started_at: str | None = None
    completed_at: str | None = None
    duration_seconds: float | None = None
    retry_count: int = 0
    error: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    milepost: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    unkept: Any = field(default=None, repr=False, compare=False)
    clock_started: float | None = field(default=None, repr=False, compare=False)
    read_large: Callable[["PhaseCheckpoint"], Any] | None = field(
        default=None, repr=False, compare=False
    )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in PhaseCheckpoint.__dataclass_fields__:
            raise AttributeError(name)
        for source in (self.data, self.extra.get("result"), self.unkept, self._large()):
            if isinstance(source, Mapping) and name in source:
                return source[name]
        if name in ORIGIN_FIELDS:
            return None
        known = ", ".join(sorted(self.data)) or "nothing"
        message = f"phase {self.phase_name!r} has no {name!r}; it returned: {known}"
        raise AttributeError(message)

    def _large(self) -> Any:
        """Read a value that lies in a blob; None where it lies in the document."""
        return self.read_large(self) if self.read_large else None

    @property
    def attempts(self) -> list[dict[str, Any]]:
        """Give the attempts recorded, oldest first."""
        found: list[dict[str, Any]] = self.milepost.setdefault("attempts", [])
        return found

    @property
    def earlier(self) -> list[dict[str, Any]]:
        """Give the values that a later attempt superseded, oldest first."""
        found: list[dict[str, Any]] = self.milepost.setdefault("earlier", [])
        return found

    @property
    def last_outcome(self) -> str | None:
        """Tell how the last attempt ended; None for none, or one that still runs."""
        return self.attempts[-1].get("outcome") if self.milepost.get("attempts") else None

    def to_dict(self) -> dict[str, Any]:
        """Give the phase as the document holds it, in the document's order."""
        head = {name: getattr(self, name) for name in PHASE_FIELDS if name != "error"}
        head["status"] = str(self.status)
        own = {key: kept for key, kept in self.milepost.items() if kept not in ([], {})}
        tail: dict[str, Any] = {"error": self.error}
        return head | self.data | self.extra | tail | ({"milepost": own} if own else {})

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], name: str) -> "PhaseCheckpoint":
        """Read a phase of a document.

        Args:
            document: The phase's JSON object.
            name: The name under which it stands.

        Raises:
            ForeignCheckpointError: It does not have the form of a phase.
        """
        _check_phase(document, name)
        known = {key: document[key] for key in PHASE_FIELDS if key in document}
        known |= {"phase_name": name, "status": PhaseStatus(document["status"])}
        own = document.get("milepost", {})
        rest = {k: v for k, v in document.items() if k not in (*PHASE_FIELDS, "milepost")}
        keys = _value_keys(own, rest)
        data = {key: rest.pop(key) for key in keys if key in rest and key != "result"}
        return cls(**known, data=data, milepost=own, extra=rest)


def _value_keys(own: Mapping[str, Any], rest: Mapping[str, Any]) -> Iterable[str]:
    """Name the fields that are the value: as recorded, else all that are not null."""
    if "value" in own:
        recorded = own["value"]
        return recorded.get("keys", []) if recorded.get("form") == "flat" else []
    return [key for key, found in rest.items() if found is not None]


@dataclass
class TestCheckpoint:
    """The whole saved state of one test.

    Attributes:
        test_name: The title shown to people.
        test_id: The name of its file; see the identity rules.
        user_request: What the test asks of the system, for people.
        phases: The phases in the order in which they were first named.
        started_at: UTC, ISO 8601.
        last_updated_at: UTC, ISO 8601.
        total_duration_seconds: Seconds spent in this test, over all runs.
        current_phase: The phase started last; for display only.
        total_retries: Failed attempts, over all phases and runs.
        milepost: Everything else that milepost keeps with the test.
        extra: Fields of the document that nobody here knows; kept on saving.
        clock_counted: Monotonic seconds up to which the total duration counts.
    """

    __test__: ClassVar[bool] = False  # pytest would collect it by its name

    test_name: str
    test_id: str
    user_request: str = ""
    phases: dict[str, PhaseCheckpoint] = field(default_factory=dict)
    started_at: str = ""
    last_updated_at: str = ""
    total_duration_seconds: float = 0.0
    current_phase: str | None = None
    total_retries: int = 0
    milepost: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    clock_counted: float | None = field(default=None, repr=False, compare=False)

    @property
    def generation(self) -> str:
        """Give the id of this checkpoint's life; empty for the original's files."""
        return str(self.milepost.get("generation", ""))

    @property
    def revision(self) -> int:
        """Tell how often it was saved in this generation."""
        return int(self.milepost.get("revision", 0))

    @property
    def fence(self) -> int:
        """Give the number of the lease under which it was saved last."""
        return int(self.milepost.get("fence", 0))

    @property
    def passed_at(self) -> str | None:
        """Tell when its test passed; such a checkpoint is never restored from."""
        return self.milepost.get("passed_at")

    @property
    def ended_at(self) -> str | None:
        """Tell when this life ended, passed or removed; what is left is deleted."""
        return self.passed_at or self.milepost.get("removed_at")

    @property
    def version(self) -> tuple[str, int]:
        """Give what tells two saves apart: the generation and the revision."""
        return self.generation, self.revision

    def phase(self, name: str) -> PhaseCheckpoint:
        """Give a phase by name.

        Raises:
            UnknownPhaseError: The checkpoint has no phase of this name.
        """
        if name not in self.phases:
            raise UnknownPhaseError(name, self.test_id, list(self.phases))
        return self.phases[name]

    def to_dict(self) -> dict[str, Any]:
        """Give the document as JSON data, in the order in which people read it."""
        head = {name: getattr(self, name) for name in TEST_FIELDS if name != "phases"}
        phases = {name: phase.to_dict() for name, phase in self.phases.items()}
        return head | self.extra | {"phases": phases, "milepost": self.milepost}

    def to_json(self) -> bytes:
        """Give the document as the bytes of its file, with its checksum."""
        document = self.to_dict()
        document["milepost"] = self.milepost | {"checksum": checksum(document)}
        return (
            json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).encode(
                "utf-8", "surrogatepass"
            )
            + b"\n"
        )

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "TestCheckpoint":
        """Read a document.

        Raises:
            ForeignCheckpointError: It does not have the form of a checkpoint.
            NewerCheckpointError: A newer milepost wrote it.
        """
        _check_test(document)
        known = {key: document[key] for key in TEST_FIELDS if key in document}
        known["phases"] = {
            name: PhaseCheckpoint.from_dict(phase, name)
            for name, phase in document["phases"].items()
        }
        rest = {k: v for k, v in document.items() if k not in (*TEST_FIELDS, "milepost")}
        return cls(**known, milepost=dict(document.get("milepost", {})), extra=rest)

    @classmethod
    def from_json(cls, content: bytes, *, accept: bool = False) -> "TestCheckpoint":
        """Read a checkpoint from the bytes of its file.

        Args:
            content: The file's content.
            accept: Take a document whose checksum does not fit, edited by hand.

        Raises:
            DamagedCheckpointError: The bytes are no JSON.
            EditedCheckpointError: Somebody changed it after milepost wrote it.
            ForeignCheckpointError: It is JSON, but no checkpoint.
            NewerCheckpointError: A newer milepost wrote it.
        """
        document = _parse(content)
        checkpoint = cls.from_dict(document)
        recorded = checkpoint.milepost.get("checksum")
        fits = recorded == checksum(document) if checkpoint.milepost else True
        if not (fits or accept):
            raise EditedCheckpointError(checkpoint.test_id)
        return checkpoint


def checksum(document: Mapping[str, Any]) -> str:
    """Hash a document without its own checksum."""
    own = {k: v for k, v in document.get("milepost", {}).items() if k != "checksum"}
    return "sha256:" + digest_plain(dict(document) | {"milepost": own})


def _parse(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_DOCUMENT_BYTES:
        raise DamagedCheckpointError(f"it has {len(content):,} bytes")
    try:
        text = content.decode("utf-8", "surrogatepass")
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DamagedCheckpointError(str(error).splitlines()[0]) from None
    if not isinstance(document, dict):
        raise ForeignCheckpointError("it holds no JSON object")
    return document


def _refuse_constant(name: str) -> None:
    message = f"{name} is no JSON"
    raise ValueError(message)


def _check_test(document: Mapping[str, Any]) -> None:
    own = document.get("milepost", {})
    if not isinstance(own, dict):
        raise ForeignCheckpointError("its field 'milepost' is no object")
    version = own.get("schema_version", SCHEMA_VERSION if not own else None)
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise NewerCheckpointError(version, SCHEMA_VERSION)
    if type(version) is not int or version < 1:
        raise ForeignCheckpointError(f"its schema version is {version!r}")
    for key in ("test_name", "test_id"):
        _check(document, key, _TEXT)
    for key in ("started_at", "last_updated_at", "user_request"):
        _check(document, key, _TEXT_OR_NONE if not own else _TEXT)
    _check(document, "phases", (dict,))
    _check_milepost(own, document["phases"])


def _check_milepost(own: Mapping[str, Any], phases: Mapping[str, Any]) -> None:
    if own:
        for key, kind in (("generation", str), ("revision", int), ("fence", int)):
            _check(own, key, (kind,))
    elif any(isinstance(phase, dict) and "milepost" in phase for phase in phases.values()):
        raise ForeignCheckpointError("its field 'milepost' is gone, its phases' are not")


def _check_phase(document: Any, name: str) -> None:
    if not isinstance(document, dict):
        raise ForeignCheckpointError(f"its phase {name!r} is no object")
    _check(document, "status", _TEXT)
    if document["status"] not in set(PhaseStatus):
        reason = f"its phase {name!r} has the status {document['status']!r}"
        raise ForeignCheckpointError(reason)
    for key in ("started_at", "completed_at", "error"):
        _check(document, key, _TEXT_OR_NONE)
    _check(document, "duration_seconds", _NUMBER_OR_NONE)
    _check(document, "retry_count", (int, type(None)))
    _check(document, "milepost", (dict, type(None)))


def _check(document: Mapping[str, Any], key: str, kinds: tuple[type, ...]) -> None:
    found = document.get(key)
    optional = type(None) in kinds or (key == "milepost" and key not in document)
    if not isinstance(found, kinds) and not (found is None and optional):
        raise ForeignCheckpointError(f"its field {key!r} is {type(found).__name__}")
