"""What can be asked of a model, whatever SDK asks."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

# What an SDK takes for its key; a test looks for it in every byte that is written.
KEY: Final = "sk-test-0123456789abcdefghijklmnopqrstuvwxyz"
TOOL_NAME: Final = "look_up"
TOOL_TEXT: Final = "Look up the weather of a place."
PARAMETERS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"place": {"type": "string"}},
    "required": ["place"],
}


@dataclass(frozen=True, slots=True)
class Access:
    """How a client reaches the model.

    Args:
        url: Its address, without a path.
        retries: How often the SDK itself tries again.
        seconds: The longest silence that it bears.
    """

    url: str
    retries: int = 0
    seconds: float = 30.0


class Asker(Protocol):
    """A client that blocks."""

    def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""

    def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""

    def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""

    def close(self) -> None:
        """Close the client."""


class AsyncAsker(Protocol):
    """A client that is awaited."""

    async def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""

    async def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""

    async def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""

    async def close(self) -> None:
        """Close the client."""


def look_up(place: str) -> str:
    """Do what the tool does."""
    return f"it rains at {place}"
