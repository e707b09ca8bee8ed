"""The document: what is saved of one test, and its JSON.

Knows the form of format version 1 and of the files of the original system. Reads
and writes no file.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from milepost import shape
from milepost.canonical import digest_plain
from milepost.document_errors import DamagedCheckpointError, EditedCheckpointError
from milepost.errors import UnknownPhaseError
from milepost.rendering import Rendering
from milepost.shape import MAX_DOCUMENT_BYTES, SCHEMA_VERSION
from milepost.status import PhaseStatus

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "SCHEMA_VERSION",
    "PhaseCheckpoint",
    "PhaseStatus",
    "TestCheckpoint",
]

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
_LISTS: Final = ("attempts", "earlier")
RESERVED: Final = frozenset({*PHASE_FIELDS, "result", "milepost"})


@dataclass
class PhaseCheckpoint:
    """The saved state of one phase.

    What the phase returned reads back as attributes: ``checkpoint.phases["discovery"]
    .discovery_id``, or whole as ``.result``. The nine optional fields of the original
    system read as ``None`` on every phase. All names of ours but the document's begin
    with ``milepost``, so that none can hide a name that a phase returned.

    Attributes:
        phase_name: The name given to the phase.
        status: Where it stands.
        started_at: UTC, ISO 8601, when the last attempt began.
        completed_at: UTC, ISO 8601, when the last attempt ended.
        duration_seconds: Seconds that the last attempt took.
        retry_count: Attempts started, over all runs.
        error: The last attempt's error as ``Type: message``.
        milepost: Everything else that milepost keeps with the phase.
        milepost_data: The value, where it is a dictionary that lies flat in the document.
        milepost_extra: Fields of the document that nobody here knows; kept on saving. A
            value that is no such dictionary lies under ``result``.
        milepost_unkept: A value that could not be written, readable in this run only.
        milepost_clock: Monotonic seconds at which the running attempt began.
        milepost_read: Reads the value where it lies in a blob.
    """

    phase_name: str
    status: PhaseStatus = PhaseStatus.PENDING
    started_at: str | None = None
    completed_at: str | None = None
    duration_seconds: float | None = None
    retry_count: int = 0
    error: str | None = None
    milepost: dict[str, Any] = field(default_factory=dict)
    milepost_data: dict[str, Any] = field(default_factory=dict)
    milepost_extra: dict[str, Any] = field(default_factory=dict)
    milepost_unkept: Any = field(default=None, repr=False, compare=False)
    milepost_clock: float | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.milepost_read: Callable[[PhaseCheckpoint], Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("__", "milepost")) or name in PHASE_FIELDS:
            raise AttributeError(name)
        whole = self._whole()
        for source in (whole, self.milepost_data, self.milepost_extra):
            if isinstance(source, Mapping) and name in source:
                return source[name]
        if name in ORIGIN_FIELDS:
            return None
        if name == "result" and whole is not None:
            return whole
        known = ", ".join(map(str, whole)) if isinstance(whole, Mapping) else ""
        known = known or ("nothing" if whole is None else ".result")
        message = f"phase {self.phase_name!r} has no {name!r}; it returned: {known}"
        raise AttributeError(message)

    def _whole(self) -> Any:
        """Give the value as the phase returned it; None for none."""
        if "result" in self.milepost_extra:
            return self.milepost_extra["result"]
        if self.milepost_unkept is not None:
            return self.milepost_unkept
        large = self.milepost_read(self) if self.milepost_read else None
        return self.milepost_data or None if large is None else large

    @property
    def milepost_attempts(self) -> list[dict[str, Any]]:
        """Give the attempts recorded, oldest first."""
        found: list[dict[str, Any]] = self.milepost.setdefault("attempts", [])
        return found

    @property
    def milepost_earlier(self) -> list[dict[str, Any]]:
        """Give the values that a later attempt superseded, oldest first."""
        found: list[dict[str, Any]] = self.milepost.setdefault("earlier", [])
        return found

    @property
    def milepost_outcome(self) -> str | None:
        """Tell how the last attempt ended; None for none, or one that still runs."""
        recorded = self.milepost.get("attempts")
        return recorded[-1].get("outcome") if recorded else None

    def to_dict(self) -> dict[str, Any]:
        """Give the phase as the document holds it, in the document's order."""
        head = {name: getattr(self, name) for name in PHASE_FIELDS if name != "error"}
        head["status"] = str(self.status)
        empty = [name for name in _LISTS if self.milepost.get(name) == []]
        own = {key: kept for key, kept in self.milepost.items() if key not in empty}
        # The original's null fields are unknown fields here: a value comes after them.
        rest = self.milepost_extra | self.milepost_data | {"error": self.error}
        return head | rest | ({"milepost": own} if own else {})

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], name: str) -> "PhaseCheckpoint":
        """Read a phase of a document that has the form of one.

        Args:
            document: The phase's JSON object.
            name: The name under which it stands.
        """
        known = {k: document[k] for k in PHASE_FIELDS if document.get(k) is not None}
        known |= {"phase_name": name, "status": PhaseStatus(document["status"])}
        own = document.get("milepost", {})
        rest = {k: v for k, v in document.items() if k not in (*PHASE_FIELDS, "milepost")}
        keys = _value_keys(own, rest)
        data = {key: rest.pop(key) for key in keys if key in rest and key != "result"}
        return cls(**known, milepost=own, milepost_data=data, milepost_extra=rest)


def _value_keys(own: Mapping[str, Any], rest: Mapping[str, Any]) -> Iterable[str]:
    """Name the fields that are the value: as recorded, else all that are not null."""
    if "value" in own:
        recorded = own["value"]
        return recorded.get("keys", []) if recorded["form"] == "flat" else []
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

    def __post_init__(self) -> None:
        self._rendering = Rendering()

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
        own = {"milepost": self.milepost} if self.milepost else {}
        return head | self.extra | {"phases": phases} | own

    def to_json(self) -> bytes:
        """Give the document as the bytes of its file, with its checksum.

        Raises:
            BadCheckpointError: It holds what could not be read back.
            TypeError: It holds what JSON cannot say.
            ValueError: The same, or it is too large.
        """
        text = self._rendering.text(self.to_dict())
        content = text.encode("utf-8", "surrogatepass") + b"\n"
        if len(content) > MAX_DOCUMENT_BYTES:
            message = f"{len(content):,} bytes are too many"
            raise ValueError(message)
        return content

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "TestCheckpoint":
        """Read a document.

        Raises:
            ForeignCheckpointError: It does not have the form of a checkpoint.
            NewerCheckpointError: A newer milepost wrote it.
        """
        shape.check(document)
        known = {k: document[k] for k in TEST_FIELDS if document.get(k) is not None}
        known["phases"] = {
            name: PhaseCheckpoint.from_dict(phase, name)
            for name, phase in document["phases"].items()
        }
        rest = {k: v for k, v in document.items() if k not in (*TEST_FIELDS, "milepost")}
        own = dict(document.get("milepost", {}))
        checkpoint = cls(**known, milepost=own, extra=rest)
        if not own:
            checkpoint._undo_skipping()
        return checkpoint

    def _undo_skipping(self) -> None:
        """Take for completed what the original system passed over as completed."""
        for phase in self.phases.values():
            if phase.status == PhaseStatus.SKIPPED and phase.completed_at:
                phase.status = PhaseStatus.COMPLETED

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
        document = shape.parse(content)
        try:
            checkpoint = cls.from_dict(document)
            recorded = checkpoint.milepost.get("checksum")
            fits = not checkpoint.milepost or recorded == checksum(document)
        except RecursionError:
            raise DamagedCheckpointError("it is nested too deeply") from None
        if not (fits or accept):
            raise EditedCheckpointError(checkpoint.test_id)
        return checkpoint


def checksum(document: Mapping[str, Any]) -> str:
    """Hash a document without its own checksum."""
    own = {k: v for k, v in document.get("milepost", {}).items() if k != "checksum"}
    return "sha256:" + digest_plain(dict(document) | {"milepost": own})
