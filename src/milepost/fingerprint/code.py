"""The code on which a phase depends: what counts, and what has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Final

from milepost.fingerprint.following import Following
from milepost.fingerprint.graph import graph_of
from milepost.fingerprint.source import without_collector

RULE: Final = "static-1"
# Phases run in several threads; what is known of the project is shared.
LOCK: Final = RLock()


@dataclass(frozen=True)
class Fingerprint:
    """The code that a phase's result depends on.

    Attributes:
        rule: The name of the rule by which the parts were found.
        parts: A short hash for each part, the phase's own function first.
    """

    rule: str
    parts: dict[str, str]


def fingerprint_of(fn: object, *, root: Path) -> Fingerprint:
    """Find the code that a function depends on, by following the names it uses.

    Args:
        fn: A function, method, class, partial or callable object.
        root: The project's root; source files below it are followed.

    Raises:
        CouldNotRecordError: A source that counts cannot be read.
    """
    return Fingerprint(RULE, _parts_of(fn, root))


def code_of_class(kind: type, *, root: Path) -> dict[str, str]:
    """Find the code of a class, as for ``fingerprint_of``.

    Args:
        kind: The class.
        root: The project's root.

    Returns:
        A short hash for each part; a class of another package by name and version.
    """
    return _parts_of(kind, root)


def _parts_of(thing: object, root: Path) -> dict[str, str]:
    with LOCK, without_collector():
        following = Following(graph_of(root))
        following.begin(thing)
        return following.parts()


def differences(recorded: Mapping[str, str], current: Mapping[str, str]) -> list[str]:
    """Say what has changed, the most telling first.

    Args:
        recorded: The parts of a saved result.
        current: The parts now, the phase's own function first.

    Returns:
        Lines such as ``app/prompts.py::render changed``; empty where all is equal.
    """
    changed = [
        f"{name} changed" for name, sha in current.items() if recorded.get(name, sha) != sha
    ]
    new = [name for name in current if name not in recorded]
    gone = [name for name in recorded if name not in current]
    updated = _updated(new, gone)
    changed += [f"{stem} changed ({old} -> {now})" for stem, (old, now) in updated.items()]
    changed += [f"{name} is new" for name in new if _stem(name) not in updated]
    return changed + [f"{name} is gone" for name in gone if _stem(name) not in updated]


def _updated(new: list[str], gone: list[str]) -> dict[str, tuple[str, str]]:
    """Find what is gone in one version and new in another."""
    before = {_stem(name): _version(name) for name in gone if _version(name)}
    return {
        _stem(name): (before[_stem(name)], _version(name))
        for name in new
        if _version(name) and _stem(name) in before
    }


def _stem(name: str) -> str:
    return name.partition(" (")[0]


def _version(name: str) -> str:
    return name.partition(" (")[2].rstrip(")")
