"""A clean-up as it is written down: the name of a function, and plain arguments."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Final

from milepost import clock
from milepost.canonical import digest_plain
from milepost.fingerprint.project import Project
from milepost.stores.cleanups import DONE, FORGOTTEN, STANDING

_PATH: Final = "$path"
_LONGEST: Final = 60


@dataclass(frozen=True, kw_only=True)
class Cleanup:
    """A call that was written down.

    Attributes:
        key: Tells the same call again: a hash over the function's name and the arguments.
        function: ``module:name``.
        file: Its source file relative to the root, with ``/``; empty where that is none
            of the project's.
        args: Its arguments; a path is ``{"$path": text}``.
        kwargs: Its keyword arguments.
        test_id: The checkpoint that it belongs to.
        generation: The life of the checkpoint in which it was registered.
        run: The run that registered it.
        registered_at: UTC, ISO 8601.
        signature: Says that this user on this machine registered it; may be empty.
    """

    key: str
    function: str
    file: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    test_id: str
    generation: str
    run: str
    registered_at: str
    signature: str = ""

    @property
    def text(self) -> str:
        """Give the call as people write it."""
        name = self.function.rpartition(":")[2]
        return call_text(name, plain_to_args(self.args), plain_to_kwargs(self.kwargs))

    @property
    def age_seconds(self) -> float:
        """Tell how long ago it was registered, in seconds."""
        return clock.age_seconds(self.registered_at)

    def content(self) -> dict[str, Any]:
        """Give all but the signature, as what is signed."""
        content = asdict(self)
        del content["signature"]
        return content

    def to_record(self) -> dict[str, Any]:
        """Give it as a record of the file."""
        return {"kind": STANDING, **asdict(self)}

    def signed(self, signature: str) -> "Cleanup":
        """Give the same with a signature."""
        return replace(self, signature=signature)


def done(cleanup: Cleanup) -> dict[str, Any]:
    """Give the record that a clean-up was made."""
    return {"kind": DONE, "key": cleanup.key, "at": clock.now_at()}


def forgotten() -> dict[str, Any]:
    """Give the record that nothing is left to do of all that is recorded before it."""
    return {"kind": FORGOTTEN, "at": clock.now_at()}


def from_record(record: Mapping[str, Any]) -> Cleanup:
    """Read a clean-up back, whose form the store has checked."""
    return Cleanup(**{k: v for k, v in record.items() if k not in ("kind", "checksum")})


def key_of(function: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Give what tells the same call again."""
    return digest_plain({"function": function, "args": list(args), "kwargs": dict(kwargs)})


def where(fn: Callable[..., object], root: Path) -> tuple[str, str] | None:
    """Name a function at the top level of a module.

    Args:
        fn: The function.
        root: The project's folder.

    Returns:
        ``module:name``, and the file relative to the root, empty where it is none of the
        project's; None for what no name leads back to.
    """
    module, name = getattr(fn, "__module__", None), getattr(fn, "__qualname__", "")
    loaded = sys.modules.get(str(module))
    if not name.isidentifier() or getattr(loaded, name, None) is not fn:
        return None
    found = Project(root).own(str(getattr(loaded, "__file__", "") or ""))
    return f"{module}:{name}", found[1] if found else ""


def args_to_plain(args: Sequence[object]) -> list[Any]:
    """Write paths so that they can be told from texts."""
    return [
        {_PATH: each.as_posix()} if isinstance(each, PurePath) else each for each in args
    ]


def plain_to_args(args: Sequence[Any]) -> list[Any]:
    """Give the arguments back."""
    return [
        Path(str(each[_PATH])) if isinstance(each, dict) and set(each) == {_PATH} else each
        for each in args
    ]


def plain_to_kwargs(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the keyword arguments back."""
    return dict(zip(kwargs, plain_to_args(list(kwargs.values())), strict=True))


def call_text(name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """Give a call as people write it, long arguments cut short."""
    given = [_short(each) for each in args]
    given += [f"{key}={_short(each)}" for key, each in kwargs.items()]
    return f"{name}({', '.join(given)})"


def _short(value: object) -> str:
    text = str(value) if isinstance(value, PurePath) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
