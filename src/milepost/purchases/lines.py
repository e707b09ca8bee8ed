"""The tree of a test's purchases as lines."""

from collections.abc import Iterator
from typing import Final

from milepost import report
from milepost.purchases.tree import Entry

WHOLE_TEST: Final = "outside of phases"
_SAID: Final = {
    "sent": "sent, no answer: its cost is unknown",
    "intention": "began, and nobody knows how it ended: milepost resolve",
    "resolved": "resolved by hand",
}

_STEPS: Final = ("step", "intention", "resolved")


def lines(tops: list[Entry]) -> Iterator[str]:
    """Give the lines about a tree.

    Args:
        tops: The phases.
    """
    for top in tops:
        head = [*_items(top), *_money(top)]
        yield f"{top.name or WHOLE_TEST}" + (f": {', '.join(head)}" if head else "")
        for entry in top.inside:
            yield from _below(entry, 1)


def _below(entry: Entry, depth: int) -> Iterator[str]:
    yield "  " * depth + _line(entry)
    for each in entry.inside:
        yield from _below(each, depth + 1)


def _items(entry: Entry) -> list[str]:
    return [f"{name} {done} of {known}" for name, (done, known) in entry.items.items()]


def _line(entry: Entry) -> str:
    label = f" [{entry.label}]" if entry.label else ""
    short = f"#{entry.key[:8]}" if entry.kind in _STEPS else ""
    parts = [f"{entry.name}{short}{label}", *_marks(entry), *_items(entry), *_facts(entry)]
    return "  ".join([*parts, *([entry.answer] if entry.answer else [])])


def _marks(entry: Entry) -> list[str]:
    marks = []
    if entry.kind == "step" and not entry.id:
        marks.append("not finished")
    if entry.kind in _SAID:
        marks.append(_SAID[entry.kind])
    if entry.is_dropped:
        marks.append("dropped")
    if entry.is_stale:
        marks.append("stale")
    return marks


def _facts(entry: Entry) -> list[str]:
    facts = [f"kept {entry.at}"] if entry.id and entry.kind in ("step", "call") else []
    if entry.seconds is not None:
        facts.append(report.duration(entry.seconds))
    if entry.usage.get("model"):
        facts.append(str(entry.usage["model"]))
    return facts + _money(entry)


def _money(entry: Entry) -> list[str]:
    found = [f"{entry.tokens:,} tokens"] if entry.tokens else []
    if entry.paid_usd:
        found.append(report.money(entry.paid_usd))
    if entry.unknown and entry.kind != "sent":
        one = entry.kind == "call"
        found.append("cost unknown" if one else f"{entry.unknown} of unknown cost")
    return found
