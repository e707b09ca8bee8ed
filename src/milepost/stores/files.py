"""Durable file operations: the system calls that every write is made of.

The order in a replacement is fixed: content, its sync, the rename, the sync of the
directory. A reader sees the old file or the new one, never a mixture.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from milepost.errors import StoreError, hides_frames
from milepost.stores.killpoints import killpoint

__tracebackhide__ = hides_frames
FILE_MODE = 0o600
FOLDER_MODE = 0o700


class _StoreErrors:
    def __init__(self, doing: str, path: Path) -> None:
        self._doing = doing
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: object, _traceback: object) -> None:
        if isinstance(error, OSError):
            raise StoreError(self._doing, str(self._path), error) from None


def store_errors(doing: str, path: Path) -> AbstractContextManager[None]:
    """Turn an OSError into one that says what milepost was doing, and the cure."""
    return _StoreErrors(doing, path)


def write_new(path: Path, content: bytes) -> None:
    """Create a file that must not exist, with its content synced to the disk.

    Raises:
        OSError: The disk refuses; what was written is removed again.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        killpoint("file.created")
        _write_all(handle, content)
        killpoint("file.written")
        os.fsync(handle)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    finally:
        os.close(handle)


def write_sign(path: Path, content: bytes) -> None:
    """Write a small file where it is missing or empty.

    Several runs may do so at once: they write the same, so that no temporary file,
    which a crash would leave lying, is needed.
    """
    with suppress(FileNotFoundError):
        if path.stat().st_size:
            return
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, FILE_MODE)
    try:
        killpoint("sign.created")
        _write_all(handle, content)
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def replace(
    temporary: Path, target: Path, content: bytes, point: str, check: Callable[[], None]
) -> None:
    """Replace a file by new content, atomically and durably.

    Args:
        temporary: A name in the same file system that nobody else uses.
        target: The file to replace.
        content: The new content.
        point: The prefix of the named kill points.
        check: Called between the sync and the rename; raises to stop.

    Raises:
        OSError: The disk refuses; the target is as it was.
    """
    killpoint(f"{point}.begin")
    write_new(temporary, content)
    killpoint(f"{point}.synced")
    try:
        check()
        killpoint(f"{point}.checked")
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    killpoint(f"{point}.renamed")
    sync_folder(target.parent)
    killpoint(f"{point}.durable")


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name; a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        write_new(target, source.read_bytes())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name == "nt":  # Windows opens no folder; the report says so
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path, known: dict[Path, tuple[int, int]]) -> None:
    """Make the files in a folder and below durable, and their names.

    Args:
        folder: The folder; nothing happens where there is none.
        known: Size and time of the files that are durable already.
    """
    entries = list(_entries(folder))
    for entry in entries:
        # A server that a phase has started may remove its files at any time.
        with suppress(FileNotFoundError):
            if entry.is_dir() and not entry.is_symlink():
                sync_tree(entry, known)
            elif entry.is_file() and not entry.is_symlink():
                _sync_file(entry, known)
    if entries:
        sync_folder(folder)


def _sync_file(path: Path, known: dict[Path, tuple[int, int]]) -> None:
    found = path.stat()
    now = found.st_size, found.st_ctime_ns  # nobody can set that one back
    if known.get(path) == now:
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    known[path] = now
    killpoint("directory.synced")


def make_folder(folder: Path) -> None:
    """Create a folder for its owner only, with its parents, durably."""
    if not folder.is_dir():
        make_folder(folder.parent)
        make_last_folder(folder)


def make_last_folder(folder: Path) -> None:
    """Create a folder, durably; its parent must be there."""
    with suppress(FileExistsError):
        folder.mkdir(mode=FOLDER_MODE)
        killpoint("folder.made")
        sync_folder(folder.parent)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it; what is gone already is no error."""
    for entry in list(_entries(folder)):
        if entry.is_dir() and not entry.is_symlink():
            remove_tree(entry)
        else:
            entry.unlink(missing_ok=True)
            killpoint("tree.unlinked")
    with suppress(FileNotFoundError):
        folder.rmdir()
        killpoint("tree.removed")


def _entries(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError, NotADirectoryError):
        yield from folder.iterdir()
