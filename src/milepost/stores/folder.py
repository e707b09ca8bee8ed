"""Checkpoints in a local folder.

Holds the layout of format version 1: one document and one folder a checkpoint, and
the history beside them.
"""

import glob
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from milepost import clock
from milepost.document_errors import DamagedCheckpointError, NoFileError
from milepost.errors import DamagedValueError, GoneError, hides_frames
from milepost.shape import MAX_DOCUMENT_BYTES
from milepost.stores import cleanups, files, lives
from milepost.stores.killpoints import killpoint
from milepost.stores.lease import CLOSING, STARTING, Lease
from milepost.stores.names import check_test_id, is_test_id

__tracebackhide__ = hides_frames
_PREFIX, _SUFFIX = "checkpoint_", ".json"
_DOCUMENT: Final = re.compile(
    r"checkpoint_(?P<test_id>.+?)\.json(?P<damaged>\.damaged-.+)?"
)
_DATA_ENTRIES = ("blobs", "directory", cleanups.NAME)
_DATA_PREFIXES: Final = ("journal-", "elsewhere-")
_SIGNS: Final = {
    "README.md": (
        "# milepost checkpoints\n\nThe saved state of tests that have not passed yet. "
        "Read it with `milepost ls`, `milepost show` or `jq`; remove it with "
        "`milepost rm`. Removing this whole folder makes every test start over.\n"
    ),
    ".gitignore": "*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n",
}


class FolderStore:
    """The checkpoints of one local folder.

    Args:
        directory: The folder; created with the first write.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def document_path(self, test_id: str) -> Path:
        """Tell where a checkpoint's document lies.

        Raises:
            InvalidTestIdError: The id cannot be the name of a file.
        """
        check_test_id(test_id)
        return self.directory / f"{_PREFIX}{test_id}{_SUFFIX}"

    def data_path(self, test_id: str) -> Path:
        """Tell where all else that belongs to a checkpoint lies."""
        check_test_id(test_id)
        return self.directory / f"{test_id}.d"

    def test_ids(self) -> list[str]:
        """List the checkpoints, by id."""
        found = [_DOCUMENT.fullmatch(name) for name in self._names()]
        ids = [match["test_id"] for match in found if match and not match["damaged"]]
        return sorted(filter(is_test_id, ids))

    def damaged(self) -> list[tuple[str, Path]]:
        """List the damaged documents that were set aside, with their ids."""
        found = [_DOCUMENT.fullmatch(name) for name in self._names()]
        return sorted(
            (match["test_id"], self.directory / match[0])
            for match in found
            if match and match["damaged"]
        )

    def remove_damaged(self, test_id: str) -> None:
        """Remove the damaged documents of a checkpoint that were set aside."""
        for found, path in self.damaged():
            with files.store_errors("delete", path):
                if found == test_id:
                    path.unlink(missing_ok=True)

    def _names(self) -> list[str]:
        with files.store_errors("list", self.directory), suppress(FileNotFoundError):
            return [entry.name for entry in self.directory.iterdir()]
        return []

    def read(self, test_id: str) -> bytes | None:
        """Read a document; None where there is none.

        Raises:
            NoFileError: Something else stands in its place.
            DamagedCheckpointError: It is too large to be one; nothing of it is read.
            StoreError: It is there and cannot be read.
        """
        path = self.document_path(test_id)
        with files.store_errors("read", path), suppress(FileNotFoundError):
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                kind = "a directory" if stat.S_ISDIR(found.st_mode) else "a device or pipe"
                raise NoFileError(str(path), kind)
            if found.st_size > MAX_DOCUMENT_BYTES:
                raise DamagedCheckpointError(f"it has {found.st_size:,} bytes")
            return path.read_bytes()
        return None

    def signature(self, test_id: str) -> tuple[int, ...] | None:
        """Tell a document's version apart without reading it; None if it is gone.

        Raises:
            StoreError: Nobody can look.
        """
        path = self.document_path(test_id)
        with files.store_errors("look at", path), suppress(FileNotFoundError):
            found = path.stat()
            return found.st_ino, found.st_size, found.st_mtime_ns
        return None

    def write(
        self, test_id: str, content: bytes, lease: Lease, check: Callable[[], None]
    ) -> None:
        """Write a document whole: the old one or the new one, never a mixture.

        Args:
            test_id: The checkpoint.
            content: The document's bytes.
            lease: This run's lease.
            check: Called last before the rename; raises if the document on disk is
                not the one that this run saw.

        Raises:
            StoreError: The disk refuses; the document is as it was.
            GoneError: Another run took over, or the checkpoint was removed.
        """

        def may_write() -> None:
            lease.check(test_id)
            check()

        target = self.document_path(test_id)
        with files.store_errors("write", target):
            lease.check(test_id)
            with _cleared_away(test_id, lease):
                files.replace(lease.temporary(), target, content, "document", may_write)

    def take_lease(
        self, test_id: str, run: str, wait: float, above: Callable[[], int]
    ) -> Lease:
        """Take the lease of a checkpoint; see ``Lease.take``."""
        self.prepare()
        folder = self.data_path(test_id)
        document = self.document_path(test_id)
        with files.store_errors("take the lease in", folder):
            return Lease.take(
                folder, test_id, run, wait, above, lambda: not document.exists()
            )

    def prepare(self) -> None:
        """Create the folder with the files that say what it is."""
        with files.store_errors("create", self.directory):
            files.make_folder(self.directory)
            for name, text in _SIGNS.items():
                files.write_sign(self.directory / name, text.encode())

    def write_blob(self, test_id: str, content: bytes, lease: Lease) -> str:
        """Keep a large value under the hash of its content.

        Returns:
            The content's SHA-256, 64 hex digits.

        Raises:
            StoreError: The disk refuses.
            GoneError: Another run took over, or the checkpoint was removed.
        """
        name = hashlib.sha256(content).hexdigest()
        folder = self.data_path(test_id) / "blobs"
        with files.store_errors("write", folder / name):
            lease.check(test_id)
            if not (folder.is_dir() and self._blob_is_whole(folder / name)):
                with _cleared_away(test_id, lease):
                    files.make_last_folder(folder)
                    temporary = lease.temporary()
                    files.replace(temporary, folder / name, content, "blob", _anyway)
        return name

    def _blob_is_whole(self, path: Path) -> bool:
        with suppress(FileNotFoundError):
            return hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        return False

    def read_blob(self, test_id: str, name: str) -> bytes:
        """Read a large value.

        Raises:
            DamagedValueError: It is gone, or is not what was written.
            StoreError: It cannot be read.
        """
        if not re.fullmatch("[0-9a-f]{64}", name):
            raise DamagedValueError(name, "its name is no hash")
        path = self.data_path(test_id) / "blobs" / name
        with files.store_errors("read", path):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                raise DamagedValueError(name, "the file is gone") from None
        if hashlib.sha256(content).hexdigest() != name:
            raise DamagedValueError(name, "its content is not what was written")
        return content

    def directory_path(self, test_id: str) -> Path:
        """Tell where the folder lies that is the test's to use."""
        return self.data_path(test_id) / "directory"

    def make_directory(self, test_id: str, lease: Lease) -> Path:
        """Create the folder that is the test's to use.

        Raises:
            StoreError: The disk refuses.
            GoneError: Another run took over, or the checkpoint was removed.
        """
        folder = self.directory_path(test_id)
        with files.store_errors("create", folder):
            lease.check(test_id)
            if not self.document_path(test_id).exists():
                raise GoneError(test_id, "Its file was removed.")
            with _cleared_away(test_id, lease):
                files.make_last_folder(folder)
        return folder

    def sync_directory(self, test_id: str, known: dict[Path, tuple[int, int]]) -> None:
        """Make what lies in the test's own folder durable.

        Args:
            test_id: The checkpoint.
            known: Size and time of what is durable already; brought up to date.

        Raises:
            StoreError: The disk refuses.
        """
        folder = self.directory_path(test_id)
        with files.store_errors("sync", folder):
            files.sync_tree(folder, known)

    def set_aside(self, test_id: str) -> Path:
        """Keep a damaged document under another name.

        The document stays where it is until the next one replaces it: were it gone
        and this process killed, nobody could tell damage from removal.

        Returns:
            Where the copy lies.
        """
        source = self.document_path(test_id)
        with files.store_errors("set aside", source):
            for found in self.directory.glob(f"{glob.escape(source.name)}.damaged-*"):
                if found.samefile(source):
                    return found
            stamp = re.sub(r"[:.]", "", clock.now_at())
            target = source.with_name(f"{source.name}.damaged-{stamp}-{clock.new_id()[:4]}")
            files.link_or_copy(source, target)
            killpoint("aside.linked")
            files.sync_folder(self.directory)
        return target

    def set_blob_aside(self, test_id: str, name: str) -> None:
        """Rename a damaged blob; nothing happens where it is gone."""
        path = self.data_path(test_id) / "blobs" / name
        with suppress(OSError):
            os.replace(path, path.with_name(f"{name}.damaged-{clock.new_id()[:8]}"))

    def retire(self, test_id: str, generation: str) -> None:
        """Move what a removed document left behind out of the new life's way.

        The leases stay: the fence goes on growing.
        """
        folder = self.data_path(test_id)
        left = list(_data_entries(folder))
        if left:
            old = folder.with_name(f"{folder.name}.old-{generation}")
            if old.exists():  # a death had cut this off; what it moved stays as it is
                old = folder.with_name(f"{folder.name}.old-{clock.new_id()}")
            with files.store_errors("move aside", folder):
                files.make_folder(old)
                self._move(left, folder, old)

    def shelve(self, test_id: str, generation: str, lease: Lease) -> None:
        """Set a whole old life aside; it goes when the new one has passed.

        The document goes first: what it names is whole until then, and nobody reads
        it from then on.
        """
        old = self.directory / f"old-{test_id}-{generation}"
        folder = self.data_path(test_id)
        with files.store_errors("set aside", old):
            lease.check(test_id)
            lease.mark(STARTING)
            files.make_folder(old)
            with suppress(FileNotFoundError):
                os.replace(self.document_path(test_id), old / "checkpoint.json")
            killpoint("shelve.document-moved")
            files.sync_folder(self.directory)
            self._move(list(_data_entries(folder)), folder, old)

    def _move(self, entries: list[Path], folder: Path, old: Path) -> None:
        for entry in entries:
            os.replace(entry, old / entry.name)
            killpoint("data.moved")
        files.sync_folder(old)
        files.sync_folder(folder)
        killpoint("data.moved-durably")

    def shelved(self, test_id: str) -> list[Path]:
        """List the old lives of a checkpoint that ``fresh`` set aside."""
        return lives.shelved(self.directory, test_id)

    def delete(self, test_id: str, lease: Lease, passed_at: str | None = None) -> None:
        """Remove a checkpoint: its data first, then its document, then its lease.

        Args:
            test_id: The checkpoint.
            lease: This run's lease.
            passed_at: When its test passed; the lease keeps it to the end.
        """
        folder = self.data_path(test_id)
        with files.store_errors("delete", folder):
            lease.check(test_id)
            lease.mark(CLOSING, passed_at)
            killpoint("delete.begin")
            lives.let_stand(self.directory, test_id)
            left = lives.ended(self.directory, test_id)
            for entry in [*_data_entries(folder), *left]:
                lease.check(test_id)  # before each: a paused run must not go on deleting
                _remove(entry)
                killpoint("delete.removed")
            killpoint("delete.data-gone")
            lease.check(test_id)
            self.document_path(test_id).unlink(missing_ok=True)
            killpoint("delete.document-gone")
            files.sync_folder(self.directory)
            killpoint("delete.durable")
        lease.end()


@contextmanager
def _cleared_away(test_id: str, lease: Lease) -> Iterator[None]:
    """Say who it was, where another run's clearing up took a file from under a write."""
    try:
        yield
    except FileNotFoundError:
        lease.check(test_id)
        raise


def _data_entries(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        for entry in list(folder.iterdir()):
            ours = entry.name.startswith(_DATA_PREFIXES)
            if ours or entry.name in _DATA_ENTRIES:
                yield entry


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        files.remove_tree(entry)
    else:
        entry.unlink(missing_ok=True)


def _anyway() -> None:
    """Allow the rename: the name belongs to this content or to this run alone."""
