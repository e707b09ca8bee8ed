"""All clients in one form: ask a path, whole or as a stream, blocking or not."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import httpx2
import requests

Ask = Callable[..., str]
PATH = "/v1/chat/completions"


def body(prompt: str, *, stream: bool = False) -> dict[str, Any]:
    """Give a request as OpenAI's clients make it."""
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": prompt}]}
    return asked | ({"stream": True} if stream else {})


def text_of(content: bytes, *, stream: bool) -> str:
    """Give the text of an answer."""
    if not stream:
        return str(json.loads(content)["choices"][0]["message"]["content"])
    lines = [line[6:] for line in content.decode().splitlines() if line[:6] == "data: "]
    deltas = [json.loads(line)["choices"][0]["delta"] for line in lines if line[0] == "{"]
    return " ".join(delta["content"] for delta in deltas if "content" in delta)


def _blocking(module: Any) -> Ask:
    def ask(address: str, prompt: str, *, stream: bool = False) -> str:
        given = body(prompt, stream=stream)
        with (
            module.Client(verify=False) as client,
            client.stream("POST", address + PATH, json=given) as answer,
        ):
            answer.raise_for_status()
            return text_of(b"".join(answer.iter_bytes()), stream=stream)

    return ask


def _awaited(module: Any) -> Ask:
    async def ask(address: str, prompt: str, *, stream: bool = False) -> str:
        given = body(prompt, stream=stream)
        async with (
            module.AsyncClient(verify=False) as client,
            client.stream("POST", address + PATH, json=given) as answer,
        ):
            answer.raise_for_status()
            pieces = [piece async for piece in answer.aiter_bytes()]
            return text_of(b"".join(pieces), stream=stream)

    return lambda *args, **kwargs: asyncio.run(ask(*args, **kwargs))


def _requests(address: str, prompt: str, *, stream: bool = False) -> str:
    given = body(prompt, stream=stream)
    with requests.post(address + PATH, json=given, stream=stream, timeout=20) as answer:
        answer.raise_for_status()
        content = b"".join(answer.iter_content(64)) if stream else answer.content
        return text_of(content, stream=stream)


def _aiohttp(address: str, prompt: str, *, stream: bool = False) -> str:
    async def ask() -> str:
        given = body(prompt, stream=stream)
        async with (
            aiohttp.ClientSession() as session,
            session.post(address + PATH, json=given) as answer,
        ):
            answer.raise_for_status()
            if not stream:
                return text_of(await answer.read(), stream=False)
            pieces = [piece async for piece in answer.content.iter_any()]
            return text_of(b"".join(pieces), stream=True)

    return asyncio.run(ask())


CLIENTS: dict[str, Ask] = {
    "httpx": _blocking(httpx),
    "httpx-async": _awaited(httpx),
    "httpx2": _blocking(httpx2),
    "httpx2-async": _awaited(httpx2),
    "aiohttp": _aiohttp,
    "requests": _requests,
}
