"""What was seen of the phases in one run, for the report and the history."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from milepost.words import PROPERTY, RESTORED, RUNNING


@dataclass(kw_only=True)
class PhaseEvent:
    """What happened to one phase in this run.

    Attributes:
        phase: Its name.
        word: What can be said of it, one of ``milepost.words``.
        seconds: What it took in this run.
        saved_seconds: What restoring it saved.
        cost_usd: What it cost: in this run, or what restoring it saved.
        age_seconds: How old the restored value is.
        attempts: Attempts started in this run.
        always: Whether it runs in every run, so that it cannot be restored.
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
    always: bool = False
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
        directory: The folder of the checkpoint; not part of the history.
        started_at: UTC, ISO 8601.
        outcome: ``passed``, ``failed`` or ``interrupted``.
        seconds: How long the run took.
        events: The phases in the order in which they were called.
        notes: Lines for people about the whole run.
        restored_fixtures: Fixtures that were given what an earlier run made.
        torn_down: Fixtures that were torn down after the test had failed.
    """

    test_id: str
    run: str
    directory: str = ""
    started_at: str = ""
    outcome: str = ""
    seconds: float = 0.0
    events: list[PhaseEvent] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    restored_fixtures: list[str] = field(default_factory=list)
    torn_down: list[str] = field(default_factory=list)

    @property
    def is_worth_telling(self) -> bool:
        """Tell whether there is anything to say of the run."""
        return bool(self.events or self.notes or self.restored_fixtures)

    def event(self, phase: str) -> PhaseEvent:
        """Give a phase's event; a new one at its first mention."""
        for event in self.events:
            if event.phase == phase:
                return event
        self.events.append(PhaseEvent(phase=phase))
        return self.events[-1]

    def to_dict(self, *, whole: bool = False) -> dict[str, Any]:
        """Give the record as JSON data, as the history holds it.

        Args:
            whole: With what counts on this machine only.
        """
        here = {
            "directory": self.directory,
            "restored_fixtures": self.restored_fixtures,
            "torn_down": self.torn_down,
        }
        return ({k: v for k, v in here.items() if v} if whole else {}) | {
            "test_id": self.test_id,
            "run": self.run,
            "started_at": self.started_at,
            "outcome": self.outcome,
            "seconds": round(self.seconds, 3),
            "phases": [event.to_dict() for event in self.events],
            "notes": self.notes,
        }

    def to_properties(self) -> list[tuple[str, object]]:
        """Give the record as properties of a report, for JUnit and for the section."""
        retried = [event.phase for event in self.events if event.attempts > 1]
        seconds = sum(event.saved_seconds for event in self.restored)
        usd = sum(event.cost_usd for event in self.restored)
        return [
            (PROPERTY, json.dumps(self.to_dict(whole=True))),
            (f"{PROPERTY}.restored", ", ".join(e.phase for e in self.restored)),
            (f"{PROPERTY}.retried", ", ".join(retried)),
            (f"{PROPERTY}.saved_seconds", round(seconds, 3)),
            (f"{PROPERTY}.saved_usd", round(usd, 6)),
        ]

    @property
    def restored(self) -> list[PhaseEvent]:
        """Give the events of the phases that were restored."""
        return [event for event in self.events if event.word == RESTORED]
