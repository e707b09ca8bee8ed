"""OpenAI's SDK, either generation: chat completions and responses."""

from typing import Any

import openai
from openai import AsyncOpenAI, OpenAI

from tests.sdks.asking.asker import (
    KEY,
    PARAMETERS,
    TOOL_NAME,
    TOOL_TEXT,
    Access,
    look_up,
)

_MODEL = "gpt-5-mini"
_FUNCTION: Any = {"name": TOOL_NAME, "description": TOOL_TEXT, "parameters": PARAMETERS}
_CHAT_TOOL: Any = {"type": "function", "function": _FUNCTION}
_TOOL: Any = {"type": "function", **_FUNCTION, "strict": False}


def _settings(access: Access) -> dict[str, Any]:
    return {
        "base_url": f"{access.url}/v1",
        "api_key": KEY,
        "max_retries": access.retries,
        "timeout": access.seconds,
    }


def _chat(prompt: str, **more: Any) -> dict[str, Any]:
    return {"model": _MODEL, "messages": [{"role": "user", "content": prompt}]} | more


def _chat_with_result(prompt: str, message: Any) -> dict[str, Any]:
    """Give the second request of a conversation in which a tool was called."""
    (called,) = message.tool_calls
    result = look_up(**_arguments(called.function.arguments))
    asked = _chat(prompt, tools=[_CHAT_TOOL])
    asked["messages"] += [
        {"role": "assistant", "tool_calls": [called.model_dump()]},
        {"role": "tool", "tool_call_id": called.id, "content": result},
    ]
    return asked


def _response(prompt: str, **more: Any) -> dict[str, Any]:
    return {"model": _MODEL, "input": [{"role": "user", "content": prompt}]} | more


def _response_with_result(prompt: str, output: Any) -> dict[str, Any]:
    (called,) = [item for item in output if item.type == "function_call"]
    result = look_up(**_arguments(called.arguments))
    asked = _response(prompt, tools=[_TOOL])
    asked["input"] += [
        called.model_dump(exclude_none=True),
        {"type": "function_call_output", "call_id": called.call_id, "output": result},
    ]
    return asked


def _arguments(text: str) -> dict[str, Any]:
    from json import loads

    read: dict[str, Any] = loads(text)
    return read


def _delta(chunk: Any) -> str:
    """Give the text in a chunk of a chat."""
    return "".join(choice.delta.content or "" for choice in chunk.choices)


def _text(event: Any) -> str:
    """Give the text in an event of a response."""
    return str(event.delta) if event.type == "response.output_text.delta" else ""


class Chat:
    """Chat completions by the client that blocks."""

    def __init__(self, access: Access, **more: Any) -> None:
        self.client = OpenAI(**_settings(access), **more)

    def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""
        answer = self.client.chat.completions.create(**_chat(prompt))
        return str(answer.choices[0].message.content)

    def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""
        asked = _chat(prompt, stream=True, stream_options={"include_usage": True})
        return "".join(map(_delta, self.client.chat.completions.create(**asked)))

    def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""
        asked = _chat(prompt, tools=[_CHAT_TOOL])
        first = self.client.chat.completions.create(**asked).choices[0].message
        asked = _chat_with_result(prompt, first)
        return str(self.client.chat.completions.create(**asked).choices[0].message.content)

    def close(self) -> None:
        """Close the client."""
        self.client.close()


class AsyncChat:
    """Chat completions by the client that is awaited."""

    def __init__(self, access: Access, **more: Any) -> None:
        self.client = AsyncOpenAI(**_settings(access), **more)

    async def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""
        answer = await self.client.chat.completions.create(**_chat(prompt))
        return str(answer.choices[0].message.content)

    async def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""
        chunks = await self.client.chat.completions.create(**_chat(prompt, stream=True))
        return "".join([_delta(chunk) async for chunk in chunks])

    async def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""
        create = self.client.chat.completions.create
        first = await create(**_chat(prompt, tools=[_CHAT_TOOL]))
        second = await create(**_chat_with_result(prompt, first.choices[0].message))
        return str(second.choices[0].message.content)

    async def close(self) -> None:
        """Close the client."""
        await self.client.close()


class Responses(Chat):
    """Responses by the client that blocks."""

    def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""
        return str(self.client.responses.create(**_response(prompt)).output_text)

    def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""
        events = self.client.responses.create(**_response(prompt, stream=True))
        return "".join(map(_text, events))

    def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""
        with self.client.responses.stream(**_response(prompt, tools=[_TOOL])) as stream:
            first = stream.get_final_response()
        asked = _response_with_result(prompt, first.output)
        return str(self.client.responses.create(**asked).output_text)


class AsyncResponses(AsyncChat):
    """Responses by the client that is awaited."""

    async def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""
        return str((await self.client.responses.create(**_response(prompt))).output_text)

    async def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""
        events = await self.client.responses.create(**_response(prompt, stream=True))
        return "".join([_text(event) async for event in events])

    async def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""
        first = await self.client.responses.create(**_response(prompt, tools=[_TOOL]))
        asked = _response_with_result(prompt, first.output)
        return str((await self.client.responses.create(**asked)).output_text)


class ChatOverAiohttp(AsyncChat):
    """Chat completions over aiohttp."""

    def __init__(self, access: Access) -> None:
        super().__init__(access, http_client=openai.DefaultAioHttpClient())
