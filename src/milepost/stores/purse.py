"""The purse: a small file that the processes of a session share and change in turn.

It lives as long as the session does and says nothing that a later one needs, so that it
is not synced. One write replaces it whole: a process that dies leaves it as it was, or
changed, and its lock goes with it.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from milepost.stores.files import FILE_MODE, store_errors
from milepost.stores.killpoints import killpoint

_LARGEST = 16 * 1024 * 1024


def make_purse(content: dict[str, Any]) -> Path:
    """Create a purse in a new folder of its own.

    Args:
        content: What it holds at first; JSON data.

    Raises:
        StoreError: The disk refuses.
    """
    with store_errors("make the session's purse in", Path(tempfile.gettempdir())):
        path = Path(tempfile.mkdtemp(prefix="milepost-")) / "purse.json"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            _write(handle, content)
        finally:
            os.close(handle)
    return path


def remove_purse(path: Path) -> None:
    """Remove a purse and its folder; what is gone already is no error."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()


@contextmanager
def open_purse(path: Path) -> Iterator[dict[str, Any]]:
    """Give what a purse holds, to be changed in place; nobody else does meanwhile.

    Args:
        path: The file.

    Raises:
        StoreError: It is gone, or the disk refuses.
    """
    with store_errors("open the session's purse", path):
        handle = os.open(path, os.O_RDWR)
    try:
        with store_errors("lock the session's purse", path):
            _lock(handle)
        content: dict[str, Any] = json.loads(os.pread(handle, _LARGEST, 0))
        yield content
        killpoint("purse.changed")
        with store_errors("write the session's purse", path):
            _write(handle, content)
        killpoint("purse.written")
    finally:
        os.close(handle)  # and the lock with it


def _lock(handle: int) -> None:
    try:
        import fcntl  # noqa: PLC0415 - Windows has none
    except ImportError:
        raise OSError(0, "files cannot be locked on this system") from None
    fcntl.flock(handle, fcntl.LOCK_EX)


def _write(handle: int, content: dict[str, Any]) -> None:
    # Never shorter than before, for cutting it would be a second step to die between.
    text = json.dumps(content, separators=(",", ":")).encode()
    text = text.ljust(os.fstat(handle).st_size)
    if os.pwrite(handle, text, 0) != len(text):
        raise OSError(0, "only a part of it could be written")
