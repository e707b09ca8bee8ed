"""Records of a journal as a ledger sees them, made by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Made:
    """A record."""

    id: str
    kind: str = "call"
    run: str = "run-1"
    path: tuple[str, ...] = ("writing",)
    attempt: int = 1
    body: Mapping[str, Any] = field(default_factory=dict)


def call(name: str, usd: float | None, *, tokens: int = 10, **more: Any) -> Made:
    """Make the record of a call that was bought."""
    usage = {"model": "m", "total_tokens": tokens}
    sent = {"sent": more.pop("sent")} if "sent" in more else {}
    return Made(id=name, body={"usage": usage, "cost": {"usd": usd}} | sent, **more)
