"""Faults on demand: which call breaks, and how."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """How a call breaks."""

    RESET = "reset"
    """The connection is reset before anything is answered."""
    RESET_BODY = "reset_body"
    """The connection is reset in the middle of the body."""
    RATE_LIMIT = "rate_limit"
    """429, with Retry-After."""
    OVERLOADED = "overloaded"
    """529."""
    HANG = "hang"
    """Nothing is answered until the client gives up."""
    TRUNCATE = "truncate"
    """The body ends early, with a clean close: a stream lacks its last events."""


@dataclass(slots=True)
class Fault:
    """A fault that waits for its call.

    Args:
        kind: How the call breaks.
        call: The number of the first call that breaks; None is any call.
        match: Text that the call's prompt holds; None is any text.
        times: How many calls break.
        retry_after: Seconds for the Retry-After header of a 429.
    """

    kind: FaultKind
    call: int | None = None
    match: str | None = None
    times: int = 1
    retry_after: float = 1.0

    @classmethod
    def read(cls, order: dict[str, Any]) -> "Fault":
        """Read a fault from JSON.

        Raises:
            ValueError: A kind that does not exist, or no positive count.
            TypeError: A field that does not exist, or of another type.
        """
        fault = cls(**order | {"kind": FaultKind(order.get("kind", ""))})
        if not isinstance(fault.times, int) or fault.times < 1:
            raise ValueError("times must be a number, at least 1")
        if not isinstance(fault.call, int | None) or not isinstance(
            fault.match, str | None
        ):
            raise TypeError("call is a number, match is a text")
        return fault

    def hits(self, number: int, prompt: str) -> bool:
        """Tell whether a call breaks.

        Args:
            number: The number of the call.
            prompt: All text of its prompt.
        """
        if self.call is not None and number < self.call:
            return False
        return self.match is None or self.match in prompt


class Faults:
    """The faults that wait, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Let a fault wait for its call."""
        self.waiting.append(fault)

    def take(self, number: int, prompt: str) -> Fault | None:
        """Take the oldest fault that hits a call; one of its times is used up.

        Args:
            number: The number of the call.
            prompt: All text of its prompt.
        """
        for fault in self.waiting:
            if fault.hits(number, prompt):
                fault.times -= 1
                self.waiting = [one for one in self.waiting if one.times > 0]
                return fault
        return None

    def clear(self) -> None:
        """Forget all faults that wait."""
        self.waiting = []
