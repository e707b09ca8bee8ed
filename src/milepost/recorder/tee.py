"""A blocking call's body, kept as it goes by."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from milepost.recorder import unread
from milepost.recorder.exchange import Exchange


def keep_whole(exchange: Exchange, content: bytes) -> None:
    """Keep a call whose body has been read already.

    Args:
        exchange: The call.
        content: The body.
    """
    if exchange.feed(content) or exchange.end():
        exchange.keep()


class Tee:
    """Gives the pieces of a body on, and keeps the call before its reader has them all.

    Args:
        exchange: The call.
        pieces: The body.
        close: Closes it.
    """

    def __init__(
        self, exchange: Exchange, pieces: Iterator[bytes], close: Callable[[], None]
    ) -> None:
        self.exchange = exchange
        self._pieces = pieces
        self._close = close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        __tracebackhide__ = True
        exchange = self.exchange
        try:
            piece = next(self._pieces)
        except StopIteration:
            if exchange.end():
                exchange.keep()
            raise
        except BaseException:
            exchange.close()
            raise
        if exchange.feed(piece):
            exchange.keep()
        elif exchange.is_soft:
            unread.add(exchange)
        return piece

    def close(self) -> None:
        """Close the body; a complete answer is kept, another is not."""
        try:
            self._close()
        finally:
            self.exchange.close()

    def __del__(self) -> None:
        with suppress(Exception):
            self.exchange.close()
