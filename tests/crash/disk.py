"""Disks that refuse: a small file system of its own, or a limit on the size of files."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = 4096
SMALL = 20_000  # bytes; the documents fit, a large value does not
# For a project; a run that says FREE has room. A file that is too large is refused as
# if the disk were full, but so is all that pytest itself writes: hence the second one.
REFUSING = f"""
    import os
    import resource
    from pathlib import Path

    FILLER = Path(__file__).with_name(".milepost") / "filler"

    def refuse_large_files():
        if "FREE" not in os.environ:
            set_limit({SMALL})

    def set_limit(size):
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most if size is None else size, most))

    def fill_disk():
        if "FREE" in os.environ:
            return
        with FILLER.open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * {PAGE})
            except OSError:
                pass

    def make_room():
        set_limit(None)
        FILLER.unlink(missing_ok=True)
"""
FREE = {"FREE": "1"}


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount a file system in memory on a folder; skip where nobody may.

    Args:
        folder: The folder; created.
        options: As for ``mount -o``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"mode=0700,{options}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine lets nobody mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    """Change the options of a mounted file system."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)
