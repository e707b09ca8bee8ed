"""The records of a journal as a tree: phases, in them steps and items, in them calls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from milepost.purchases.answers import first_words

if TYPE_CHECKING:
    from milepost.journal import JournalReader, Record

SHORT_KEY: Final = 8


@dataclass(eq=False, kw_only=True)
class Entry:
    """One thing that people see of a journal.

    Attributes:
        kind: ``phase``, ``step``, ``call``, ``cost``, ``sent``, ``intention``, or
            ``resolved`` for a step of which somebody said what it gave.
        name: The step's or phase's name; method and address of a call.
        label: The key that the user gave, or the item's.
        id: The record; empty where there is none, as for a step that has not finished.
        key: Its key.
        at: When it was kept.
        seconds: How long it took.
        usage: What the provider counted: model and tokens.
        usd: What it cost by itself; None where nobody knows.
        answer: Its first words.
        is_dropped: It is not restored any more.
        is_stale: The same was made again by other code.
        items: Finished and known items by the name of a ``step_map``.
        inside: What was made in it.
    """

    kind: str
    name: str
    label: str = ""
    id: str = ""
    key: str = ""
    at: str = ""
    seconds: float | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    usd: float | None = None
    answer: str = ""
    is_dropped: bool = False
    is_stale: bool = False
    items: dict[str, tuple[int, int]] = field(default_factory=dict)
    inside: list["Entry"] = field(default_factory=list)

    def all(self) -> Iterator["Entry"]:
        """Give the entry and all inside it."""
        yield self
        for each in self.inside:
            yield from each.all()

    @property
    def paid_usd(self) -> float:
        """Add up what it and all inside it cost, as far as that is known."""
        return sum(each.usd or 0.0 for each in self.all())

    @property
    def unknown(self) -> int:
        """Count the purchases inside whose cost nobody knows."""
        paid = [each for each in self.all() if each.kind in ("call", "sent")]
        return sum(each.usd is None for each in paid)

    @property
    def tokens(self) -> int:
        """Add up the tokens of it and all inside it."""
        return sum(int(each.usage.get("total_tokens") or 0) for each in self.all())

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON data, without what is empty."""
        own = {
            **vars(self),
            "usage": dict(self.usage),
            "items": {name: list(pair) for name, pair in self.items.items()},
            "inside": [each.to_dict() for each in self.inside],
        }
        return {key: value for key, value in own.items() if value not in ("", {}, [], None)}


def element(name: str, key: str) -> str:
    """Give a step's element of a path."""
    return f"{name}#{key[:SHORT_KEY]}"


def tree(reader: "JournalReader") -> list[Entry]:
    """Give the records of a journal as people look at them.

    Args:
        reader: The journal.

    Returns:
        An entry a phase, in order; one without a name holds what is outside of phases.
    """
    return _Tree(reader).build()


class _Tree:
    """Builds the tree, record by record.

    A step's record comes after those of what it holds: until then what it holds stands
    in an entry that has no record.
    """

    def __init__(self, reader: "JournalReader") -> None:
        self._reader = reader
        self._top = Entry(kind="phase", name="")
        self._phases: dict[str, Entry] = {}
        self._unfinished: dict[tuple[str, ...], Entry] = {}
        self._settled: set[str] = set()
        self._lists: list[tuple[Entry, Record]] = []

    def build(self) -> list[Entry]:
        self._settle()
        for record in self._reader.records():
            add = getattr(self, f"_add_{record.kind}", None)
            if add:
                add(record)
        self._mark_stale()
        self._count_items()
        return [entry for entry in self._tops() if entry.inside or entry.items]

    def _settle(self) -> None:
        """Find out which calls and intentions have ended."""
        for record in self._reader.records("call", "unsold", "cost"):
            self._settled.add(str(record.body.get("sent")))
        for record in self._reader.records("step", "resolved"):
            self._settled.add(str(record.body.get("intention")))

    def _around(self, path: tuple[str, ...]) -> Entry:
        """Give the entry in which something of a path stands."""
        if not path:
            return self._top
        if len(path) == 1:
            made = Entry(kind="phase", name=path[0])
            return self._phases.setdefault(path[0], made)
        if path not in self._unfinished:
            name, _, key = path[-1].rpartition("#")
            entry = Entry(kind="step", name=name, key=key)
            self._unfinished[path] = entry
            self._around(path[:-1]).inside.append(entry)
        return self._unfinished[path]

    def _entry(self, record: "Record", name: str, **more: Any) -> Entry:
        made = Entry(
            kind=record.kind,
            name=name,
            id=record.id,
            key=record.key,
            at=record.at,
            is_dropped=self._reader.is_dropped(record.id),
            **more,
        )
        self._around(record.path).inside.append(made)
        return made

    def _add_step(self, record: "Record") -> None:
        body = record.body
        path = (*record.path, element(body["name"], record.key))
        self._around(path)
        entry = self._unfinished.pop(path)
        entry.id, entry.key, entry.at = record.id, record.key, record.at
        entry.label = str(body.get("label") or "")
        entry.seconds, entry.answer = body.get("seconds"), first_words(body)
        entry.is_dropped = self._reader.is_dropped(record.id)

    def _add_call(self, record: "Record") -> None:
        body = record.body
        self._entry(
            record,
            f"{body.get('method', '')} {body.get('url', '')}".strip(),
            seconds=body.get("seconds"),
            usage=body.get("usage") or {},
            usd=(body.get("cost") or {}).get("usd"),
            answer=first_words(body),
        )

    def _add_cost(self, record: "Record") -> None:
        body = record.body
        usage = body.get("usage") or {"total_tokens": body.get("tokens") or 0}
        name = f"an answer that is not kept: {body['reason']}" if "reason" in body else ""
        self._entry(record, name or "add_cost", usd=body.get("usd"), usage=usage)

    def _add_sent(self, record: "Record") -> None:
        if record.id not in self._settled:
            self._entry(record, str(record.body.get("url", "")))

    def _add_intention(self, record: "Record") -> None:
        if record.id not in self._settled:
            body = record.body
            self._entry(record, body["name"], label=str(body.get("label") or ""))

    def _add_resolved(self, record: "Record") -> None:
        body = record.body
        if body.get("done"):
            label, answer = str(body.get("label") or ""), first_words(body)
            self._entry(record, str(body.get("name")), label=label, answer=answer)

    def _add_items(self, record: "Record") -> None:
        self._lists.append((self._around(record.path), record))

    def _mark_stale(self) -> None:
        """Mark what the same step gave when it was other code."""
        by_id = {entry.id: entry for top in self._tops() for entry in top.all()}
        newest: dict[tuple[str, str], Any] = {}
        for record in reversed(list(self._reader.records("step"))):
            place = record.path[0] if record.path else "", record.key
            made_by = record.body.get("code"), record.body.get("schema")
            by_id[record.id].is_stale = newest.setdefault(place, made_by) != made_by

    def _tops(self) -> list[Entry]:
        return [*self._phases.values(), self._top]

    def _count_items(self) -> None:
        finished: dict[tuple[tuple[str, ...], str], set[str]] = {}
        for record in self._reader.records("step"):
            if not self._reader.is_dropped(record.id):
                place = record.path, str(record.body["name"])
                finished.setdefault(place, set()).add(record.key)
        for entry, record in self._lists:
            name, known = str(record.body["name"]), len(record.body["labels"])
            done = len(finished.get((record.path, name), ()))
            entry.items[name] = min(done, known), known
