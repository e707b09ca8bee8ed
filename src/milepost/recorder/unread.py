"""Answers that are complete, and whose reader stopped before their last line.

Some clients read a stream up to the event that ends the answer, and neither read nor
close it afterwards. Such a call is kept when its attempt, or the run, is over.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from milepost.recorder.exchange import Exchange
    from milepost.steps.memory import Memory

_unread: Final[list["Exchange"]] = []
_lock: Final = threading.Lock()


def add(exchange: "Exchange") -> None:
    """Note a call whose answer is complete, in a thread."""
    with _lock:
        _unread[:] = [each for each in _unread if not each.is_settled]
        if exchange not in _unread:
            _unread.append(exchange)


def keep_over(key: str) -> None:
    """Keep the calls of a key whose attempt is over, before it is asked for again.

    Args:
        key: The call's key.
    """
    _keep(lambda each: each.asked.key == key and each.scope.root.is_over)


def keep_all(memory: "Memory") -> None:
    """Keep the calls of a run that have not been kept yet, before it ends.

    Args:
        memory: What the run remembers.
    """
    _keep(lambda each: each.scope.memory is memory)


def _keep(is_meant: Callable[["Exchange"], bool]) -> None:
    with _lock:
        chosen = [each for each in _unread if is_meant(each)]
        _unread[:] = [each for each in _unread if each not in chosen]
    for exchange in chosen:
        exchange.close()
