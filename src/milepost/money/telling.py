"""What the report and the command line say of money; unknown is said, and is never 0."""

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final

from milepost.money.amounts import money
from milepost.money.ledger import NO_PRICE, Ledger, Totals

_CURE: Final = "Prices need genai-prices: pip install 'milepost[llm]'"


def event_lines(event: Mapping[str, Any]) -> list[str]:
    """Give the lines about what a phase, or a whole test, paid and saved in a run.

    Args:
        event: See ``PhaseEvent.to_dict``.
    """
    is_restored = event.get("word") == "restored"
    paid = 0.0 if is_restored else event.get("cost_usd", 0.0)
    saved = 0.0 if is_restored else event.get("saved_usd", 0.0)
    return _line(paid, saved, event.get("unknown_calls", 0))


def _line(paid: float, saved: float, unknown: int) -> list[str]:
    parts = [f"paid {money(paid)}"] if paid else []
    parts += [f"saved {money(saved)}"] if saved else []
    parts += [_unknown(unknown)] if unknown else []
    return [", ".join(parts)] if parts else []


def _unknown(calls: int) -> str:
    return f"unknown: what {calls} call{'' if calls == 1 else 's'} cost"


def test_lines(record: Mapping[str, Any]) -> list[str]:
    """Give the lines about what a test has cost over all its runs, where that is more.

    Args:
        record: See ``RunRecord.to_dict``.
    """
    told = record.get("money") or {}
    whole = told.get("test") or {}
    if not whole:
        return []
    is_more = any(whole[name] != told.get(name, 0) for name in ("paid_usd", "calls"))
    if not (is_more or whole["wasted_usd"] or whole["unknown_calls"]):
        return []
    return [f"in all runs: {_whole(whole)}", *_reasons(whole.get("unknown", {}))]


def _whole(whole: Mapping[str, Any]) -> str:
    text = f"paid {money(whole['paid_usd'])}"
    if whole["wasted_usd"]:
        text += f", of which {money(whole['wasted_usd'])} for answers that are not used"
    if whole["unknown_calls"]:
        text += f", {_unknown(whole['unknown_calls'])}"
    return text + (f"; {whole['tokens']:,} tokens" if whole["tokens"] else "")


def _reasons(unknown: Mapping[str, int]) -> list[str]:
    lines = [f"  {reason}: {count}" for reason, count in sorted(unknown.items())]
    if any(reason.startswith(NO_PRICE) for reason in unknown) and not _has_list():
        lines.append(f"  {_CURE}")
    return lines


def _has_list() -> bool:
    return find_spec("genai_prices") is not None


def session_text(records: Sequence[Mapping[str, Any]]) -> str:
    """Give what a session paid, for its last line; nothing where nothing was bought."""
    told = [each["money"] for each in records if each.get("money")]
    paid = math.fsum(each["paid_usd"] for each in told)
    unknown = sum(each["unknown_calls"] for each in told)
    events = [e for r in records for e in (*r.get("phases", ()), r.get("outside", {}))]
    replayed = [e.get("saved_usd", 0.0) for e in events if e.get("word") != "restored"]
    return ", ".join(_line(paid, math.fsum(replayed), unknown))


def ledger_lines(ledger: Ledger) -> list[str]:
    """Give the lines about a test's totals, and each phase's, for the command line."""
    if not ledger.entries:
        return []
    lines = [f"💰 {_whole(ledger.test.to_dict())}"]
    lines += [f" {line}" for line in _reasons(ledger.test.unknown)]
    named = {name: part for name, part in ledger.phases.items() if name}
    lines += [f"   {name}: {_whole(part.to_dict())}" for name, part in named.items()]
    outside = ledger.phases.get("", Totals())
    if named and outside != Totals():
        lines.append(f"   outside phases: {_whole(outside.to_dict())}")
    return lines
