"""Mistakes that a type checker must find, each with the code of its error.

Checked by mypy and never run: an ignore that is not needed is an error, so a mistake
that is no longer found fails the check.
"""

from pathlib import Path

from milepost import Phase, RetryConfig, bind, step, step_map


def discover(request: str) -> int: ...
def plan(document: int, *, deep: bool = False) -> str: ...
async def discover_later(request: str) -> int: ...


def wrong_arguments(phase: Phase) -> None:
    phase("discovery", discover, 1)  # type: ignore[arg-type]
    phase("discovery", discover)  # type: ignore[call-arg]
    phase("discovery", discover, "request", "more")  # type: ignore[call-arg]
    phase("discovery", discover, requested="request")  # type: ignore[call-arg]
    phase("plan", plan, phase("discovery", discover, "request"), True)  # type: ignore[call-arg]
    phase("plan", plan, phase("discovery", discover_later, "request"))  # type: ignore[arg-type]
    phase("plan", plan, 1, deep="yes")  # type: ignore[arg-type]


def wrong_calls(phase: Phase) -> None:
    phase(discover, "discovery", "request")  # type: ignore[arg-type]
    phase("discovery", discover("request"))  # type: ignore[arg-type]
    phase("discovery")  # type: ignore[call-arg]
    phase("discovery", discover, "request", timeout=1.0)  # type: ignore[call-arg]
    phase("discovery", fn=discover, request="request")  # type: ignore[call-arg]


def wrong_uses(phase: Phase) -> None:
    text: str = phase("discovery", discover, "request")  # type: ignore[assignment]
    phase("plan", plan, 1).lower().tasks  # type: ignore[attr-defined]
    del text


async def forgotten_await(phase: Phase) -> None:
    phase("discovery", discover_later, "request")  # type: ignore[unused-coroutine]
    number: int = phase("discovery", discover_later, "request")  # type: ignore[assignment]
    await phase("discovery", discover, "request")  # type: ignore[misc]
    del number


def wrong_clean_ups(phase: Phase) -> None:
    phase.cleanup(discover)  # type: ignore[call-arg]
    phase.cleanup(discover, 1)  # type: ignore[arg-type]
    phase.cleanup(discover("request"))  # type: ignore[arg-type]
    phase.cleanup("discover", "request")  # type: ignore[arg-type]
    phase.directory = Path("elsewhere")  # type: ignore[misc]


def wrong_options(phase: Phase) -> None:
    phase.with_options(retries=3)  # type: ignore[call-arg]
    phase.with_options(retry=3)  # type: ignore[arg-type]
    phase.with_options(inputs=1)  # type: ignore[arg-type]
    phase.with_options(RetryConfig())  # type: ignore[call-arg]
    phase.remember("user", discover)  # type: ignore[arg-type]
    phase.remember("user", "user-1")  # type: ignore[arg-type]


def wrong_steps(texts: list[str]) -> None:
    step("discovery", discover)  # type: ignore[call-arg]
    step("discovery", discover, 1)  # type: ignore[arg-type]
    step("discovery", discover, "request", key="k")  # type: ignore[call-arg]
    step(discover, "discovery")  # type: ignore[arg-type]
    text: str = step("discovery", discover, "request")  # type: ignore[assignment]
    step.with_options(key=1.5)  # type: ignore[arg-type]
    step.with_options(retries=3)  # type: ignore[call-arg]
    step_map("discovery", discover, 3)  # type: ignore[call-overload]
    step_map("discovery", discover, texts, workers=2)  # type: ignore[call-overload]
    bind(discover)(1)  # type: ignore[arg-type]
    del text
