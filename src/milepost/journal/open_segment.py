"""The segment that a run adds to, and that nobody else does."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from milepost.journal.segment import Segment
from milepost.stores.files import FILE_MODE, sync_folder
from milepost.stores.killpoints import is_armed, killpoint

# macOS has no fdatasync.
_sync: Final = getattr(os, "fdatasync", os.fsync)


class OpenSegment:
    """A segment that this run adds to.

    Args:
        folder: The folder.
        fence: The number of the lease.
        run: The run.
        number: The first number that may be free.
        may_write: Raises if this run may write no more.

    Raises:
        OSError: It cannot be created.
    """

    def __init__(
        self, folder: Path, fence: int, run: str, number: int, may_write: Callable[[], None]
    ) -> None:
        may_write()
        self.size = 0
        self.fence = fence
        self.run = run
        self.number = number
        self.handle, self.path = self._create(folder)
        try:
            killpoint("journal.created")
            # A record counts as soon as it is synced, so its file's name has to last.
            sync_folder(folder)
        except BaseException:
            self.abandon()
            raise

    def _create(self, folder: Path) -> tuple[int, Path]:
        while True:
            ending = f"-{self.number}" if self.number > 1 else ""
            path = folder / f"journal-{self.fence}-{self.run}{ending}.jsonl"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
            with suppress(FileExistsError):
                return os.open(path, flags, FILE_MODE), path
            self.number += 1

    def named(self) -> Segment:
        """Give it as one that lies in its folder."""
        return Segment(self.fence, self.number, self.run, self.path)

    def write(self, content: bytes, *, sync: bool) -> None:
        """Add whole lines.

        Args:
            content: The lines.
            sync: Return when they are durable.

        Raises:
            OSError: Not all was written, or it is not durable. Whatever the file holds
                now, nothing may be added to it.
        """
        if is_armed("journal.torn"):
            content = self._tear(content)
        written = os.write(self.handle, content)
        self.size += written
        if written != len(content):
            # The next write would say why; it must not happen.
            what = f"only {written} of {len(content)} bytes were written"
            raise OSError(errno.ENOSPC, f"{what}: the disk is full, or a limit is reached")
        killpoint("journal.written")
        if sync:
            _sync(self.handle)
            killpoint("journal.synced")

    def _tear(self, content: bytes) -> bytes:
        half = len(content) // 2 + 1  # never between two equal lines
        self.size += os.write(self.handle, content[:half])
        killpoint("journal.torn")
        return content[half:]

    def abandon(self) -> None:
        """Close it for ever; it goes if nothing was ever written to it."""
        self.close()
        if not self.size:
            with suppress(OSError):
                self.path.unlink()

    def close(self) -> None:
        """Close it."""
        handle, self.handle = self.handle, -1
        if handle >= 0:
            with suppress(OSError):
                os.close(handle)
