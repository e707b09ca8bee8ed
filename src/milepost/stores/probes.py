"""Tries out, in the folder of the checkpoints, what every save is made of."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from milepost.stores import files
from milepost.stores.lease import Lease


def nearest_folder(folder: Path) -> Path:
    """Give the folder itself, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def free_bytes(folder: Path) -> int:
    """Tell how much can still be written."""
    return shutil.disk_usage(folder).free


def probe_disk(folder: Path) -> None:
    """Write, sync, rename and create a file that must not exist; nothing is left.

    Args:
        folder: Where; it exists.

    Raises:
        OSError: The disk refuses one of them.
    """
    with tempfile.TemporaryDirectory(prefix=".milepost-probe-", dir=folder) as made:
        target = Path(made) / "probe"
        content = b"milepost\n"
        files.replace(Path(made) / "new", target, content, "probe", _anyway)
        files.replace(Path(made) / "new", target, content * 2, "probe", _anyway)
        if target.read_bytes() != content * 2:
            raise OSError(0, "it does not give back what was written", str(target))
        _must_refuse(lambda: files.write_new(target, content), target)
        files.sync_folder(Path(made))


def probe_lease(folder: Path) -> None:
    """Take the lease of a checkpoint that does not exist, and give it back.

    Args:
        folder: Where; it exists.

    Raises:
        OSError: The file system has no exclusive creation.
        HeldError: It names another holder for a file that nobody knows.
    """
    with tempfile.TemporaryDirectory(prefix=".milepost-probe-", dir=folder) as made:
        lease = Lease.take(Path(made) / "probe.d", "probe", f"probe-{os.getpid()}")
        lease.check("probe")
        _must_refuse(lambda: files.write_new(lease.path, b""), lease.path)
        lease.end()


def _must_refuse(create: Callable[[], None], path: Path) -> None:
    try:
        create()
    except FileExistsError:
        return
    raise OSError(0, "a file that exists was created a second time", str(path))


def _anyway() -> None:
    """Allow the rename: nobody else knows the folder."""
