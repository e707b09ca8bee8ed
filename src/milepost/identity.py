"""Which checkpoint is this test's.

The same test has the same id in another process, shell, folder, worker or machine.
"""

import re
import sys
import types
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

from milepost.canonical import (
    NotCanonicalError,
    Plain,
    Walk,
    digest_plain,
    encode_plain,
)
from milepost.errors import InvalidSettingError, NoIdentityError

SLUG_LENGTH: Final = 80
HASH_LENGTH: Final = 8


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What makes a test this test.

    Attributes:
        path: The test file relative to the root, with ``/``; empty where an id was
            given.
        name: The test's name in the file, with its classes; or the id given.
        parameters: The content of each parameter as text.
        variant: Keeps checkpoints of different set-ups apart.
    """

    path: str
    name: str
    parameters: Mapping[str, str]
    variant: str

    @property
    def test_id(self) -> str:
        """Give the id: a readable slug and 8 hex digits over the whole identity."""
        slug = _slug(self.name.rpartition("::")[2])
        return f"{slug}_{digest_plain(self.to_dict())[:HASH_LENGTH]}"

    def to_dict(self) -> dict[str, Any]:
        """Give the identity as the document keeps it."""
        return {
            "path": self.path,
            "name": self.name,
            "parameters": dict(self.parameters),
            "variant": self.variant,
        }


def identify(
    path: str,
    name: str,
    parameters: Mapping[str, object],
    *,
    case_id: str = "",
    given_id: str | None = None,
    variant: str = "",
    root: Path | None = None,
) -> Identity:
    """Make the identity of a test.

    Args:
        path: The test file relative to the root, with ``/``.
        name: The test's name with its classes, without parameters.
        parameters: The parameters of the case, by argument.
        case_id: The text in square brackets that pytest shows for the case.
        given_id: The marker's ``id=``; replaces path and name, never the parameters.
        variant: Keeps set-ups apart; Python's minor version where it is empty.
        root: The project's folder; a path below it counts relative to it, so that a
            moved checkout is the same project.

    Raises:
        InvalidSettingError: The marker's ``id=`` is no text.
        NoIdentityError: A parameter has neither content nor a name nor an id.
    """
    if given_id is not None and not (isinstance(given_id, str) and given_id.strip()):
        raise InvalidSettingError("the marker's id", given_id, "a text")
    content = {
        argument: _parameter(argument, value, case_id, root)
        for argument, value in parameters.items()
    }
    minor = f"py{sys.version_info.major}.{sys.version_info.minor}"
    return Identity(
        path="" if given_id else path,
        name=given_id or name,
        parameters=content,
        variant=variant or minor,
    )


def unlike(recorded: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Tell for people in what two recorded identities differ, one line each."""
    names = [n for n in {**wanted, **recorded} if recorded.get(n) != wanted.get(n)]
    return "\n".join(
        f"{name}: {recorded.get(name)!r} there, {wanted.get(name)!r} here" for name in names
    )


def _parameter(argument: str, value: object, case_id: str, root: Path | None) -> str:
    """Give a parameter's content: its value, else its name, else the user's id."""
    named = _qualified_name(value)
    if named:
        return f"name {named}"
    try:
        return "value " + encode_plain(_Content(root).plain(value, "$")).decode("ascii")
    except Exception:  # noqa: BLE001 - reading a stranger's attributes runs its code
        known = (argument, str(getattr(value, "__name__", argument)))
        if case_id and not any(_is_position(name, case_id) for name in known):
            return f"id {case_id}"
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        raise NoIdentityError(argument, kind) from None


class _Content(Walk):
    """Turn a parameter into plain JSON, with paths below the root relative to it."""

    def __init__(self, root: Path | None) -> None:
        super().__init__(_named_or_nothing)
        self._root = root

    def plain(self, value: object, path: str) -> Plain:
        """Give the plain form of one value."""
        below = self._below_root(value)
        kind = "text" if isinstance(value, str) else "path"
        return {"$root": [kind, below]} if below else super().plain(value, path)

    def _below_root(self, value: object) -> str:
        if self._root is None or not isinstance(value, str | PurePath):
            return ""
        text = value.as_posix() if isinstance(value, PurePath) else value
        prefix = f"{self._root.as_posix()}/"
        return text.removeprefix(prefix) if text.startswith(prefix) else ""


def _named_or_nothing(value: object, path: str) -> object:
    named = _qualified_name(value)
    if named is None:
        raise NotCanonicalError(value, path)
    return named


def _qualified_name(value: object) -> str | None:
    """Give the name of a function or class that can be found by it, or None."""
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        name = f"{value.__module__}.{value.__qualname__}"
        return None if "<" in name else name  # a lambda, or local to a function
    return None


def _is_position(name: str, case_id: str) -> bool:
    """Tell whether pytest made the id from a name and an index, or of a lambda."""
    pattern = rf"(^|-){re.escape(name)}\d+($|-)"
    return "<lambda>" in case_id or re.search(pattern, case_id) is not None


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub("[^a-z0-9]+", "_", plain.lower()).strip("_")
    return slug[:SLUG_LENGTH] or "test"
