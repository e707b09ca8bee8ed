"""What the report says of steps, calls and items, and of failures that come again."""

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any, Final

_TRIES: Final = {
    "sdk": "max_retries of the SDK",
    "phase": "retry of milepost",
    "reruns": "reruns of pytest",
}


def counts(event: Mapping[str, Any]) -> str:
    """Say how many steps and calls were not paid again, and how many were new.

    Args:
        event: What happened to a phase; see ``PhaseEvent.to_dict``.
    """
    pairs = [
        _pair(event, "step", ("steps_restored", "restored"), ("steps_ran", "ran")),
        _pair(event, "call", ("calls_replayed", "replayed"), ("calls_bought", "bought")),
    ]
    return "; ".join(pair for pair in pairs if pair)


def _pair(
    event: Mapping[str, Any], noun: str, first: tuple[str, str], second: tuple[str, str]
) -> str:
    old, new = event.get(first[0], 0), event.get(second[0], 0)
    if not old and not new:
        return ""
    return f"{old} {noun}{'' if old == 1 else 's'} {first[1]}, {new} {second[1]}"


def lines(event: Mapping[str, Any]) -> list[str]:
    """Give the lines about the steps, calls and items of a phase, or of a whole test."""
    told = counts(event)
    items = event.get("items", {})
    return [told] * bool(told) + [
        f"{name}: {done} of {total} items" for name, (done, total) in items.items()
    ]


def total(events: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Add up the steps and calls of several phases and tests."""
    names = ("steps_restored", "steps_ran", "calls_replayed", "calls_bought")
    told = list(events)
    return {name: sum(event.get(name, 0) for event in told) for name in names}


def repeated(nodeid: str, record: Mapping[str, Any]) -> list[str]:
    """Give the two ways on from a failure that came again without anything new.

    Args:
        nodeid: The test.
        record: What its run did; see ``RunRecord.to_dict``.
    """
    found = []
    for phase in record.get("repeated", ()):
        again = f"pytest '{nodeid}'" + (f" --milepost-from {phase}" if phase else "")
        anew = f"milepost rm {record['test_id']} --calls" + (f" {phase}" if phase else "")
        found += [
            f"  {phase or 'the test'} failed as before and bought nothing in between: a",
            "  recorded answer may be wrong",
            f"    run again, answers kept:  {again}",
            f"    buy the answers again:    {anew}",
        ]
    return found


def stacked(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say how often one call may be made, where an SDK tries again, too.

    Args:
        records: What the runs did; the worst of them is told.
    """
    tries = [each["attempts"] for each in records if each.get("attempts", {}).get("sdk")]
    if not tries:
        return []
    worst = max(tries, key=lambda each: prod(1 + number for number in each.values()))
    parts = {name: 1 + worst[name] for name in _TRIES if worst.get(name)}
    product = " x ".join(f"{number} ({_TRIES[name]})" for name, number in parts.items())
    if len(parts) < 2:
        return []
    return [
        f"one call may be made {prod(parts.values())} times: {product}",
        "  set max_retries=0 where the SDK's client is made: milepost tries again",
    ]
