"""Source files as they were when first needed: read once, parsed once."""

import ast
import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from milepost.errors import MilepostError
from milepost.fingerprint.places import Place, index
from milepost.fingerprint.units import Units, cut


class CouldNotRecordError(MilepostError):
    """The code on which a result depends cannot be read.

    Args:
        what: The function, class or module concerned.
        reason: Why it cannot be read, one sentence.
    """

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"the code of {what} cannot be recorded.",
            f"{reason}\nA later run could not tell whether it has changed, so what it "
            "returns is not restored.",
            "Put the function into a source file of the project, and call that.",
        )


class Module:
    """One source file of the project.

    Args:
        path: Where it lies.
        label: Its path relative to the root, with ``/``.

    Raises:
        CouldNotRecordError: The file cannot be read or is no Python source.
    """

    def __init__(self, path: Path, label: str) -> None:
        self.path = path
        self.label = label
        content = _read(path, label)
        self._has_globals = b"global" in content
        self.tree = _parse(content, label)

    @property
    def folder(self) -> Path:
        """Give the folder from which its relative imports start."""
        return self.path.parent

    @property
    def is_package(self) -> bool:
        """Tell whether the file is the ``__init__.py`` of a package."""
        return self.path.stem == "__init__"

    @cached_property
    def places(self) -> dict[str, list[Place]]:
        """Give where its functions, lambdas and classes are, by qualified name."""
        return index(self.tree)

    @cached_property
    def units(self) -> Units:
        """Give the module cut into units."""
        return cut(self.tree, has_globals=self._has_globals)


def _read(path: Path, label: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = f"Its source cannot be read: {error.strerror or error}."
        raise CouldNotRecordError(label, reason) from error


def _parse(content: bytes, label: str) -> ast.Module:
    try:
        # A doubtful escape in the user's source was warned about when it was imported.
        with warnings.catch_warnings(), without_collector():
            warnings.simplefilter("ignore")
            return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = f"Its source is not this Python's: {error}."
        raise CouldNotRecordError(label, reason) from error


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the garbage collector out: trees and nodes are new objects, and no garbage.

    Parsing takes a third of the time without it.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
