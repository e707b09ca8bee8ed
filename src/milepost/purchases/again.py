"""Buy again: which steps and calls are not restored any more, and what they had cost."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from milepost import attempts
from milepost.checkpoint import PhaseStatus, TestCheckpoint
from milepost.errors import MilepostError
from milepost.purchases.tree import element

if TYPE_CHECKING:
    from milepost.journal import JournalReader, Record

REASON = "bought again"


class NothingOfThatNameError(MilepostError):
    """A phase or step was named that the journal does not know."""

    def __init__(self, wanted: str, test_id: str, known: Collection[str]) -> None:
        super().__init__(
            f"{test_id} has no phase and no step {wanted!r}.",
            f"It has: {', '.join(known) or 'none'}.",
            f"`milepost show {test_id} --calls` shows them.",
        )


@dataclass(frozen=True, kw_only=True)
class Again:
    """What is to be bought again.

    Attributes:
        dropped: The records that are not restored any more.
        phases: The phases that run again.
        once: Steps that run at most once, and are kept for that.
    """

    dropped: list["Record"]
    phases: list[str]
    once: list[str]

    @property
    def usd(self) -> float:
        """Add up what the calls had cost, as far as that is known."""
        return sum(_usd(record) or 0.0 for record in self._calls)

    @property
    def unknown(self) -> int:
        """Count the calls of which nobody knows what they had cost."""
        return sum(_usd(record) is None for record in self._calls)

    @property
    def _calls(self) -> list["Record"]:
        return [record for record in self.dropped if record.kind == "call"]

    @property
    def ids(self) -> list[str]:
        """Give the ids that are written down as dropped, with what led to the steps."""
        begun = [record.body.get("intention") for record in self.dropped]
        return [*(record.id for record in self.dropped), *filter(None, begun)]

    def number(self, kind: str) -> int:
        """Count the steps, with what was said of them, or the calls."""
        kinds = {"step": ("step", "resolved")}.get(kind, (kind,))
        return sum(record.kind in kinds for record in self.dropped)


def _usd(record: "Record") -> float | None:
    usd: float | None = (record.body.get("cost") or {}).get("usd")
    return usd


def find_again(reader: "JournalReader", checkpoint: TestCheckpoint, wanted: str) -> Again:
    """Find what is bought again.

    A step that used what is dropped is dropped as well. One that may run at most once
    is kept, unless it is named.

    Args:
        reader: The journal.
        checkpoint: The document.
        wanted: A phase, a step as in ``name`` or ``name#1a2b3c4d``; empty for all.

    Raises:
        NothingOfThatNameError: There is no such phase and no such step.
    """
    return _Search(reader, wanted, checkpoint).find()


class _Search:
    def __init__(
        self, reader: "JournalReader", wanted: str, checkpoint: TestCheckpoint
    ) -> None:
        self._records = [
            record
            for record in reader.records("step", "call", "resolved")
            if not reader.is_dropped(record.id) and record.body.get("done", True)
        ]
        self._wanted = wanted
        self._checkpoint = checkpoint
        named = {record.path[0] for record in self._records if record.path}
        self._is_phase = wanted in {*named, *checkpoint.phases}

    def find(self) -> Again:
        chosen = {record.id: record for record in self._chosen()}
        self._add_users(chosen)
        kept = self._kept_for_once() if self._names_no_step else []
        inside = {_inside(record) for record in kept}
        dropped = [
            record
            for record in self._records
            if record.id in chosen and record not in kept and not _is_in(record, inside)
        ]
        phases = {record.path[0] for record in dropped if record.path}
        phases |= {self._wanted} if self._is_phase else set()
        return Again(
            dropped=dropped,
            phases=[name for name in self._checkpoint.phases if name in phases],
            once=[_title(record) for record in kept if record.id in chosen],
        )

    @property
    def _names_no_step(self) -> bool:
        return self._is_phase or not self._wanted

    def _chosen(self) -> Iterator["Record"]:
        if not self._wanted:
            return iter(self._records)
        if self._is_phase:
            return (r for r in self._records if r.path[:1] == (self._wanted,))
        steps = [r for r in self._records if r.kind != "call" and self._is_named(r)]
        if not steps:
            raise NothingOfThatNameError(
                self._wanted, self._checkpoint.test_id, self._known()
            )
        inside = {_inside(record) for record in steps}
        return (r for r in self._records if r in steps or _is_in(r, inside))

    def _is_named(self, record: "Record") -> bool:
        name = str(record.body.get("name", ""))
        return self._wanted in (name, element(name, record.key))

    def _known(self) -> list[str]:
        names = [str(r.body.get("name")) for r in self._records if r.kind != "call"]
        return list(dict.fromkeys([*self._checkpoint.phases, *names]))

    def _add_users(self, chosen: dict[str, "Record"]) -> None:
        """Add the steps that used what is dropped, and those that used these."""
        found = True
        while found:
            found = False
            for record in self._records:
                if record.id not in chosen and not chosen.keys().isdisjoint(_used(record)):
                    chosen[record.id] = record
                    found = True

    def _kept_for_once(self) -> list["Record"]:
        steps = [record for record in self._records if record.kind != "call"]
        return [record for record in steps if record.body.get("intention")]


def _used(record: "Record") -> Collection[str]:
    return record.body.get("used", ()) if record.kind == "step" else ()


def _inside(record: "Record") -> tuple[str, ...]:
    """Give the path of what a step made."""
    return (*record.path, element(str(record.body.get("name")), record.key))


def _is_in(record: "Record", places: set[tuple[str, ...]]) -> bool:
    path = record.path
    return any(path[:end] in places for end in range(1, len(path) + 1))


def _title(record: "Record") -> str:
    label = f" [{record.body['label']}]" if record.body.get("label") else ""
    return f"{element(str(record.body['name']), record.key)}{label}"


def set_back(checkpoint: TestCheckpoint, phases: Collection[str]) -> list[str]:
    """Have phases run again, whose value may come from what is dropped.

    Args:
        checkpoint: The document, which is changed and not written.
        phases: Their names.

    Returns:
        The names of those that had completed.
    """
    completed = []
    for name in phases:
        phase = checkpoint.phases[name]
        if phase.status == PhaseStatus.COMPLETED:
            attempts.supersede(phase, "dropped")
            completed.append(name)
        for kept in phase.milepost.get("earlier", []):
            kept["reason"] = "dropped"
    return completed
