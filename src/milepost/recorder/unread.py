"""Answers that are complete, and whose reader stopped before their last line.

Some clients read a stream up to the event that ends the answer, and neither read nor
close it afterwards. Such a call is kept when its attempt, or the run, is over.
"""

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from milepost.recorder.exchange import Exchange

_unread: Final[list["Exchange"]] = []
_lock: Final = threading.Lock()


def add(exchange: "Exchange") -> None:
    """Note a call whose answer is complete, in a thread."""
    with _lock:
        _unread[:] = [each for each in _unread if not each.is_settled]
        if exchange not in _unread:
            _unread.append(exchange)


def keep_all(*, over_only: bool = False, key: str = "") -> None:
    """Keep the calls that have not been kept yet.

    Args:
        over_only: Only those whose attempt is over.
        key: Only those of this key; empty for all.
    """
    with _lock:
        chosen = [
            each
            for each in _unread
            if (not over_only or each.scope.root.is_over)
            and (not key or each.asked.key == key)
        ]
    for exchange in chosen:
        exchange.close()
