"""The function of a recorded clean-up: found in the project's own source, or not at all.

This is the one import that stored data may cause. It leads only to a function at the top
level of a source file under the root, which is read before it is imported.
"""

import ast
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from milepost.cleanups.record import Cleanup
from milepost.errors import MilepostError
from milepost.fingerprint.project import Project

_OF_A_LIFE: Final = re.compile(r"^old-|\.d(\.old-.*)?$")


class UnknownFunctionError(MilepostError):
    """A recorded clean-up names no function that may be imported."""

    def __init__(self, cleanup: Cleanup, why: str) -> None:
        super().__init__(
            f"clean-up {cleanup.text} cannot be called from here.",
            why,
            "Do by hand what it would do, then remove its record with "
            f"`milepost rm --forget {cleanup.test_id}`; or let the test run: its own code "
            "may call it.",
        )


def function_of(cleanup: Cleanup, root: Path, checkpoints: Path) -> Callable[..., Any]:
    """Import the function that a clean-up names.

    Args:
        cleanup: The clean-up.
        root: The project's folder.
        checkpoints: The folder of the checkpoints: what lies there may come from
            elsewhere.

    Raises:
        UnknownFunctionError: It is not at the top level of a source file of the project,
            or importing it failed.
    """
    name = cleanup.function.rpartition(":")[2]
    path = _source_of(cleanup, root)
    if _came_along(path, root.resolve(), checkpoints.resolve()):
        why = f"{cleanup.file} lies among the checkpoints, which may come from elsewhere."
        raise UnknownFunctionError(cleanup, why)
    if not _defines(path, name):
        why = f"{cleanup.file} has no function {name!r} at its top level."
        raise UnknownFunctionError(cleanup, why)
    try:
        function: Callable[..., Any] = getattr(_load(path, root), name)
    except Exception as error:
        why = f"Importing {cleanup.file} raised {type(error).__name__}: {error}"
        raise UnknownFunctionError(cleanup, why) from error
    return function


def _source_of(cleanup: Cleanup, root: Path) -> Path:
    given = Path(cleanup.file)
    if not cleanup.file or given.is_absolute() or ".." in given.parts:
        why = "It is no function in a source file under the project's root."
        raise UnknownFunctionError(cleanup, why)
    path = (root / given).resolve()
    own = Project(root).own(str(path))
    if own is None or not path.is_file() or not path.is_relative_to(root.resolve()):
        why = f"{cleanup.file} is no source file of the project in {root}."
        raise UnknownFunctionError(cleanup, why)
    return path


def _came_along(path: Path, root: Path, checkpoints: Path) -> bool:
    """Tell whether a file may have come with a checkpoint."""
    if not path.is_relative_to(checkpoints):
        return False
    inside = path.relative_to(checkpoints).parts[0]
    return not root.is_relative_to(checkpoints) or bool(_OF_A_LIFE.search(inside))


def _defines(path: Path, name: str) -> bool:
    """Tell whether a file defines a function at its top level, without importing it."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return False
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return any(isinstance(each, kinds) and each.name == name for each in tree.body)


def _load(path: Path, root: Path) -> ModuleType:
    """Give the module of a file; its name comes from where it lies, not from data."""
    for module in list(sys.modules.values()):
        if _is_from(getattr(module, "__file__", None), path):
            return module
    base = _base(path, root)
    name = ".".join(path.relative_to(base).with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = f"{path.name} is no Python source"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    with _importable(base, root):
        sys.modules.setdefault(name, module)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            if sys.modules.get(name) is module:
                del sys.modules[name]
            raise
    return module


def _base(path: Path, root: Path) -> Path:
    """Give the folder from which imports find a file."""
    base = path.parent
    while (base / "__init__.py").exists() and base != root:
        base = base.parent
    return base


def _is_from(file: object, path: Path) -> bool:
    return (
        isinstance(file, str)
        and Path(file).name == path.name
        and (Path(file).resolve() == path)
    )


@contextmanager
def _importable(base: Path, root: Path) -> Iterator[None]:
    """Let a file import what it imports in a test run: its own folder, and the root."""
    added = [str(folder) for folder in (base, root, root / "src")]
    sys.path[:0] = added
    try:
        yield
    finally:
        for folder in added:
            sys.path.remove(folder)
