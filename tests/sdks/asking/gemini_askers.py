"""Google's SDK: Gemini, over httpx, httpx2 and aiohttp."""

from typing import Any

import httpx2
from google import genai
from google.genai import types

from tests.sdks.asking.asker import KEY, PARAMETERS, TOOL_NAME, TOOL_TEXT, Access, look_up

_MODEL = "gemini-2.5-flash"
_FUNCTION = types.FunctionDeclaration(
    name=TOOL_NAME, description=TOOL_TEXT, parameters_json_schema=PARAMETERS
)
_TOOLS = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[_FUNCTION])])


def _client(access: Access, **more: Any) -> genai.Client:
    retry = types.HttpRetryOptions(attempts=1 + access.retries, initial_delay=0.05)
    options = types.HttpOptions(
        base_url=access.url,
        api_version="v1beta",
        timeout=int(access.seconds * 1000),
        retry_options=retry,
        **more,
    )
    return genai.Client(api_key=KEY, http_options=options)


def _with_result(prompt: str, first: Any) -> dict[str, Any]:
    """Give the second request of a conversation in which a tool was called."""
    (called,) = first.function_calls
    result = {"result": look_up(**called.args)}
    part = types.Part.from_function_response(name=called.name, response=result)
    contents = [
        types.Content(role="user", parts=[types.Part.from_text(text=prompt)]),
        first.candidates[0].content,
        types.Content(role="user", parts=[part]),
    ]
    return {"model": _MODEL, "contents": contents, "config": _TOOLS}


class Gemini:
    """The client that blocks."""

    def __init__(self, access: Access, **more: Any) -> None:
        self.client = _client(access, **more)

    def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""
        answer = self.client.models.generate_content(model=_MODEL, contents=prompt)
        return str(answer.text)

    def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""
        chunks = self.client.models.generate_content_stream(model=_MODEL, contents=prompt)
        return "".join(chunk.text or "" for chunk in chunks)

    def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""
        first = self.client.models.generate_content(
            model=_MODEL, contents=prompt, config=_TOOLS
        )
        second = self.client.models.generate_content(**_with_result(prompt, first))
        return str(second.text)

    def close(self) -> None:
        """Close the client."""
        self.client.close()


class AsyncGemini:
    """The client that is awaited: over aiohttp, where that is installed."""

    def __init__(self, access: Access, **more: Any) -> None:
        self.client = _client(access, **more)

    async def whole(self, prompt: str) -> str:
        """Ask, and take the answer when it is whole."""
        models = self.client.aio.models
        return str((await models.generate_content(model=_MODEL, contents=prompt)).text)

    async def stream(self, prompt: str) -> str:
        """Ask, and take the answer as it comes."""
        models = self.client.aio.models
        chunks = await models.generate_content_stream(model=_MODEL, contents=prompt)
        return "".join([chunk.text or "" async for chunk in chunks])

    async def tool(self, prompt: str) -> str:
        """Offer a tool, run it for the model, and take the answer to that."""
        models = self.client.aio.models
        first = await models.generate_content(model=_MODEL, contents=prompt, config=_TOOLS)
        return str((await models.generate_content(**_with_result(prompt, first))).text)

    async def close(self) -> None:
        """Close the client."""
        await self.client.aio.aclose()
        self.client.close()


class AsyncGeminiOverHttpx2(AsyncGemini):
    """The client that is awaited, given a transport of httpx2."""

    def __init__(self, access: Access) -> None:
        transport = httpx2.AsyncHTTPTransport()
        super().__init__(access, async_client_args={"transport": transport})
