"""Functions and fixtures whose result is different in every process."""

import ast
from typing import Any, Final

_FOLDER: Final = "is a path below the temporary folder"
_TIME: Final = "is the time of this run"
_CHANCE: Final = "is random"
_PORT: Final = "is a port of this run"

# Module -> its functions (all where there is none named) -> what their results are.
_FUNCTIONS: Final[dict[str, tuple[frozenset[str], str]]] = {
    "uuid": (frozenset({"uuid1", "uuid4", "uuid6", "uuid7", "uuid8"}), "is a random uuid"),
    "random": (frozenset(), _CHANCE),
    "secrets": (frozenset(), _CHANCE),
    "time": (
        frozenset({"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter"}),
        _TIME,
    ),
    "tempfile": (frozenset(), _FOLDER),
    "faker": (frozenset(), _CHANCE),
}
_MOMENTS: Final = frozenset({"now", "utcnow", "today"})
_SYSTEM: Final = {"getpid": "is the id of this process", "urandom": _CHANCE}
_SEEDED: Final = frozenset({"Random", "seed", "SystemRandom", "getstate", "setstate"})
# Fixtures of pytest and of plugins.
FIXTURES: Final = {
    "tmp_path": _FOLDER,
    "tmp_path_factory": _FOLDER,
    "tmpdir": _FOLDER,
    "tmpdir_factory": _FOLDER,
    "faker": _CHANCE,
    "fake": _CHANCE,
    "unused_tcp_port": _PORT,
    "unused_tcp_port_factory": _PORT,
    "free_tcp_port": _PORT,
    "free_tcp_port_factory": _PORT,
    "unused_udp_port": _PORT,
    "testrun_uid": _CHANCE,
}
_PORTS: Final = frozenset({"getsockname", "server_port", "server_address"})


def reason_of_call(function: Any, call: ast.Call) -> str:
    """Tell what makes the result of a call random; empty if nothing is known to.

    Args:
        function: The function or class itself.
        call: How it is called.
    """
    module = str(getattr(function, "__module__", "") or "")
    name = str(getattr(function, "__name__", ""))
    receiver = getattr(function, "__self__", None)
    home = type(receiver).__module__ if receiver is not None else module
    if isinstance(receiver, type) and receiver.__module__ == "datetime":
        return _TIME if name in _MOMENTS else ""
    if name in _SYSTEM and module in ("posix", "nt", "os"):
        return _SYSTEM[name]
    top = home.partition(".")[0] if home not in ("builtins", "module") else module
    return _known(top if top in _FUNCTIONS else module, name, call)


def _known(module: str, name: str, call: ast.Call) -> str:
    names, reason = _FUNCTIONS.get(module.partition(".")[0], (frozenset({""}), ""))
    if module == "random" and name in _SEEDED:
        is_unseeded = name == "Random" and not call.args and not call.keywords
        return reason if is_unseeded or name == "SystemRandom" else ""
    if module == "tempfile" and name == "gettempdir":
        return ""
    return reason if not names or name in names else ""


def reason_of_attribute(name: str) -> str:
    """Tell whether an attribute is a port that the system chose."""
    return _PORT if name in _PORTS else ""


def cure_of(reason: str, name: str, scope: str = "") -> str:
    """Give the lines that keep a value the same in every run.

    Args:
        reason: Why it is not.
        name: The argument or the fixture.
        scope: The prefix of the phase's fixture, as in ``class_``.
    """
    if reason == _FOLDER:
        return (
            f"Use {scope}phase.directory, which is kept with the checkpoint: "
            f'path = {scope}phase.directory / "{name}"'
        )
    return (
        f"Keep it: {name} = {scope}phase.remember({name!r}, make_it); or mark the test, "
        f'where a fixture gives it: @pytest.mark.milepost(remember=["{name}"]); '
        f"or leave it out: with_options(ignore=[...])"
    )
