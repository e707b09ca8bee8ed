"""Code that nothing leads to by name, counted by the whole of its modules."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from milepost.fingerprint.code import LOCK
from milepost.fingerprint.graph import graph_of
from milepost.fingerprint.source import CouldNotRecordError, without_collector

_GONE: Final = ""


def modules_of(labels: Iterable[str], root: Path) -> dict[str, str]:
    """Hash the modules in which parts of code stand.

    Args:
        labels: The names of the parts, as ``fingerprint_of`` gives them.
        root: The project's root.

    Returns:
        A hash of each module by its path relative to the root; code of other packages
        is left out.
    """
    with LOCK, without_collector():
        files = dict.fromkeys(label.partition("::")[0] for label in labels)
        found = {file: _sha(file, root) for file in files if file.endswith(".py")}
        return {file: sha for file, sha in found.items() if sha != _GONE}


def changed_modules(recorded: Mapping[str, str], root: Path) -> list[str]:
    """Say which modules are not what they were.

    Args:
        recorded: What ``modules_of`` gave.
        root: The project's root.

    Returns:
        Lines such as ``app/plugins.py changed``.
    """
    if not recorded:
        return []
    with LOCK, without_collector():
        now = {file: _sha(file, root) for file in recorded}
    return [
        f"{file} {'changed' if now[file] else 'is gone'}"
        for file, sha in recorded.items()
        if now[file] != sha
    ]


def _sha(file: str, root: Path) -> str:
    graph = graph_of(root)
    for folder in graph.project.roots:
        try:
            module = graph.project.module(folder / file)
        except CouldNotRecordError:
            continue
        if module is not None:
            return graph.sha(graph.whole(module), documented=True)
    return _GONE
