"""What was seen of the phases in one run, for the report and the history."""

import json
import math
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
        saved_usd: What replaying its calls, or restoring it, saved.
        unknown_calls: Calls of which nobody knows what they cost.
        tokens: Tokens bought in this run, as far as they are known.
        age_seconds: How old the restored value is.
        attempts: Attempts started in this run.
        always: Whether it runs in every run, so that it cannot be restored.
        waited_seconds: Waits between them.
        error: The last failed attempt's error.
        kept: Whether the next run restores it.
        steps_restored: Steps that were not run again.
        steps_ran: Steps that ran and finished.
        steps_stale: Those among them that were kept, and could not be restored.
        calls_replayed: Recorded calls that were answered from the journal.
        calls_bought: Calls that were made and recorded.
        items: By the name of a ``step_map`` its finished items, and all of them.
        notes: Why it is stale, what is live, what to do: lines for people.
    """

    phase: str
    word: str = RUNNING
    seconds: float = 0.0
    saved_seconds: float = 0.0
    cost_usd: float = 0.0
    saved_usd: float = 0.0
    unknown_calls: int = 0
    tokens: int = 0
    age_seconds: float = 0.0
    attempts: int = 0
    waited_seconds: float = 0.0
    error: str = ""
    kept: bool = False
    always: bool = False
    steps_restored: int = 0
    steps_ran: int = 0
    steps_stale: int = 0
    calls_replayed: int = 0
    calls_bought: int = 0
    items: dict[str, tuple[int, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Give the event as JSON data, without what is empty."""
        return {
            key: value
            for key, value in asdict(self).items()
            if value not in (0, "", [], {}, False)
        }

    @property
    def replayed(self) -> int:
        """Count the steps and calls that were not paid again."""
        return self.steps_restored + self.calls_replayed

    @property
    def bought(self) -> int:
        """Count the steps and calls that were new."""
        return self.steps_ran + self.calls_bought


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
        outside: Steps and calls outside all phases, which are those of the whole test.
        error: The error with which the test failed, as ``Type: message``.
        repeated: Phases that failed as before and bought nothing; ``""`` is the test.
        attempts: How often one call may be made, by each that tries again.
        money: What the run paid and saved, and what the test has cost over all its
            runs; empty where nothing was bought.
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
    outside: PhaseEvent = field(default_factory=lambda: PhaseEvent(phase="", word=""))
    error: str = ""
    repeated: list[str] = field(default_factory=list)
    attempts: dict[str, int] = field(default_factory=dict)
    money: dict[str, Any] = field(default_factory=dict)

    @property
    def is_worth_telling(self) -> bool:
        """Tell whether there is anything to say of the run."""
        outside = self.outside.to_dict()
        return bool(self.events or self.notes or self.restored_fixtures or outside)

    def event(self, phase: str) -> PhaseEvent:
        """Give a phase's event; a new one at its first mention.

        Args:
            phase: Its name; empty for what happens outside all phases.
        """
        if not phase:
            return self.outside
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
        told = {"outside": self.outside.to_dict(), "error": self.error, "money": self.money}
        here = {
            "directory": self.directory,
            "restored_fixtures": self.restored_fixtures,
            "torn_down": self.torn_down,
            "repeated": self.repeated,
            "attempts": self.attempts,
        }
        some = told | here if whole else told
        return {name: value for name, value in some.items() if value} | {
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
        told = [*self.events, self.outside]
        return [
            (PROPERTY, json.dumps(self.to_dict(whole=True))),
            (f"{PROPERTY}.restored", ", ".join(e.phase for e in self.restored)),
            (f"{PROPERTY}.retried", ", ".join(retried)),
            (f"{PROPERTY}.saved_seconds", round(seconds, 3)),
            (f"{PROPERTY}.saved_usd", self.saved_usd),
            (f"{PROPERTY}.paid_usd", self.money.get("paid_usd", 0.0)),
            (f"{PROPERTY}.unknown_calls", self.money.get("unknown_calls", 0)),
            (f"{PROPERTY}.tokens", self.money.get("tokens", 0)),
            (f"{PROPERTY}.replayed", sum(event.replayed for event in told)),
            (f"{PROPERTY}.bought", sum(event.bought for event in told)),
        ]

    @property
    def saved_usd(self) -> float:
        """Add up USD that restoring and replaying saved."""
        found = [event.saved_usd for event in (*self.events, self.outside)]
        return round(math.fsum(found), 9)

    @property
    def restored(self) -> list[PhaseEvent]:
        """Give the events of the phases that were restored."""
        return [event for event in self.events if event.word == RESTORED]
