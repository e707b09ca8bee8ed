"""What the machine, the installed packages and the folder of the checkpoints allow."""

import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

from milepost.doctor.findings import NOTE, Block, Finding, refused
from milepost.errors import MilepostError, StoreError
from milepost.settings import Settings
from milepost.stores.probes import free_bytes, nearest_folder, probe_disk, probe_lease

_ENOUGH_BYTES: Final = 500 * 1024 * 1024
_REMOTE: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph"})
_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_DIST: Final = {
    "class": "loadscope (or loadfile)",
    "module": "loadfile",
    "session": 'loadgroup, with one @pytest.mark.xdist_group("...") for all its tests',
}
# Plugin as pytest registers it -> level, what to know, what to do.
_PLUGINS: Final[dict[str, tuple[str, str, str]]] = {
    "rerunfailures": (
        NOTE,
        "pytest-rerunfailures runs failed tests again at once: only phases are kept.",
        "Put what costs into phases; or use phase.with_options(retry=...) instead.",
    ),
    "flaky": (
        NOTE,
        "flaky runs failed tests again at once: only phases are kept.",
        "Put what costs into phases; or use phase.with_options(retry=...) instead.",
    ),
    "forked": (
        NOTE,
        "pytest-forked runs tests in forked children, which never write checkpoints.",
        "Run the tests that ask without --forked.",
    ),
}
_SHUFFLING: Final = ("randomly", "random_order", "random-order")


def look_around(
    settings: Settings | None,
    error: MilepostError | None,
    plugins: Collection[str],
    kinds: Collection[str],
    uses: Mapping[str, str],
) -> Block:
    """Look at what is not in the tests.

    Args:
        settings: The project's settings; None where they are invalid.
        error: Why they are.
        plugins: The names of the plugins that pytest has loaded.
        kinds: The scopes on whose checkpoints the tests work.
        uses: What the users' options make of the plugins: ``dist`` of xdist,
            ``timeout_method``, and ``rerunfailures`` and ``forked`` where they are used.
    """
    block = Block(title="environment")
    block.facts += [
        f"Python {platform.python_version()}, pytest {metadata.version('pytest')}",
        *_packages(),
    ]
    for finding in _judged_plugins(plugins, kinds, uses):
        block.add(finding)
    if sys.platform == "win32":
        what = "milepost is untested on Windows"
        block.add(Finding(level=NOTE, kind="platform", what=what))
    if error:
        block.add(refused("settings", error))
    if settings:
        _judge_folder(settings.directory, block)
    return block


def _packages() -> Iterator[str]:
    yield _package("pydantic", 'typed values; pip install "milepost[typed]"')
    yield _package("rich", "not needed; used for live progress")
    standard = importlib.util.find_spec("compression") and sys.version_info >= (3, 14)
    if standard:
        yield "zstd: in the standard library"
    else:
        yield _package("backports.zstd", "gzip is used instead")
    for name in ("numpy", "pandas", "pyarrow"):
        yield _package(name, 'values of its types; pip install "milepost[arrays]"')


def _package(name: str, without: str) -> str:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name}: not installed ({without})"
    if name == "pydantic" and version.startswith("1."):
        return f"pydantic {version}: too old (2 is needed for {without})"
    return f"{name} {version}"


def _judged_plugins(
    plugins: Collection[str], kinds: Collection[str], uses: Mapping[str, str]
) -> Iterator[Finding]:
    for name, (level, what, cure) in _PLUGINS.items():
        if uses.get(name):
            yield Finding(level=level, kind="plugin", what=what, cure=cure)
    scoped = [kind for kind in _DIST if kind in kinds]
    if "xdist" in plugins:
        for kind in [kind for kind in scoped if _is_unfit(kind, uses.get("dist", "no"))]:
            yield Finding(
                level=NOTE,
                kind="plugin",
                what=f"pytest-xdist: the tests of a {kind}_phase must run in one worker.",
                why="Another worker fails at once; with plain `load` that is chance.",
                cure=f"Run with --dist {_DIST[kind]}.",
            )
    if scoped and any(
        name in plugins or f"pytest_{name}" in plugins for name in _SHUFFLING
    ):
        yield Finding(
            level=NOTE,
            kind="plugin",
            what="a plugin shuffles the tests: those of a scope may need their order.",
            cure="Run ordered tests without it: -p no:randomly or -p no:random_order.",
        )
    if uses.get("timeout_method") == "thread":
        yield Finding(
            level=NOTE,
            kind="plugin",
            what="pytest-timeout ends the whole process (method thread): the phase in "
            "flight counts as crashed.",
            cure="Use timeout_method = signal where the system has it.",
        )


def _is_unfit(kind: str, dist: str) -> bool:
    """Tell whether xdist hands the tests of a scope to several workers."""
    fits = {"class": ("loadscope", "loadfile"), "module": ("loadfile",)}
    return dist not in ("no", "loadgroup", *fits.get(kind, ()))


def _judge_folder(folder: Path, block: Block) -> None:
    near = nearest_folder(folder)
    try:
        probe_disk(near)
        probe_lease(near)
    except OSError as error:
        block.add(refused("disk", StoreError("try out", str(near), error)))
    except MilepostError as error:
        block.add(refused("disk", error))
    else:
        tried = "" if near == folder else f" (not there yet; tried in {near})"
        works = "write, sync, rename, exclusive creation and lease work"
        block.facts.append(f"folder {folder}{tried}: {works}")
    free = free_bytes(near)
    if free < _ENOUGH_BYTES:
        block.add(
            Finding(
                level=NOTE,
                kind="disk",
                what=f"only {free // 1024**2} MB are free in {near}.",
                cure="Make room, or name another folder: --milepost-dir DIR",
            )
        )
    _judge_file_system(near, block)
    _judge_git(folder, block)


def _judge_file_system(folder: Path, block: Block) -> None:
    kind = file_system_of(folder)
    if kind in _REMOTE:
        what = f"the folder is on a network file system ({kind})"
        why = "Saves are slower, and leases of other hosts are judged after 15 s."
    elif kind in _MEMORY:
        what = f"the folder is in memory ({kind})"
        why = "Checkpoints are lost when the machine stops."
    else:
        return
    cure = "Name another folder if that matters: --milepost-dir DIR"
    block.add(Finding(level=NOTE, kind="disk", what=what, why=why, cure=cure))


def file_system_of(folder: Path) -> str:
    """Name the kind of file system of a folder; empty where nobody can tell."""
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        _, mount, found, *_ = line.split()
        inside = folder.is_relative_to(mount.replace("\\040", " "))
        if inside and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def _judge_git(folder: Path, block: Block) -> None:
    """Say whether git would take the checkpoints; they ignore themselves."""
    near = nearest_folder(folder)
    above = [near, *near.parents]
    root = next((each for each in above if (each / ".git").exists()), None)
    if root is None:
        return
    if not folder.exists() or (folder / ".gitignore").exists():
        block.facts.append("git ignores the folder (it brings its own .gitignore)")
        return
    command = ["git", "-C", str(root), "check-ignore", "-q", f"{folder}{os.sep}x"]
    try:
        ignored = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return
    if not ignored:
        what = f"git does not ignore {folder}"
        cure = f"Add {folder.name}/ to .gitignore: it holds values of your tests."
        block.add(Finding(level=NOTE, kind="git", what=what, cure=cure))
