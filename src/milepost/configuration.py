"""pytest's configuration, read without pytest: the same files, in the same order."""

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from milepost.errors import InvalidSettingError, MilepostError

Loaded = dict[str, Any] | None


class UnreadableConfigurationError(InvalidSettingError):
    """The pytest configuration cannot be read."""

    def __init__(self, path: Path, error: Exception) -> None:
        MilepostError.__init__(
            self,
            f"the configuration {path} cannot be read.",
            f"{type(error).__name__}: {error}.",
            "Correct it; pytest itself reads the same file.",
        )


def configuration_of(folder: Path) -> Loaded:
    """Give the pytest configuration that a folder holds, or None.

    Raises:
        UnreadableConfigurationError: A file that may hold it cannot be read.
    """
    for name in _LOADERS:
        found = _load(folder / name)
        if found is not None:
            return found
    return None


@lru_cache(maxsize=8)
def holds_configuration(path: Path) -> bool:
    """Tell whether a file that pytest has chosen says anything to pytest.

    It also chooses a ``pyproject.toml`` without a table for it, where there is nothing
    better. A file that is none of the usual ones was chosen by somebody.

    Raises:
        UnreadableConfigurationError: The file cannot be read.
    """
    return path.name not in _LOADERS or _load(path) is not None


def _load(path: Path) -> Loaded:
    if not path.is_file():
        return None
    try:
        return _LOADERS[path.name](path)
    # What iniconfig raises is no name that can be caught without importing it.
    except Exception as error:  # noqa: BLE001
        raise UnreadableConfigurationError(path, error) from None


@lru_cache(maxsize=1)
def _reads_native_toml() -> bool:
    """Tell whether the pytest here reads its tables in native TOML: from 9 on."""
    loaded = getattr(sys.modules.get("pytest"), "__version__", "")
    if not loaded:
        from importlib import metadata  # noqa: PLC0415 - only without pytest

        loaded = metadata.version("pytest")
    return int(loaded.partition(".")[0]) >= 9


def _pytest_toml(path: Path) -> Loaded:
    table = _toml(path).get("pytest", {}) if _reads_native_toml() else None
    return table if table is None or isinstance(table, dict) else {}


def _pyproject(path: Path) -> Loaded:
    tool = _toml(path).get("tool", {})
    table: Mapping[str, Any] = tool.get("pytest", {}) if isinstance(tool, dict) else {}
    native = {name: value for name, value in table.items() if name != "ini_options"}
    options: Loaded = table.get("ini_options")
    return native if native and _reads_native_toml() else options


def _toml(path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - pytest itself often knows the configuration

    return tomllib.loads(path.read_text("utf-8"))


def _pytest_ini(path: Path) -> Loaded:
    return _section(path, "pytest") or {}


def _tox_ini(path: Path) -> Loaded:
    return _section(path, "pytest")


def _setup_cfg(path: Path) -> Loaded:
    return _section(path, "tool:pytest")


def _section(path: Path, name: str) -> Loaded:
    import iniconfig  # noqa: PLC0415 - only the manager and the command line come here

    found = iniconfig.IniConfig(str(path))
    return dict(found[name].items()) if name in found else None


# In pytest's own order of precedence.
_LOADERS: Final[Mapping[str, Callable[[Path], Loaded]]] = {
    "pytest.toml": _pytest_toml,
    ".pytest.toml": _pytest_toml,
    "pytest.ini": _pytest_ini,
    ".pytest.ini": _pytest_ini,
    "pyproject.toml": _pyproject,
    "tox.ini": _tox_ini,
    "setup.cfg": _setup_cfg,
}
