"""Is a saved value still valid: what it depends on, then and now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from milepost.fingerprint import differences


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a phase's value depends on, as of now.

    Attributes:
        inputs: Hash by named input.
        rule: The rule by which the parts were found.
        parts: Hash by named part of the code.
        schema: Hash of the value's type; None where there is no annotation.
        live: Type name of each input that counts by its type.
        partial: The inputs may hold more than the record names.
    """

    inputs: Mapping[str, str]
    rule: str
    parts: Mapping[str, str]
    schema: str | None = None
    live: Mapping[str, str] = field(default_factory=dict)
    partial: bool = False

    def to_record(self) -> dict[str, Any]:
        """Give what stands beside the value in the document."""
        return {
            "inputs": dict(self.inputs),
            "live": dict(self.live),
            "fingerprint": {"rule": self.rule, "parts": dict(self.parts)},
        }


def why_stale(record: Mapping[str, Any], now: Basis) -> list[str]:
    """Tell what a saved value depended on that is different now.

    Args:
        record: The phase's own object in the document, or an earlier value.
        now: What it would depend on if it were made now.

    Returns:
        Lines for people, the most telling first; empty if it is valid.
    """
    recorded = record.get("fingerprint", {})
    if not recorded.get("parts"):
        return ["what it was made from was not recorded"]
    if recorded.get("rule") != now.rule:
        return [
            f"its code was recorded by the rule {recorded.get('rule')!r}, not {now.rule!r}"
        ]
    reasons = _changed_inputs(record.get("inputs", {}), now)
    reasons += differences(recorded["parts"], now.parts)
    if record.get("value", {}).get("schema") != now.schema:
        reasons.append("the type of its value changed")
    return reasons


def _changed_inputs(recorded: Mapping[str, str], now: Basis) -> list[str]:
    names = list(recorded) + [
        n for n in now.inputs if n not in recorded and not now.partial
    ]
    return [
        f"input {name} changed"
        for name in names
        if recorded.get(name) != now.inputs.get(name)
    ]
