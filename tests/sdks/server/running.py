"""The stand-in in a thread of the tests' own process, which is never killed."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.sdks.server.serving import Server
from tests.sdks.server.servings import Servings


class StandIn:
    """A running stand-in.

    Args:
        servings: What it served.

    Attributes:
        servings: What it served.
        port: Where it listens, on loopback.
    """

    def __init__(self, servings: Servings) -> None:
        self.servings = servings
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._listens = threading.Event()
        self._stop = asyncio.Event()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Serve until it is stopped; for a thread of its own."""
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        client = Server(self.servings).serve_client
        server = await asyncio.start_server(client, "127.0.0.1", 0, backlog=256)
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._stop.wait()
        server.close()
        clients = asyncio.all_tasks() - {asyncio.current_task()}
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    def wait_until_it_listens(self) -> None:
        """Wait for the port."""
        assert self._listens.wait(10)

    def stop(self) -> None:
        """Let it end."""
        self._loop.call_soon_threadsafe(self._stop.set)


@contextlib.contextmanager
def running(log: Path) -> Iterator[StandIn]:
    """Run a stand-in until the block ends.

    Args:
        log: Where it writes a line for each serving.
    """
    stand_in = StandIn(Servings(log))
    thread = threading.Thread(target=stand_in.run, name="stand-in", daemon=True)
    thread.start()
    try:
        stand_in.wait_until_it_listens()
        yield stand_in
    finally:
        stand_in.stop()
        thread.join(10)
