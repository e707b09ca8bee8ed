"""Checkpoints in a local folder.

Holds the layout of format version 1: one document and one folder a checkpoint, and
the history beside them.
"""

import glob
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from milepost import clock
from milepost.errors import DamagedValueError, InvalidTestIdError
from milepost.stores import files
from milepost.stores.killpoints import killpoint
from milepost.stores.lease import CLOSING, TEMPORARY, Lease

HISTORY_RUNS: Final = 20
_PREFIX, _SUFFIX = "checkpoint_", ".json"
_DATA_ENTRIES = ("blobs", "directory", "cleanups.jsonl")
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
        with files.store_errors("list", self.directory), suppress(FileNotFoundError):
            names = [entry.name for entry in self.directory.iterdir()]
            found = [name for name in names if name.startswith(_PREFIX)]
            return sorted(
                name[len(_PREFIX) : -len(_SUFFIX)]
                for name in found
                if name.endswith(_SUFFIX)
            )
        return []

    def read(self, test_id: str) -> bytes | None:
        """Read a document; None where there is none.

        Raises:
            StoreError: It is there and cannot be read.
        """
        path = self.document_path(test_id)
        with files.store_errors("read", path), suppress(FileNotFoundError):
            return path.read_bytes()
        return None

    def signature(self, test_id: str) -> tuple[int, ...] | None:
        """Tell a document's version apart without reading it; None if it is gone."""
        with suppress(OSError):
            stat = self.document_path(test_id).stat()
            return stat.st_ino, stat.st_size, stat.st_mtime_ns
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
        """

        def may_write() -> None:
            lease.check(test_id)
            check()

        target = self.document_path(test_id)
        with files.store_errors("write", target):
            lease.check(test_id)
            files.replace(lease.temporary(), target, content, "document", may_write)

    def take_lease(self, test_id: str, run: str, wait: float, above: int) -> Lease:
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
                if not (self.directory / name).exists():
                    self._place(self.directory / name, text.encode())

    def _place(self, path: Path, content: bytes) -> None:
        """Write a small file atomically where several runs may write the same one."""
        temporary = path.with_name(f"{TEMPORARY}{path.name}-{clock.new_id()}")
        files.write_new(temporary, content)
        os.replace(temporary, path)

    def write_blob(self, test_id: str, content: bytes, lease: Lease) -> str:
        """Keep a large value under the hash of its content.

        Returns:
            The content's SHA-256, 64 hex digits.

        Raises:
            StoreError: The disk refuses.
        """
        name = hashlib.sha256(content).hexdigest()
        folder = self.data_path(test_id) / "blobs"
        with files.store_errors("write", folder / name):
            lease.check(test_id)
            if not (folder.is_dir() and self._blob_is_whole(folder / name)):
                files.make_folder(folder)
                files.replace(lease.temporary(), folder / name, content, "blob", _anyway)
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
            with files.store_errors("move aside", folder):
                files.make_folder(old)
                for entry in left:
                    os.replace(entry, old / entry.name)
                files.sync_folder(old)

    def shelve(self, test_id: str, generation: str) -> None:
        """Set a whole old life aside; it goes when the new one has passed."""
        old = self.directory / f"old-{test_id}-{generation}"
        folder = self.data_path(test_id)
        with files.store_errors("set aside", old):
            files.make_folder(old)
            for entry in list(_data_entries(folder)):
                os.replace(entry, old / entry.name)
            killpoint("shelve.data-moved")
            with suppress(FileNotFoundError):
                os.replace(self.document_path(test_id), old / "checkpoint.json")
            files.sync_folder(self.directory)

    def shelved(self, test_id: str) -> list[Path]:
        """List the old lives of a checkpoint that ``fresh`` set aside."""
        pattern = re.compile(f"old-{re.escape(test_id)}-[0-9a-f]{{16}}")
        with suppress(FileNotFoundError):
            entries = sorted(self.directory.iterdir())
            return [entry for entry in entries if pattern.fullmatch(entry.name)]
        return []

    def _retired(self, test_id: str) -> list[Path]:
        """List what removed documents left behind and what has no clean-up to run."""
        folder = self.data_path(test_id)
        found = self.directory.glob(f"{glob.escape(folder.name)}.old-*")
        return [entry for entry in found if not (entry / "cleanups.jsonl").exists()]

    def delete(self, test_id: str, lease: Lease) -> None:
        """Remove a checkpoint: its data first, then its document, then its lease."""
        folder = self.data_path(test_id)
        with files.store_errors("delete", folder):
            lease.check(test_id)
            lease.mark(CLOSING)
            killpoint("delete.begin")
            left = [*self.shelved(test_id), *self._retired(test_id)]
            for entry in [*_data_entries(folder), *left]:
                _remove(entry)
            killpoint("delete.data-gone")
            self.document_path(test_id).unlink(missing_ok=True)
            killpoint("delete.document-gone")
            files.sync_folder(self.directory)
            killpoint("delete.durable")
        lease.release()
        with suppress(OSError):
            folder.rmdir()

    def write_history(self, test_id: str, run: str, record: dict[str, Any]) -> None:
        """Keep what a run cost and saved; the newest runs are kept."""
        folder = self.directory / "history" / test_id
        with files.store_errors("write the history in", folder):
            files.make_folder(folder)
            content = json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n"
            self._place(folder / f"{run}.json", content)
            runs = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
            for path in runs[:-HISTORY_RUNS]:
                path.unlink(missing_ok=True)

    def read_history(self, test_id: str) -> list[dict[str, Any]]:
        """Give what earlier runs recorded; a file that cannot be read is passed over."""
        return [record for record in self._history_records(test_id) if record]

    def _history_records(self, test_id: str) -> Iterator[dict[str, Any]]:
        check_test_id(test_id)
        for path in sorted((self.directory / "history" / test_id).glob("*.json")):
            with suppress(OSError, ValueError):
                record = json.loads(path.read_bytes())
                if isinstance(record, dict):
                    yield record


def check_test_id(test_id: str) -> None:
    """Make sure that an id can name a file and a folder.

    Raises:
        InvalidTestIdError: It cannot.
    """
    if not isinstance(test_id, str) or not test_id:
        raise InvalidTestIdError(test_id, "it is no text")
    if "/" in test_id or "\\" in test_id:
        raise InvalidTestIdError(test_id, "it holds a path separator")
    if ".." in test_id or test_id.startswith("."):
        raise InvalidTestIdError(test_id, "it points to another folder")
    if not test_id.isprintable() or len(test_id.encode("utf-8", "replace")) > 200:
        raise InvalidTestIdError(test_id, "it is too long or cannot be printed")


def _data_entries(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        for entry in list(folder.iterdir()):
            journal = entry.name.startswith("journal-")
            if journal or entry.name in _DATA_ENTRIES:
                yield entry


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        files.remove_tree(entry)
    else:
        entry.unlink(missing_ok=True)


def _anyway() -> None:
    """Allow the rename of a blob: its name is its content."""
