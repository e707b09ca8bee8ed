"""Which checkpoint is this test's.

The same test has the same id in another process, shell, folder, worker or machine.
"""

import re
import sys
import types
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from milepost.canonical import NotCanonicalError, digest_plain, encode
from milepost.errors import NoIdentityError

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
) -> Identity:
    """Make the identity of a test.

    Args:
        path: The test file relative to the root, with ``/``.
        name: The test's name with its classes, without parameters.
        parameters: The parameters of the case, by argument.
        case_id: The text in square brackets that pytest shows for the case.
        given_id: The marker's ``id=``; replaces path and name, never the parameters.
        variant: Keeps set-ups apart; Python's minor version where it is empty.

    Raises:
        NoIdentityError: A parameter has neither content nor a name nor an id.
    """
    content = {
        argument: _parameter(argument, value, case_id)
        for argument, value in parameters.items()
    }
    minor = f"py{sys.version_info.major}.{sys.version_info.minor}"
    return Identity(
        path="" if given_id else path,
        name=given_id or name,
        parameters=content,
        variant=variant or minor,
    )


def _parameter(argument: str, value: object, case_id: str) -> str:
    """Give a parameter's content: its value, else its name, else the user's id."""
    named = _qualified_name(value)
    if named:
        return f"name {named}"
    try:
        return "value " + encode(value, _named_or_nothing).decode("ascii")
    except NotCanonicalError:
        if case_id and not _is_position(argument, case_id):
            return f"id {case_id}"
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        raise NoIdentityError(argument, kind) from None


def _named_or_nothing(value: object, path: str) -> object:
    named = _qualified_name(value)
    if named is None:
        raise NotCanonicalError(value, path)
    return named


def _qualified_name(value: object) -> str | None:
    """Give the name of a function or class that can be found by it, or None."""
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        name = f"{value.__module__}.{value.__qualname__}"
        return None if "<lambda>" in name else name
    return None


def _is_position(argument: str, case_id: str) -> bool:
    """Tell whether pytest made the id from the argument's name and an index."""
    pattern = rf"(^|-){re.escape(argument)}\d+($|-)"
    return re.search(pattern, case_id) is not None


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub("[^a-z0-9]+", "_", plain.lower()).strip("_")
    return slug[:SLUG_LENGTH] or "test"
