"""Every configuration of an SDK that the recorder has to see, by name."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.sdks.asking.asker import Access


@dataclass(frozen=True, slots=True)
class Configuration:
    """One way in which an SDK is used.

    Args:
        name: What the stories call it.
        awaited: Whether its client is awaited.
        module: Where its asker is, below ``tests.sdks.asking``.
        asker: The asker's class.
        more: What the class needs beside the access.
    """

    name: str
    awaited: bool
    module: str
    asker: str
    more: tuple[Any, ...] = ()

    def open(self, access: Access) -> Any:
        """Make the asker; the SDK is imported now."""
        module = importlib.import_module(f"tests.sdks.asking.{self.module}")
        made: Callable[..., Any] = getattr(module, self.asker)
        return made(access, *self.more)


def _rows(table: str) -> dict[str, Configuration]:
    rows = [line.split() for line in table.strip().splitlines()]
    return {
        name: Configuration(name, awaited == "async", f"{module}_askers", asker, (*more,))
        for name, awaited, module, asker, *more in rows
    }


NEWEST: Final = _rows("""
    anthropic                    sync   anthropic  Blocking
    anthropic-helper             sync   anthropic  Helping
    anthropic-async              async  anthropic  Awaited
    anthropic-async-aiohttp      async  anthropic  OverAiohttp
    openai-chat                  sync   openai     Chat
    openai-responses             sync   openai     Responses
    openai-chat-async            async  openai     AsyncChat
    openai-chat-async-aiohttp    async  openai     ChatOverAiohttp
    openai-responses-async       async  openai     AsyncResponses
    gemini                       sync   gemini     Gemini
    gemini-async                 async  gemini     AsyncGemini
    gemini-async-httpx2          async  gemini     AsyncGeminiOverHttpx2
""")
"""Those of the newest SDKs, which use httpx2."""

HTTPX: Final = _rows("""
    openai2-chat                 sync   openai     Chat
    openai2-responses            sync   openai     Responses
    openai2-chat-async           async  openai     AsyncChat
    openai2-chat-async-aiohttp   async  openai     ChatOverAiohttp
    openai2-responses-async      async  openai     AsyncResponses
    litellm-openai               sync   litellm    Litellm       openai
    litellm-anthropic            sync   litellm    Litellm       anthropic
    litellm-gemini               sync   litellm    Litellm       gemini
    litellm-openai-async         async  litellm    AsyncLitellm  openai
    litellm-anthropic-async      async  litellm    AsyncLitellm  anthropic
    litellm-gemini-async         async  litellm    AsyncLitellm  gemini
""")
"""Those that use httpx, in an environment of their own."""

ALL: Final = NEWEST | HTTPX
