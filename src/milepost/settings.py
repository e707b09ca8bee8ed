"""Settings: the root, the checkpoint folder, and what the configuration says.

The plugin reads them through pytest; the manager and the command line read the same
files here, without pytest.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from milepost.configuration import configuration_of, holds_configuration
from milepost.errors import InvalidSettingError
from milepost.ini import INI

DEFAULT_FOLDER: Final = ".milepost"
ROOT_MARKS: Final = ("pyproject.toml", ".git", "setup.py")
_CHOICES: Final = {
    "milepost_keep": ("failed", "all"),
    "milepost_unkept": ("report", "fail"),
    "milepost_live": ("type", "stale"),
}
# As pytest reads them.
_TRUTHS: Final = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for the checkpoints of one root.

    Attributes:
        root: The project's folder; identities and paths count relative to it.
        directory: Where the checkpoints lie.
        wait: Seconds to wait for another run that holds a checkpoint.
        keep: Whether a passed test's checkpoint is kept: ``failed`` or ``all``.
        unkept: What a value that cannot be kept does: ``report`` or ``fail``.
        live: How live inputs count: by ``type``, or always as ``stale``.
        variant: Keeps checkpoints of different set-ups apart.
        retry: Retries of a phase after a transient error.
        drain: Seconds to await a phase left in a thread when its test is over.
        max_crashes: Crashes in a row after which a phase is not started again.
        secret_ok: Paths of values that may hold a secret.
        remember: Fixtures whose values are kept until a test passes.
        record: Whether calls of language models are remembered in every test.
        record_hosts: More hosts or base URLs whose calls are remembered.
        record_ignore: Regular expressions of what does not count in a request.
    """

    root: Path
    directory: Path
    wait: float = 0.0
    keep: str = "failed"
    unkept: str = "report"
    live: str = "type"
    variant: str = ""
    retry: int = 3
    drain: float = 20.0
    max_crashes: int = 10
    secret_ok: tuple[str, ...] = ()
    remember: tuple[str, ...] = ()
    record: bool = False
    record_hosts: tuple[str, ...] = ()
    record_ignore: tuple[str, ...] = ()


def find_settings(start: Path | None = None) -> Settings:
    """Find the settings that hold for a folder, without pytest.

    Args:
        start: The folder to start from; the working directory where it is left out.

    Raises:
        InvalidSettingError: A setting has a value that it cannot have.
    """
    root = find_root(start or Path.cwd())
    return make_settings(root, configuration_of(root) or {})


def make_settings(
    root: Path, configuration: Mapping[str, Any], option: str | None = None
) -> Settings:
    """Make the settings of a root from its configuration.

    Args:
        root: The project's folder.
        configuration: Values by their ini name; a missing one has its default.
        option: The folder given on the command line, which comes first.

    Raises:
        InvalidSettingError: A setting has a value that it cannot have.
    """
    given = {name: _typed(name, configuration.get(name)) for name in INI}
    folder = option or os.environ.get("MILEPOST_DIR")
    # What was typed counts from where it was typed, what is configured from the root.
    directory = (
        Path.cwd() / folder if folder else root / (given["milepost_dir"] or DEFAULT_FOLDER)
    )
    rest = {
        name.removeprefix("milepost_"): value
        for name, value in given.items()
        if name != "milepost_dir"
    }
    return Settings(root=root, directory=directory.absolute(), **rest)


def find_root(start: Path, configuration_file: Path | None = None) -> Path:
    """Find the project's folder.

    Args:
        start: A test file's folder, or the working directory.
        configuration_file: The pytest configuration in use, where it is known.

    Returns:
        The nearest ancestor that holds the pytest configuration, else one of
        ``pyproject.toml``, ``.git`` and ``setup.py``, else ``start``.
    """
    folders = [start.absolute(), *start.absolute().parents]
    if configuration_file and not holds_configuration(configuration_file):
        configuration_file = None
    if configuration_file and configuration_file.parent.absolute() in folders:
        return configuration_file.parent.absolute()
    if configuration_file is None:
        for folder in folders:
            if configuration_of(folder) is not None:
                return folder
    marked = [f for f in folders if any((f / mark).exists() for mark in ROOT_MARKS)]
    return marked[0] if marked else folders[0]


def _typed(name: str, given: Any) -> Any:
    """Give a setting the type that it has, whatever the file's format."""
    kind, default, _ = INI[name]
    if given is None or given == "":
        value = default
    else:
        value = _converted(name, kind, given)
    if name in _CHOICES and value not in _CHOICES[name]:
        raise InvalidSettingError(name, given, " or ".join(map(repr, _CHOICES[name])))
    if name == "milepost_record_ignore":
        check_patterns(name, value)
    return tuple(value) if kind == "linelist" else value


def _converted(name: str, kind: str, given: Any) -> Any:
    if kind == "linelist":
        lines = given.splitlines() if isinstance(given, str) else given
        return [str(line).strip() for line in lines if str(line).strip()]
    if kind == "string":
        return str(given)
    if kind == "bool":
        return _truth(name, given)
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise InvalidSettingError(name, given, "a number") from None
    if isinstance(given, bool) or (kind == "int" and not value.is_integer()):
        raise InvalidSettingError(name, given, "a whole number")
    if not 0 <= value < float("inf"):
        raise InvalidSettingError(name, given, "0 or more")
    return int(value) if kind == "int" else value


def _truth(name: str, given: Any) -> bool:
    if isinstance(given, bool):
        return given
    found = _TRUTHS.get(str(given).strip().lower())
    if found is None:
        raise InvalidSettingError(name, given, "'true' or 'false'")
    return found


def check_patterns(name: str, patterns: Iterable[str]) -> None:
    """Make sure that texts are regular expressions.

    Args:
        name: Where they stand.
        patterns: The texts.

    Raises:
        InvalidSettingError: One is none.
    """
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            allowed = f"a regular expression ({error})"
            raise InvalidSettingError(name, pattern, allowed) from None
