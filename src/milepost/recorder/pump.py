"""An awaited call: read in a task of its own, piece by piece as its asker wants them.

An asker that is cancelled does not take the call along: it is read to its end and kept.
One that closes the answer early, for no such reason, stops it.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from milepost import loops
from milepost.recorder import nesting
from milepost.recorder.exchange import Exchange

_CLOSING: Final = 5.0  # seconds that closing an answer may take


@dataclass(frozen=True)
class Source:
    """The head of an answer as it came, and the way to its body.

    Attributes:
        response: The client's own response.
        status: The HTTP status.
        headers: Its headers.
        chunks: The body.
        close: Closes it.
        genuine: It came over the network, and not from a stand-in inside the process.
        decoded: Whether the chunks are without the body's encoding.
    """

    response: Any
    status: int
    headers: list[tuple[str, str]]
    chunks: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]
    genuine: bool = True
    decoded: bool = False


class Pump:
    """Moves an answer from its source to its asker.

    Args:
        exchange: The call; it has been opened.
        send: Sends the request, and gives the head of its answer.
        is_unsold: Tells of an error whether the call surely cost nothing.

    Attributes:
        passes: The answer is none to keep: its own response is handed on as it is.
    """

    def __init__(
        self,
        exchange: Exchange,
        send: Callable[[], Awaitable[Source]],
        is_unsold: Callable[[BaseException], bool],
    ) -> None:
        self.exchange = exchange
        self.passes = False
        self._send = send
        self._is_unsold = is_unsold
        self._source: Source | None = None
        self._ready: deque[bytes] = deque()
        self._error: BaseException | None = None
        self._ended = self._free = self._stopping = self._left = False
        self._waits = True
        self._wanted, self._given = loops.new_event(), loops.new_event()
        self._asker = loops.current_task()
        patience = max(exchange.scope.memory.settings.drain, 0.0)
        self._running = loops.run_aside(self._run, self, patience)

    # The asker's side

    async def head(self) -> Source:
        """Wait for the head of the answer.

        Raises:
            BaseException: What sending raised.
        """
        __tracebackhide__ = True
        while self._source is None:
            if self._ended:
                raise self._failure()
            await self._wait()
        return self._source

    async def next(self) -> bytes | None:
        """Wait for the next piece of the body; None at its end.

        Raises:
            BaseException: What reading raised.
        """
        __tracebackhide__ = True
        self._asker = loops.current_task()
        while not self._ready:
            if self._ended:
                if self._error is not None:
                    raise self._failure()
                return None
            self._wanted.set()
            await self._wait()
        return self._ready.popleft()

    async def _wait(self) -> None:
        __tracebackhide__ = True
        given, self._waits = self._given, True
        try:
            await given.wait()
        except BaseException:
            self.abandon()
            raise
        self._waits = False

    def _failure(self) -> BaseException:
        return self._error or RuntimeError("the answer was closed")

    def abandon(self) -> None:
        """Let the call be read to its end, though nobody asks for it any more."""
        if self._ended:
            return
        self._left = True
        if self.exchange.is_settled:
            self.stop()
            return
        if not self.exchange.is_soft:  # whoever has read that far has the answer
            self.exchange.leave()
        self._read_on()

    def stop(self) -> None:
        """Stop the call: nobody wants its answer."""
        if not self._ended and not self._stopping:
            self._stopping = True
            self._running.cancel()

    def let_go(self) -> bool:
        """Let go of the answer; gives whether that stops the call.

        It goes on where its asker is cancelled, and where only bookkeeping is missing.
        """
        if self._ended or self._left:
            return False
        if self.exchange.is_soft or loops.is_cancelled(self._asker):
            self.abandon()
            return False
        self.stop()
        return True

    async def close(self) -> None:
        """Close the answer, for the asker."""
        if self.let_go():
            await self._running.finished(_CLOSING)

    def forget(self) -> None:
        """Let go of an answer that nobody has closed; from wherever it is collected."""
        if not self._ended and not self._left:
            self._running.soon(self.let_go)

    @property
    def is_wanted(self) -> bool:
        """Tell whether the call is to be read to its end, though its loop ends."""
        return self._free or self._waits

    @property
    def is_left(self) -> bool:
        """Tell whether it is read on for nobody but the next attempt."""
        return self._left and not self._ended and not self._stopping

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more comes."""
        return self._ended

    async def finished(self, seconds: float) -> None:
        """Wait until it has ended, though the caller be cancelled."""
        await self._running.finished(seconds)

    def _read_on(self) -> None:
        self._free = True
        self._wanted.set()

    # The call's side

    async def _run(self) -> None:
        try:
            await self._pump()
        except BaseException as error:  # noqa: BLE001 - it comes out where it is awaited
            self._fail(error)
        finally:
            await self._end()

    def _fail(self, error: BaseException) -> None:
        self._error = error
        if self._source is None and self._is_unsold(error):
            self.exchange.unsold(None)

    async def _end(self) -> None:
        try:
            await self.exchange.close_async()
        except BaseException as error:  # noqa: BLE001 - the same
            self._error = self._error or error
        finally:
            self._ended = True
            self._give()

    async def _pump(self) -> None:
        with nesting.inside():
            source = await self._send()
        exchange = self.exchange
        good = exchange.answered(source.status, source.headers, decoded=source.decoded)
        if not (good and source.genuine):
            self.passes = True
            exchange.unsold(source.status)
            self._source = source
            return
        self._source = source
        self._give()
        try:
            await self._read(source)
        finally:
            with suppress(Exception):
                await source.close()

    async def _read(self, source: Source) -> None:
        while True:
            await self._until_wanted()
            try:
                piece = await anext(source.chunks)
            except StopAsyncIteration:
                if self.exchange.end():
                    await self.exchange.keep_async()
                return
            if self.exchange.feed(piece):
                await self.exchange.keep_async()
            if piece and not self._left:
                self._wanted = loops.new_event()
                self._ready.append(piece)
                self._give()
            if self._left and self.exchange.is_settled:
                return
            if self.exchange.is_soft:
                self._free = True

    async def _until_wanted(self) -> None:
        if not self._free or self.exchange.is_settled:
            await self._wanted.wait()

    def _give(self) -> None:
        given, self._given = self._given, loops.new_event()
        given.set()
