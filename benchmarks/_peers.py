"""What others do for a durable step: run with the Python of ``requirements/bench.txt``.

``python _peers.py PEER MANNER NUMBER FOLDER`` prints the seconds that so many steps took.
With ``unfinished`` for a manner the process dies after its last step; ``resumed`` in the
same folder goes on, and prints when the first new step runs, the most memory held, and how
many of the others were made again.
Each peer is used as its documentation shows it, with SQLite where it needs a database.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

AT_ONCE = 32
ENDS = ("unfinished", "resumed")
WARM_UP = 64
made: list[int] = []
VALUE = {"file": "src/app.py", "tokens": 812, "names": ["create_user", "User"]}


def work(number: int) -> dict[str, Any]:
    """Be a step: do nothing."""
    made.append(number)
    return VALUE | {"number": number}


async def work_async(number: int) -> dict[str, Any]:
    """Be a step of a coroutine function."""
    return work(number)


def one_by_one(call: Callable[[int], Any], number: int) -> float:
    """Tell the seconds that so many calls take, one after the other."""
    for warming in range(min(WARM_UP, number)):
        call(-1 - warming)
    began = time.perf_counter()
    for one in range(number):
        call(one)
    return time.perf_counter() - began


async def in_waves(call: Callable[[int], Any], number: int) -> float:
    """Tell the seconds that so many calls take, always some at once."""
    await asyncio.gather(*[call(-1 - warming) for warming in range(min(WARM_UP, number))])
    began = time.perf_counter()
    for first in range(0, number, AT_ONCE):
        await asyncio.gather(*map(call, range(first, min(first + AT_ONCE, number))))
    return time.perf_counter() - began


def to_the_end(call: Callable[[int], Any], number: int, *, again: bool) -> float:
    """Make so many steps, and die; or find them made, and tell when a new one is due."""
    for one in range(number):
        call(one)
    if again:
        print(time.monotonic(), most_memory(), len(made), flush=True)
    os._exit(0)


def most_memory() -> int:
    """Tell the most that this process has held, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # what the system tells of a child begins with its parent's
        return 1024 * int(status.read_text().partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def joblib(manner: str, number: int, folder: Path) -> float:
    """Measure ``joblib.Memory``, whose results are written without a sync."""
    from joblib import Memory  # noqa: PLC0415 - one of three

    cached = Memory(str(folder), verbose=0).cache(work)
    if manner in ENDS:
        return to_the_end(cached, number, again=manner == "resumed")
    if manner == "sequential":
        return one_by_one(cached, number)

    async def main() -> float:
        loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(AT_ONCE)
        return await in_waves(lambda one: loop.run_in_executor(pool, cached, one), number)

    return asyncio.run(main())


def langgraph(manner: str, number: int, folder: Path) -> float:
    """Measure tasks of LangGraph, each result written before the next begins."""
    from langgraph.func import entrypoint, task  # noqa: PLC0415 - one of three

    settings: Any = {"configurable": {"thread_id": "1"}, "recursion_limit": 10**9}
    path = str(folder / "langgraph.sqlite")
    if manner != "at once":
        from langgraph.checkpoint.sqlite import SqliteSaver  # noqa: PLC0415 - one of three

        with SqliteSaver.from_conn_string(path) as saver:

            @entrypoint(checkpointer=saver)
            def flow(count: int) -> float:
                step = task(work)
                if manner in ENDS:
                    again = manner == "resumed"
                    return to_the_end(lambda one: step(one).result(), count, again=again)
                return one_by_one(lambda one: step(one).result(), count)

            given = None if manner == "resumed" else number
            return float(flow.invoke(given, settings, durability="sync"))

    async def main() -> float:
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver  # noqa: PLC0415 - one of three

        async with AsyncSqliteSaver.from_conn_string(path) as saver:

            @entrypoint(checkpointer=saver)
            async def flow(count: int) -> float:
                return await in_waves(task(work_async), count)

            return float(await flow.ainvoke(number, settings, durability="sync"))

    return asyncio.run(main())


def dbos(manner: str, number: int, folder: Path) -> float:
    """Measure the steps of a DBOS workflow."""
    from dbos import DBOS  # noqa: PLC0415 - one of three

    path = f"sqlite:///{folder / 'dbos.sqlite'}"
    DBOS(config={"name": "bench", "system_database_url": path, "log_level": "ERROR"})
    step, step_async = DBOS.step()(work), DBOS.step()(work_async)

    @DBOS.workflow()
    def flow(count: int) -> float:
        if manner in ENDS:
            return to_the_end(step, count, again=manner == "resumed")
        return one_by_one(step, count)

    @DBOS.workflow()
    async def flow_async(count: int) -> float:
        return await in_waves(step_async, count)

    DBOS.launch()  # goes on with workflows whose process died
    if manner == "resumed":
        time.sleep(600)
    try:
        return asyncio.run(flow_async(number)) if manner == "at once" else flow(number)
    finally:
        DBOS.destroy()


PEERS = {"joblib": joblib, "langgraph": langgraph, "dbos": dbos}

if __name__ == "__main__":
    peer, how, many, where = sys.argv[1:]
    print(PEERS[peer](how, int(many), Path(where)))
