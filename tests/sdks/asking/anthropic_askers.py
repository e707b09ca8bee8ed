"""Anthropic's SDK: plain calls, its stream, its helper, its tools."""

from typing import Any

import anthropic
from anthropic import Anthropic, AsyncAnthropic

from tests.sdks.asking.asker import (
    KEY,
    PARAMETERS,
    TOOL_NAME,
    TOOL_TEXT,
    Access,
    look_up,
)

_MODEL = "claude-haiku-4-5"
_TOOL: Any = {"name": TOOL_NAME, "description": TOOL_TEXT, "input_schema": PARAMETERS}


def _settings(access: Access) -> dict[str, Any]:
    return {
        "base_url": access.url,
        "api_key": KEY,
        "max_retries": access.retries,
        "timeout": access.seconds,
    }


def _request(prompt: str, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": prompt}]
    return {"model": _MODEL, "max_tokens": 100, "messages": messages} | more


def _with_result(prompt: str, content: Any) -> dict[str, Any]:
    """Give the second request of a conversation in which a tool was called."""
    (use,) = [block for block in content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": use.id, "content": look_up(**use.input)}
    called = {"type": "tool_use", "id": use.id, "name": use.name, "input": use.input}
    asked = _request(prompt, tools=[_TOOL])
    asked["messages"] += [
        {"role": "assistant", "content": [called]},
        {"role": "user", "content": [result]},
    ]
    return asked


def _text(event: Any) -> str:
    """Give the text in an event of a stream."""
    return str(getattr(getattr(event, "delta", None), "text", ""))


class Blocking:
    """The client that blocks."""

    def __init__(self, access: Access, **more: Any) -> None:
        self.client = Anthropic(**_settings(access), **more)

    def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""
        return str(self.client.messages.create(**_request(prompt)).content[0].text)

    def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""
        events = self.client.messages.create(**_request(prompt, stream=True))
        return "".join(map(_text, events))

    def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""
        first = self.client.messages.create(**_request(prompt, tools=[_TOOL]))
        second = self.client.messages.create(**_with_result(prompt, first.content))
        return str(second.content[0].text)

    def close(self) -> None:
        """Close the client."""
        self.client.close()


class Helping(Blocking):
    """The same by the SDK's own helpers around a request."""

    def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""
        raw = self.client.messages.with_raw_response.create(**_request(prompt))
        return str(raw.parse().content[0].text)

    def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""
        with self.client.messages.stream(**_request(prompt)) as stream:
            return "".join(stream.text_stream)

    def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""
        with self.client.messages.stream(**_request(prompt, tools=[_TOOL])) as stream:
            first = stream.get_final_message()
        with self.client.messages.stream(**_with_result(prompt, first.content)) as stream:
            return str(stream.get_final_text())


class Awaited:
    """The client that is awaited."""

    def __init__(self, access: Access, **more: Any) -> None:
        self.client = AsyncAnthropic(**_settings(access), **more)

    async def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""
        answer = await self.client.messages.create(**_request(prompt))
        return str(answer.content[0].text)

    async def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""
        events = await self.client.messages.create(**_request(prompt, stream=True))
        return "".join([_text(event) async for event in events])

    async def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""
        first = await self.client.messages.create(**_request(prompt, tools=[_TOOL]))
        asked = _with_result(prompt, first.content)
        async with self.client.messages.stream(**asked) as stream:
            return str(await stream.get_final_text())

    async def close(self) -> None:
        """Close the client."""
        await self.client.close()


class OverAiohttp(Awaited):
    """The same over aiohttp."""

    def __init__(self, access: Access) -> None:
        super().__init__(access, http_client=anthropic.DefaultAioHttpClient())
