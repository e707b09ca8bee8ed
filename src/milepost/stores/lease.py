"""The lease: the right of one run to write a checkpoint.

Taking it is the exclusive creation of ``lease-<fence>``; the highest one is the
lease. No lock is held on a file: an orphaned child would keep it.
"""

import errno
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from milepost import clock
from milepost.errors import ForkedError, GoneError, HeldError, hides_frames
from milepost.stores.files import make_folder, write_new
from milepost.stores.heartbeat import Heartbeat
from milepost.stores.holder import Holder
from milepost.stores.killpoints import killpoint

__tracebackhide__ = hides_frames
SILENCE_SECONDS: Final = 15.0
POLL_SECONDS: Final = 0.1
TEMPORARY: Final = ".tmp-"
_NO_HARD_LINKS: Final = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}

# States are padded to one width, so that they are overwritten in place.
STARTING, OPEN, CLOSING = "starting", "open    ", "closing "


class Lease:
    """The right to write one checkpoint, held by this process.

    Args:
        folder: The checkpoint's folder.
        fence: The lease's number; it only ever grows within a generation.
        holder: This process.

    Attributes:
        after_passed: When the test passed whose run died while it cleaned up; None
            if the lease before this one was no such run's.
    """

    def __init__(self, folder: Path, fence: int, holder: Holder) -> None:
        self.folder = folder
        self.fence = fence
        self.holder = holder
        self._name = f"lease-{fence}"
        self.path = folder / self._name
        self.released = False
        self.after_passed: str | None = None
        self._live: dict[str, str] = {"state": STARTING}
        self._beats = 0
        self._users = 1
        self._handle = -1
        # The heartbeat writes through the handle: its number must not be used again.
        self._handle_lock = threading.Lock()

    @classmethod
    def take(
        cls,
        folder: Path,
        test_id: str,
        run: str,
        wait: float = 0.0,
        above: Callable[[], int] = lambda: 0,
        removed: Callable[[], bool] = lambda: False,
    ) -> "Lease":
        """Take the lease, waiting for a living holder as long as allowed.

        A lease that this process holds already is shared: it is given back when all
        who took it have released it.

        Args:
            folder: The checkpoint's folder; created where it is missing.
            test_id: For the message.
            run: This run's id.
            wait: Seconds to wait for a holder that lives. Watching one on another
                host for 15 s comes on top.
            above: Tells the fence of the document as of now; the lease's is higher.
            removed: Tells whether somebody removed the document. A holder whose
                document was removed can never write again, so it is replaced.

        Raises:
            HeldError: Another run holds it.
            OSError: The folder cannot be written.
        """
        deadline = clock.monotonic() + wait
        while True:
            own = _held.get(folder)
            if own and own.is_usable():
                own._users += 1
                return own
            make_folder(folder)
            newest = _newest(folder)
            if newest is None or _is_ended(newest, removed) or _is_dead(newest):
                lease = cls._succeed(folder, run, newest, above)
                if lease:
                    return lease
            elif clock.monotonic() >= deadline and newest.exists():
                raise HeldError(test_id, _describe(newest), wait)
            else:
                killpoint("lease.waiting")
                clock.sleep(POLL_SECONDS)

    @classmethod
    def _succeed(
        cls, folder: Path, run: str, newest: Path | None, above: Callable[[], int]
    ) -> "Lease | None":
        """Create the next lease; None if another run was faster."""
        before = _read(newest) or {} if newest else {}
        fence = max(above(), _fence(newest) if newest else 0) + 1
        lease = cls(folder, fence, Holder.of_this_process(run))
        lease.after_passed = before.get("passed_at")
        # The folder may have gone with the lease of one who has just ended.
        with suppress(FileNotFoundError):
            if lease._create():
                # Others may have come and gone since the newest was looked for.
                if lease.is_usable() and above() < fence:
                    return lease
                lease.end()
        return None

    def _create(self) -> bool:
        """Create the file, whole from its first moment; False if another was first."""
        temporary = self.temporary()
        killpoint("lease.begin")
        write_new(temporary, self._content())
        killpoint("lease.written")
        try:
            self._link(temporary)
            killpoint("lease.linked")
            self._handle = os.open(self.path, os.O_WRONLY)
        except (FileExistsError, FileNotFoundError):
            return False  # the second: the one who was first has cleared up
        finally:
            temporary.unlink(missing_ok=True)
        killpoint("lease.taken")
        _held[self.folder] = self
        _heartbeat.add(self)
        with suppress(FileNotFoundError):
            self._clear()
        return True

    def _link(self, temporary: Path) -> None:
        try:
            os.link(temporary, self.path)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            write_new(self.path, self._content())

    def _content(self) -> bytes:
        live = self._live | {"counter": f"{self._beats:010d}"}
        return json.dumps(self.holder.to_dict() | live, sort_keys=True).encode() + b"\n"

    def _clear(self) -> None:
        """Remove older leases, and temporary files: their writers cannot rename them."""
        for entry in list(self.folder.iterdir()):
            stale = entry.name.startswith(TEMPORARY) or (
                entry.name.startswith("lease-") and _fence(entry) < self.fence
            )
            if stale:
                entry.unlink(missing_ok=True)
                killpoint("lease.cleared")

    def temporary(self) -> Path:
        """Name a new temporary file that only this lease's holder may rename."""
        return self.folder / f"{TEMPORARY}{self.holder.run}-{os.getpid()}-{clock.new_id()}"

    def check(self, test_id: str) -> None:
        """Make sure that this process may write.

        Raises:
            ForkedError: This is a forked child.
            GoneError: Another run took over, or the checkpoint was removed.
        """
        if os.getpid() != self.holder.pid:
            raise ForkedError(test_id)
        if self.released:
            raise GoneError(test_id, "Its run has ended.")
        if self._is_highest():
            return
        newest = _newest(self.folder)
        if newest is None:
            raise GoneError(test_id, f"{self.folder} was removed.")
        raise GoneError(test_id, f"It was taken over by {_describe(newest)}.")

    def is_usable(self) -> bool:
        """Tell whether the lease is this process's and still the highest."""
        own = os.getpid() == self.holder.pid and not self.released
        return own and self._is_highest()

    def _is_highest(self) -> bool:
        return _newest_name(self.folder) == self._name and self._is_in_place()

    def _is_in_place(self) -> bool:
        """Tell whether the file under the lease's name is the one that we created.

        After the folder was removed another run may hold a lease of this number.
        """
        try:
            return os.path.samestat(os.fstat(self._handle), self.path.stat())
        except OSError:
            return False

    def mark(self, state: str, passed_at: str | None = None) -> None:
        """Write into the file what its holder is about to do.

        Args:
            state: Starting, open or closing.
            passed_at: When the test passed whose checkpoint is about to be deleted.
        """
        before = dict(self._live)
        self._live["state"] = state
        if passed_at:
            self._live["passed_at"] = passed_at
        if self._live != before:
            self._rewrite()

    def beat(self) -> None:
        """Raise the counter, which tells runs on other hosts that this one lives."""
        self._beats += 1
        self._rewrite()

    def _rewrite(self) -> None:
        # Through the open handle: the name may be another run's lease by now.
        with self._handle_lock, suppress(OSError):
            if self._handle >= 0:
                os.pwrite(self._handle, self._content(), 0)

    def release(self) -> None:
        """Give the lease back; while others of this process share it, they keep it."""
        self._users -= 1
        if self._users <= 0:
            self.end()

    def end(self) -> None:
        """Give the lease back for all who share it; a forked child's copy is left alone."""
        if os.getpid() != self.holder.pid or self.released:
            return
        self.released = True
        _heartbeat.discard(self)
        if _held.get(self.folder) is self:
            del _held[self.folder]
        with suppress(OSError):
            if self._is_in_place():
                self.path.unlink()
                killpoint("lease.given-back")
                self.folder.rmdir()
                killpoint("lease.folder-gone")
        with self._handle_lock:
            os.close(self._handle)
            self._handle = -1


def _newest(folder: Path) -> Path | None:
    name = _newest_name(folder)
    return folder / name if name else None


def _newest_name(folder: Path) -> str:
    """Give the name of the highest lease; empty where there is none."""
    try:
        # Every save comes here several times, hence names instead of paths.
        name = max(os.listdir(folder), key=_fence_of, default="")  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return name if _fence_of(name) else ""


def _fence(path: Path) -> int:
    return _fence_of(path.name)


def _fence_of(name: str) -> int:
    """Give the number of a lease by its name; 0 for what is none."""
    digits = name.removeprefix("lease-") if name.startswith("lease-") else ""
    return int(digits) if digits.isdecimal() else 0


def _read(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _holder(path: Path) -> Holder | None:
    try:
        return Holder.from_dict(_read(path) or {})
    except KeyError:
        return None


def _describe(path: Path) -> str:
    return str(_holder(path) or f"unreadable lease {path}")


def _is_ended(path: Path, removed: Callable[[], bool]) -> bool:
    """Tell whether the document of a lease was there and has been removed by hand."""
    return (_read(path) or {}).get("state") == OPEN and removed()


def _is_dead(path: Path) -> bool:
    holder = _holder(path)
    if holder is None and not path.exists():
        return False  # it has been given back: who asks looks for the newest again
    if holder and holder.is_local():
        return not holder.lives()
    return _is_silent(path)


def _is_silent(path: Path) -> bool:
    """Watch a lease whose process cannot be seen: it is dead when nothing moves."""
    seen, deadline = _bytes(path), clock.monotonic() + SILENCE_SECONDS
    while clock.monotonic() < deadline:
        clock.sleep(POLL_SECONDS)
        if _bytes(path) != seen:
            return False
    return True


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


_heartbeat = Heartbeat()
# The leases of this process by folder: managers of one process share them.
_held: dict[Path, Lease] = {}


def _pause() -> None:
    _heartbeat.pause()


def _resume() -> None:
    _heartbeat.resume()


def _forget() -> None:
    """Start afresh in a forked child, which has neither the leases nor the thread."""
    global _heartbeat  # noqa: PLW0603 - the child's own, empty one
    _heartbeat = Heartbeat()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_pause, after_in_parent=_resume, after_in_child=_forget)
