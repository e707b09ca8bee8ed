"""litellm in front of three providers: httpx where it blocks, aiohttp where not."""

import json
from typing import Any

import litellm

from tests.sdks.asking.asker import (
    KEY,
    PARAMETERS,
    TOOL_NAME,
    TOOL_TEXT,
    Access,
    look_up,
)

_FUNCTION = {"name": TOOL_NAME, "description": TOOL_TEXT, "parameters": PARAMETERS}
_TOOL = {"type": "function", "function": _FUNCTION}
_MODELS = {
    "openai": ("openai/gpt-5-mini", "/v1"),
    "anthropic": ("anthropic/claude-haiku-4-5", ""),
    "gemini": ("gemini/gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash"),
}


class Litellm:
    """The calls that block.

    Args:
        access: How the model is reached.
        provider: ``openai``, ``anthropic`` or ``gemini``.
    """

    def __init__(self, access: Access, provider: str) -> None:
        model, path = _MODELS[provider]
        self._settings: dict[str, Any] = {
            "model": model,
            "api_base": access.url + path,
            "api_key": KEY,
            "max_retries": access.retries,
            "timeout": access.seconds,
        }

    def _request(self, prompt: str, **more: Any) -> dict[str, Any]:
        return self._settings | {"messages": [{"role": "user", "content": prompt}]} | more

    def _with_result(self, prompt: str, message: Any) -> dict[str, Any]:
        (called,) = message.tool_calls
        result = look_up(**json.loads(called.function.arguments))
        function = {"name": TOOL_NAME, "arguments": called.function.arguments}
        call = {"id": "call_1", "type": "function", "function": function}
        asked = self._request(prompt, tools=[_TOOL])
        asked["messages"] += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": result},
        ]
        return asked

    def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""
        answer = litellm.completion(**self._request(prompt))
        return str(answer.choices[0].message.content)

    def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""
        chunks = litellm.completion(**self._request(prompt, stream=True))
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""
        first = litellm.completion(**self._request(prompt, tools=[_TOOL]))
        asked = self._with_result(prompt, first.choices[0].message)
        return str(litellm.completion(**asked).choices[0].message.content)

    def close(self) -> None:
        """Leave the clients to litellm, which shares them."""


class AsyncLitellm(Litellm):
    """The calls that are awaited."""

    async def whole(self, prompt: str) -> str:  # type: ignore[override]
        """Ask, and take the answer when it is whole."""
        answer = await litellm.acompletion(**self._request(prompt))
        return str(answer.choices[0].message.content)

    async def stream(self, prompt: str) -> str:  # type: ignore[override]
        """Ask, and take the answer as it comes."""
        chunks = await litellm.acompletion(**self._request(prompt, stream=True))
        return "".join([c.choices[0].delta.content or "" async for c in chunks])

    async def tool(self, prompt: str) -> str:  # type: ignore[override]
        """Offer a tool, run it for the model, and take the answer to that."""
        first = await litellm.acompletion(**self._request(prompt, tools=[_TOOL]))
        asked = self._with_result(prompt, first.choices[0].message)
        return str((await litellm.acompletion(**asked)).choices[0].message.content)

    async def close(self) -> None:  # type: ignore[override]
        """Close the clients of this event loop, which litellm shares."""
        await litellm.close_litellm_async_clients()
