"""End this process when the one that started it is gone, however it went."""

import os
import threading
from typing import Final

_LOOK_SECONDS: Final = 0.5


def end_with_parent(parent: int) -> None:
    """Watch from a thread that the parent lives; end without a word when it does not.

    A parent killed by SIGKILL cannot stop its children itself.

    Args:
        parent: The process id of the parent, as it told it itself: when it died before
            this call, this process has another parent already.
    """
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(_LOOK_SECONDS)
    os._exit(1)
