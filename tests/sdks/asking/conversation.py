"""What the stories ask, all at once, through one configuration.

A story's run is told by its environment: ``STAND_IN_URL``; ``RUN``, under which answers
are noted; ``PATIENCE``, the seconds for the calls that are meant to hang.
"""

import asyncio
import json
import os
import traceback
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.sdks.asking.asker import Access
from tests.sdks.asking.configurations import ALL
from tests.sdks.server.question import Fault

CONCURRENT: Final = 33
WAYS: Final = ("whole", "stream", "tool")
_ACCESSES: Final = ("plain", "impatient", "retrying")


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing to ask.

    Args:
        way: ``whole``, ``stream`` or ``tool``.
        prompt: What is asked.
        access: ``plain``, ``impatient`` (does not wait for long) or ``retrying`` (the SDK
            itself tries again).
    """

    way: str
    prompt: str
    access: str = "plain"


def many(name: str) -> list[Ask]:
    """Ask in each way, and 33 things at once.

    Args:
        name: Of the configuration.
    """
    single = [Ask(way, f"{name}: by {way}") for way in WAYS]
    numbers = range(1, CONCURRENT + 1)
    asks = [Ask(WAYS[n % 2], f"{name}: {n} of {CONCURRENT}") for n in numbers]
    packed = Ask("whole", f"{name}: packed\nCompressed: yes")
    return [*single, *asks, packed]


def one_by_one(name: str) -> list[Ask]:
    """Ask 33 things at once that are answered one after the other.

    Args:
        name: Of the configuration.
    """
    numbers = range(1, CONCURRENT + 1)
    late = [(n, WAYS[n % 3], n * 0.02) for n in numbers]
    return [Ask(way, f"{name}: {n} by {way}\nAfter: {s:.2f}") for n, way, s in late]


def broken(name: str) -> list[Ask]:
    """Ask what breaks the first time, in each way in which an answer can break.

    Args:
        name: Of the configuration.
    """
    faults = [
        Ask(
            way,
            f"{name}: {fault} by {way}\nFault: {fault}",
            "impatient" if fault is Fault.HANG else "plain",
        )
        for fault in Fault
        for way in ("whole", "stream")
    ]
    retried = [
        Ask("whole", f"{name}: {fault}, mended\nFault: {fault}", "retrying")
        for fault in (Fault.RATE_LIMIT, Fault.OVERLOADED)
    ]
    return [*faults, *retried]


def everything(name: str) -> list[Ask]:
    """Ask all of it.

    Args:
        name: Of the configuration.
    """
    return [*many(name), *broken(name)]


def _access(kind: str) -> Access:
    return Access(
        url=os.environ["STAND_IN_URL"],
        retries=2 if kind == "retrying" else 0,
        seconds=float(os.environ["PATIENCE"]) if kind == "impatient" else 30.0,
    )


def ask_all(name: str, asks: Sequence[Ask]) -> dict[str, str]:
    """Ask everything at once, from threads; what breaks is told in the answer.

    Args:
        name: Of the configuration.
        asks: What to ask.

    Returns:
        The answers by prompt.
    """
    with ExitStack() as opened:
        models = {}
        for kind in _ACCESSES:
            models[kind] = ALL[name].open(_access(kind))
            opened.callback(models[kind].close)
        threads = opened.enter_context(ThreadPoolExecutor(len(asks)))
        calls = [getattr(models[ask.access], ask.way) for ask in asks]
        prompts = [ask.prompt for ask in asks]
        answers = dict(zip(prompts, threads.map(_answer, calls, prompts), strict=True))
    return _noted(name, answers)


def _answer(call: Callable[[str], str], prompt: str) -> str:
    try:
        return call(prompt)
    except Exception as error:  # noqa: BLE001 - each SDK has errors of its own
        return _broken(error)


async def ask_all_awaited(name: str, asks: Sequence[Ask]) -> dict[str, str]:
    """Ask everything at once, in tasks; what breaks is told in the answer.

    Args:
        name: Of the configuration.
        asks: What to ask.

    Returns:
        The answers by prompt.
    """
    async with AsyncExitStack() as opened:
        models = {}
        for kind in _ACCESSES:
            models[kind] = ALL[name].open(_access(kind))
            opened.push_async_callback(models[kind].close)
        calls = [getattr(models[ask.access], ask.way) for ask in asks]
        prompts = [ask.prompt for ask in asks]
        given = await asyncio.gather(*map(_answer_awaited, calls, prompts))
    return _noted(name, dict(zip(prompts, given, strict=True)))


async def _answer_awaited(call: Callable[[str], Awaitable[str]], prompt: str) -> str:
    try:
        return await call(prompt)
    except Exception as error:  # noqa: BLE001 - each SDK has errors of its own
        return _broken(error)


def _broken(error: Exception) -> str:
    """Tell of an error in place of an answer; all of it lies beside the answers."""
    with _folder().joinpath("errors.txt").open("a", encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    return f"broke: {type(error).__name__}"


def _folder() -> Path:
    folder = Path("answers", os.environ["RUN"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _noted(name: str, answers: dict[str, str]) -> dict[str, str]:
    """Write down what a configuration got in this run."""
    _folder().joinpath(f"{name}.json").write_text(json.dumps(answers), encoding="utf-8")
    return answers


def stop_early() -> None:
    """End the story before its end, in a run that is told to.

    Raises:
        RuntimeError: This run is told to.
    """
    if os.environ.get("BROKEN"):
        raise RuntimeError("this story breaks here")


def with_end(name: str, asks: list[Ask]) -> dict[str, Any]:
    """Ask everything, then perhaps stop early."""
    answers = ask_all(name, asks)
    stop_early()
    return {"answers": answers}


async def with_end_awaited(name: str, asks: list[Ask]) -> dict[str, Any]:
    """Ask everything, then perhaps stop early."""
    answers = await ask_all_awaited(name, asks)
    stop_early()
    return {"answers": answers}
