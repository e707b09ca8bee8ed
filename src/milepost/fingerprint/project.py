"""The first-party source files of a project: which they are and how imports find them."""

import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

from milepost.fingerprint.form import SHA_LENGTH
from milepost.fingerprint.scopes import Import
from milepost.fingerprint.source import CouldNotRecordError, Module

MILEPOST: Final = Path(__file__).resolve().parents[1]
_FOREIGN: Final = frozenset(
    ".nox .tox .venv __pypackages__ dist-packages node_modules site-packages".split()
)
_ANY: Final = "_.py"  # any source file of a folder


class Located(NamedTuple):
    """Where an import leads.

    Attributes:
        name: The dotted name, as far as it is known.
        path: The source file, if it is a first-party one.
        folders: Where submodules lie.
        is_ours: It is a first-party module, or a folder of such without a file.
        is_missing: Nothing of the name was found.
    """

    name: str
    path: Path | None = None
    folders: tuple[str, ...] = ()
    is_ours: bool = False
    is_missing: bool = False

    @property
    def is_package(self) -> bool:
        """Tell whether the module has submodules."""
        return self.is_ours and bool(self.folders)


class Project:
    """The source files under one root.

    Args:
        root: The folder; files in it are first-party unless they are installed.
    """

    def __init__(self, root: Path) -> None:
        self.roots = tuple(dict.fromkeys((root.absolute(), root.resolve())))
        self._modules: dict[Path, Module] = {}
        self._labels: dict[str, tuple[Path, str] | None] = {}
        self._folders: dict[str, tuple[Path, str] | None] = {}
        self._located: dict[str, Located] = {}
        self._missing: set[tuple[str, Path | None]] = set()
        self._foreign = _foreign_folders(self.roots)

    def own(self, path: str | Path) -> tuple[Path, str] | None:
        """Give a first-party file's real path and its label; None for any other file."""
        key = str(path)
        if key not in self._labels:
            self._labels[key] = self._own(key)
        return self._labels[key]

    def _own(self, path: str) -> tuple[Path, str] | None:
        # Every loaded module is asked: hence no Path, and one answer for a whole folder.
        if not (path.endswith((".py", ".pyw")) and os.path.isabs(path)):  # noqa: PTH117
            return None
        if os.path.islink(path):  # noqa: PTH114
            return self._placed(Path(path))
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = self._placed(Path(folder, _ANY))
        found = self._folders[folder]
        return found and (found[0].with_name(name), found[1].removesuffix(_ANY) + name)

    def _placed(self, path: Path) -> tuple[Path, str] | None:
        real = path.resolve()
        if any(folder in real.parents for folder in self._foreign):
            return None
        # The real path first: however a file is reached, it has one label.
        for candidate in (real, path):
            for root in self.roots:
                if root in candidate.parents:
                    label = candidate.relative_to(root)
                    return None if _FOREIGN & set(label.parts) else (real, label.as_posix())
        return None

    def is_installed(self, path: Path) -> bool:
        """Tell whether a file belongs to Python or to an installed distribution."""
        real = path.resolve()
        return bool(_FOREIGN & set(real.parts)) or any(
            folder in real.parents for folder in self._foreign
        )

    def module(self, path: str | Path) -> Module | None:
        """Give a first-party file as a module; None for any other file.

        Raises:
            CouldNotRecordError: The file cannot be read.
        """
        own = self.own(path)
        if own is None:
            return None
        if own[0] not in self._modules:
            self._modules[own[0]] = Module(*own)
        return self._modules[own[0]]

    def below(self, folder: str | Path, pattern: str = "**/*.py") -> Iterator[Module]:
        """Give all first-party modules in a folder and, as a rule, in those below it."""
        for path in sorted(Path(folder).glob(pattern)):
            # What cannot be read or parsed cannot be imported either.
            with suppress(CouldNotRecordError):
                if module := self.module(path):
                    yield module

    def imported(self, module: Module, found: Import) -> Located:
        """Find the module that an import statement names."""
        if not found.level:
            return self.find(found.module, module.folder)
        folder = module.folder
        for _ in range(found.level - 1):
            folder = folder.parent
        place = Located(folder.name, None, (str(folder),), is_ours=True)
        place = self._at(folder / "__init__.py", folder) or place
        for part in found.module.split(".") if found.module else ():
            place = self.submodule(place, part) or Located(found.module, is_missing=True)
        return place

    def submodule(self, parent: Located, name: str) -> Located | None:
        """Find a module in a package; None where there is none."""
        for folder in map(Path, parent.folders):
            place = self._at(folder / name / "__init__.py", folder / name)
            place = place or self._at(folder / f"{name}.py")
            if place is None and (folder / name).is_dir() and name.isidentifier():
                place = Located(name, None, (str(folder / name),), is_ours=parent.is_ours)
            if place:
                return place
        return None

    def _at(self, path: Path, folder: Path | None = None) -> Located | None:
        own = self.own(path)
        if own is None or not own[0].is_file():
            return None
        folders = (str(folder),) if folder else ()
        return Located(own[1], own[0], folders, is_ours=True)

    def find(self, name: str, near: Path | None = None) -> Located:
        """Find a module by its absolute name.

        Args:
            name: The dotted name.
            near: A folder to look in where the import path has nothing of the name.
        """
        if name in self._located:
            return self._located[name]
        place = _missing(name) if (name, near) in self._missing else self._find(name, near)
        if place.is_missing:
            self._missing.add((name, near))
        else:
            self._located[name] = place
        return place

    def _find(self, name: str, near: Path | None) -> Located:
        loaded = sys.modules.get(name)
        if isinstance(loaded, ModuleType):
            return self._loaded(name, loaded)
        parent, _, _ = name.rpartition(".")
        if not parent:
            own = (str(near), *map(str, self.roots)) if near else ()
            return self._search(name, None) or self._search(name, own) or _missing(name)
        above = self.find(parent, near)
        if above.is_missing or not above.folders:
            return Located(name, is_missing=above.is_missing)
        return self._search(name, above.folders) or _missing(name)

    def _loaded(self, name: str, module: ModuleType) -> Located:
        values = vars(module)
        file = values.get("__file__")
        folders = tuple(map(str, values.get("__path__") or ()))
        return self._place(name, file if isinstance(file, str) else None, folders)

    def _place(self, name: str, file: str | None, folders: tuple[str, ...]) -> Located:
        own = self.own(file) if file else None
        if own:
            return Located(name, own[0], folders, is_ours=True)
        if file or not folders:
            return Located(f"{name}{self._built(file)}")
        # A folder without __init__.py is first-party if a source file in it would be.
        is_ours = any(self.own(Path(folder) / _ANY) for folder in folders)
        return Located(name, None, folders, is_ours=is_ours)

    def _built(self, file: str | None) -> str:
        """Give the hash of a module built from the project's own C or Cython code."""
        beside = file and self.own(Path(file).with_name(_ANY))
        if not file or not beside:
            return ""
        with suppress(OSError):
            return f" ({hashlib.sha256(Path(file).read_bytes()).hexdigest()[:SHA_LENGTH]})"
        return ""

    def _search(self, name: str, folders: Sequence[str] | None) -> Located | None:
        if name.partition(".")[0] in sys.stdlib_module_names:
            return Located(name)
        spec = None
        with suppress(ImportError, ValueError, OSError):
            spec = PathFinder.find_spec(name, folders)
        if spec is None:
            spec = _from_other_finders(name) if folders is None else None
        if spec is None:
            return None
        file = spec.origin if spec.has_location else None
        return self._place(name, file, tuple(spec.submodule_search_locations or ()))


def _missing(name: str) -> Located:
    return Located(name, is_missing=True)


def _from_other_finders(name: str) -> ModuleSpec | None:
    """Ask the finders of editable installs."""
    for finder in sys.meta_path:
        if getattr(finder, "__module__", "").startswith("__editable__"):
            with suppress(ImportError, ValueError, OSError):
                if spec := finder.find_spec(name, None):
                    return spec
    return None


def _foreign_folders(roots: Sequence[Path]) -> list[Path]:
    """Give the folders of what is installed, and of milepost itself."""
    paths = sysconfig.get_paths()
    folders = {
        Path(paths[key]).resolve() for key in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    environment = Path(sys.prefix).resolve()
    if roots[-1] in environment.parents:
        folders.add(environment)
    above = {folder for root in roots for folder in (root, *root.parents)}
    return [MILEPOST, *sorted(folders - above)]


@lru_cache(maxsize=8)
def project_of(root: Path) -> Project:
    """Give the project of a root; the same one each time, with what it has read."""
    return Project(root)
