"""What was seen of the phases in one run, for the report and the history."""

from dataclasses import asdict, dataclass, field
from typing import Any, Final

# What can be said of a phase in a run.
RESTORED: Final = "restored"
RAN: Final = "ran"
NOT_KEPT: Final = "ran, not kept"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"
SKIPPED: Final = "skipped"
RUNNING: Final = "running"


@dataclass(kw_only=True)
class PhaseEvent:
    """What happened to one phase in this run.

    Attributes:
        phase: Its name.
        word: What can be said of it, in one of the words above.
        seconds: What it took in this run.
        saved_seconds: What restoring it saved.
        cost_usd: What it cost: in this run, or what restoring it saved.
        age_seconds: How old the restored value is.
        attempts: Attempts started in this run.
        waited_seconds: Waits between them.
        error: The last failed attempt's error.
        kept: Whether the next run restores it.
        notes: Why it is stale, what is live, what to do: lines for people.
    """

    phase: str
    word: str = RUNNING
    seconds: float = 0.0
    saved_seconds: float = 0.0
    cost_usd: float = 0.0
    age_seconds: float = 0.0
    attempts: int = 0
    waited_seconds: float = 0.0
    error: str = ""
    kept: bool = False
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Give the event as JSON data, without what is empty."""
        return {
            key: value
            for key, value in asdict(self).items()
            if value not in (0, "", [], False)
        }


@dataclass(kw_only=True)
class RunRecord:
    """What one run of one test did, phase by phase.

    Attributes:
        test_id: The checkpoint.
        run: The run's id.
        started_at: UTC, ISO 8601.
        outcome: ``passed``, ``failed`` or ``interrupted``.
        seconds: How long the run took.
        events: The phases in the order in which they were called.
        notes: Lines for people about the whole run.
    """

    test_id: str
    run: str
    started_at: str = ""
    outcome: str = ""
    seconds: float = 0.0
    events: list[PhaseEvent] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def event(self, phase: str) -> PhaseEvent:
        """Give a phase's event; a new one at its first mention."""
        for event in self.events:
            if event.phase == phase:
                return event
        self.events.append(PhaseEvent(phase=phase))
        return self.events[-1]

    def to_dict(self) -> dict[str, Any]:
        """Give the record as JSON data, as the history holds it."""
        return {
            "test_id": self.test_id,
            "run": self.run,
            "started_at": self.started_at,
            "outcome": self.outcome,
            "seconds": round(self.seconds, 3),
            "phases": [event.to_dict() for event in self.events],
            "notes": self.notes,
        }

    @property
    def restored(self) -> list[PhaseEvent]:
        """Give the events of the phases that were restored."""
        return [event for event in self.events if event.word == RESTORED]
