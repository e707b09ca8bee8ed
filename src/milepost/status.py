"""PhaseStatus: where a phase stands."""

from enum import StrEnum


class PhaseStatus(StrEnum):
    """Where a phase stands, as the document says it."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
