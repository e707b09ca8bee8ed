"""Uses of the public API whose types must come out right.

Checked by mypy and never run. What must be refused stands in mistakes.py.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, assert_type, overload

from milepost import (
    CheckpointManager,
    Phase,
    PhaseCheckpoint,
    PhaseRetryHandler,
    PhaseStatus,
    RetryConfig,
    Step,
    StepMap,
    TestCheckpoint,
    bind,
    idempotency_key,
    step,
    step_map,
)

T = TypeVar("T")


@dataclass
class Doc:
    """What discovery gives."""

    title: str


@dataclass
class Plan:
    """What planning gives."""

    doc: Doc
    tasks: list[str]


class Planner:
    """An object whose methods are phases."""

    def __init__(self, model: str) -> None:
        self.model = model

    def plan(self, doc: Doc, *, depth: int = 1) -> Plan: ...
    async def plan_later(self, doc: Doc) -> Plan: ...
    @classmethod
    def named(cls, model: str) -> "Planner": ...
    @staticmethod
    def count(plan: Plan) -> int: ...
    def __call__(self, doc: Doc) -> str: ...


class Reader:
    """A callable object that gives a coroutine."""

    async def __call__(self, path: Path) -> bytes: ...


def discover(request: str) -> Doc: ...
def make_plan(doc: Doc, /, limit: int = 3, *, deep: bool = False) -> Plan: ...
def total(*counts: int, **named: int) -> int: ...
def nothing() -> None: ...
def maybe(doc: Doc) -> Plan | None: ...
def with_our_names(name: str, fn: int) -> float: ...
def same(value: T) -> T: ...
def pages(doc: Doc) -> Iterator[str]: ...
def later(doc: Doc) -> Awaitable[Plan]: ...
def any_of(doc: Doc) -> Any: ...
async def discover_later(request: str) -> Doc: ...
async def plan_later(doc: Doc, *, deep: bool = False) -> Plan: ...
async def stream(doc: Doc) -> AsyncIterator[str]:
    yield doc.title


@overload
def convert(value: int) -> str: ...
@overload
def convert(value: str) -> int: ...
def convert(value: int | str) -> int | str: ...


def decorated(fn: Callable[[Doc], T]) -> Callable[[Doc], list[T]]: ...


@decorated
def titles(doc: Doc) -> str: ...


def plain_functions(phase: Phase) -> None:
    assert_type(phase("discovery", discover, "request"), Doc)
    assert_type(phase("discovery", discover, request="request"), Doc)
    doc = phase("discovery", discover, "request")
    assert_type(phase("plan", make_plan, doc), Plan)
    assert_type(phase("plan", make_plan, doc, 5, deep=True), Plan)
    assert_type(phase("total", total, 1, 2, extra=3), int)
    assert_type(phase("maybe", maybe, doc), Plan | None)
    assert_type(phase("names", with_our_names, name="a", fn=1), float)
    assert_type(phase("pages", pages, doc), Iterator[str])
    assert_type(phase("any", any_of, doc), Any)
    assert_type(phase("titles", titles, doc), list[str])
    phase("nothing", nothing)


def other_callables(phase: Phase, doc: Doc) -> None:
    planner = phase("planner", Planner, "model")
    assert_type(planner, Planner)
    assert_type(phase("named", Planner.named, "model"), Planner)
    assert_type(phase("bound", planner.plan, doc, depth=2), Plan)
    assert_type(phase("unbound", Planner.plan, planner, doc), Plan)
    assert_type(phase("static", Planner.count, planner.plan(doc)), int)
    assert_type(phase("object", planner, doc), str)
    assert_type(phase("lambda", lambda: Doc("title")), Doc)
    assert_type(phase("partial", partial(make_plan, doc)), Plan)
    assert_type(phase("partial", partial(make_plan, doc, deep=True), 4), Plan)
    assert_type(phase("generic", same, doc), Doc)
    assert_type(phase("generic", same, [1, 2]), list[int])
    assert_type(phase("overloaded", convert, 1), str)
    assert_type(phase("overloaded", convert, "1"), int)
    assert_type(phase("builtin", len, "text"), int)


async def coroutine_functions(phase: Phase, planner: Planner) -> None:
    started = phase("discovery", discover_later, "request")
    doc = await assert_type(started, Coroutine[Any, Any, Doc])
    assert_type(doc, Doc)
    assert_type(await phase("plan", plan_later, doc, deep=True), Plan)
    assert_type(await phase("bound", planner.plan_later, doc), Plan)
    assert_type(await phase("object", Reader(), Path("a")), bytes)
    assert_type(await phase("lambda", lambda: plan_later(doc)), Plan)
    assert_type(await phase("partial", partial(plan_later, doc)), Plan)
    assert_type(await phase("awaitable", later, doc), Plan)
    assert_type(await phase("thread", asyncio.to_thread, discover, "request"), Doc)
    assert_type(phase("stream", stream, doc), AsyncIterator[str])


async def coroutines_together(phase: Phase, doc: Doc) -> None:
    both = await asyncio.gather(
        phase("discovery", discover_later, "request"), phase("plan", plan_later, doc)
    )
    assert_type(both, tuple[Doc, Plan])
    async with asyncio.TaskGroup() as group:
        task = group.create_task(phase("plan", plan_later, doc))
    assert_type(task, asyncio.Task[Plan])


def options(phase: Phase, doc: Doc) -> None:
    patient = phase.with_options(retry=RetryConfig(max_retries=5), timeout=60.0)
    assert_type(patient, Phase)
    assert_type(patient("plan", make_plan, doc), Plan)
    exact = phase.with_options(
        inputs=[Path("prompts"), "model"],
        ignore=["client"],
        returns=Plan,
        verify=lambda plan: plan.tasks,
        secret_ok=["$.token"],
    )
    assert_type(exact("any", any_of, doc), Any)
    alive = phase.with_options(always=True, retry=None)
    assert_type(alive("planner", Planner, "model"), Planner)


async def remembered(phase: Phase) -> None:
    assert_type(phase.remember("user", lambda: "user-1"), str)
    assert_type(phase.remember("folder", Path.cwd), Path)
    assert_type(await phase.remember("doc", lambda: discover_later("r")), Doc)


async def steps(planner: Planner, docs: list[Doc]) -> None:
    assert_type(step("discovery", discover, "request"), Doc)
    assert_type(step("plan", make_plan, docs[0], deep=True), Plan)
    assert_type(step("plan", planner.plan, docs[0], depth=2), Plan)
    assert_type(step("any", lambda: 1), int)
    assert_type(await step("later", discover_later, "request"), Doc)
    assert_type(await step("reader", Reader(), Path()), bytes)
    patient = step.with_options(key=7, retry=2, check=lambda plan: plan.tasks)
    assert_type(patient, Step)
    assert_type(patient("plan", make_plan, docs[0]), Plan)
    assert_type(idempotency_key(), str)
    assert_type(bind(make_plan)(docs[0], deep=True), Plan)


async def items(planner: Planner, docs: list[Doc]) -> None:
    assert_type(step_map("plan", planner.plan, docs), list[Plan])
    assert_type(step_map("title", titles, docs, key=lambda doc: doc.title), list[list[str]])
    later = step_map("plan", planner.plan_later, docs, concurrency=4, retry=RetryConfig())
    assert_type(await later, list[Plan])
    assert_type(step_map.with_options(check=bool), StepMap)


def cleaned_up(phase: Phase, planner: Planner) -> None:
    phase.cleanup(discover, "request")
    phase.cleanup(plan_later, Doc("title"))
    phase.cleanup(planner.plan, Doc("title"), depth=2)
    assert_type(phase.directory, Path)
    assert_type(phase.directory / "report.csv", Path)


def seed_api(manager: CheckpointManager, handler: PhaseRetryHandler) -> None:
    checkpoint = manager.create_checkpoint("Pipeline", "pipeline_1", "request", ["plan"])
    assert_type(checkpoint, TestCheckpoint)
    assert_type(manager.load_checkpoint("pipeline_1"), TestCheckpoint | None)
    assert_type(checkpoint.phases["plan"], PhaseCheckpoint)
    assert_type(checkpoint.phases["plan"].status, PhaseStatus)
    assert_type(checkpoint.phases["plan"].any_name, Any)
    assert_type(manager.get_resume_phase(checkpoint), str | None)
