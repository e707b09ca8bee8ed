"""The account of a budget: what is spent, what is reserved, what is still free."""

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

# What sums of floats are off by: less than the smallest price of one token.
_DUST: Final = 1e-12


@dataclass(kw_only=True)
class Account:
    """How a budget stands.

    Attributes:
        limit: USD that may be spent.
        spent: USD that have been, at most.
        dearest: USD of the dearest call seen.
        unknown: Calls that have ended, and nobody knows their cost.
        settled: Calls that have ended.
        open: By ticket what is reserved for the calls on their way; None where nobody
            knows what they may cost.
    """

    limit: float
    spent: float = 0.0
    dearest: float = 0.0
    unknown: int = 0
    settled: int = 0
    open: dict[str, float | None] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Account":
        """Read what ``to_dict`` gave.

        Raises:
            TypeError: It is something else.
        """
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """Give the account as JSON data."""
        return asdict(self)

    @property
    def reserved(self) -> float:
        """Give USD that are reserved for calls on their way."""
        return math.fsum(usd for usd in self.open.values() if usd)

    def amount_for(self, worst: float | None) -> float | None:
        """Tell what to reserve for a call: its worst case, else the dearest seen."""
        return worst if worst is not None else self.dearest or None

    def reserve(self, ticket: str, worst: float | None) -> bool:
        """Reserve for a call.

        Args:
            ticket: By which the call is settled.
            worst: USD that it may cost at most, where that is known. One of which
                nothing is known goes alone.

        Returns:
            Whether there is room for it now.
        """
        amount = self.amount_for(worst)
        taken = self.spent + self.reserved
        if amount is None:
            fits = taken < self.limit and None not in self.open.values()
        else:
            fits = taken + amount <= self.limit + _DUST
        if fits:
            self.open[ticket] = amount
        return fits

    def may_fit_later(self, worst: float | None) -> bool:
        """Tell whether there will be room for a call if those on their way cost nothing."""
        return replace(self, open={}).reserve("", worst)

    def settle(self, ticket: str, usd: float | None) -> None:
        """End a call that was sold.

        Args:
            ticket: The call's.
            usd: What it cost; where nobody knows, what was reserved counts as spent.
        """
        if ticket not in self.open:
            return
        reserved = self.open.pop(ticket)
        self.settled += 1
        if usd is None:
            self.unknown += 1
            self.spent += reserved or 0.0
        else:
            self.spent += usd
            self.dearest = max(self.dearest, usd)

    def release(self, ticket: str) -> None:
        """End a call that cost nothing."""
        if self.open.pop(ticket, self) is not self:
            self.settled += 1
