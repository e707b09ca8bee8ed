"""The configuration values: what --help and the reference show."""

from typing import Any, Final, Literal, TypeAlias

Kind: TypeAlias = Literal["string", "int", "float", "bool", "linelist"]

# Name -> (pytest's type, default, help).
INI: Final[dict[str, tuple[Kind, Any, str]]] = {
    "milepost_dir": ("string", "", "folder of the checkpoints, relative to the root"),
    "milepost_wait": ("float", 0.0, "seconds to wait for another run that holds a test"),
    "milepost_keep": (
        "string",
        "failed",
        "'failed': a passed test's checkpoint goes; 'all': it is kept to look at",
    ),
    "milepost_unkept": (
        "string",
        "report",
        "'fail': a value that cannot be kept fails the test; 'report': it is said",
    ),
    "milepost_live": (
        "string",
        "type",
        "'stale': a phase with a live input always runs; 'type': it counts by type",
    ),
    "milepost_variant": (
        "string",
        "",
        "keeps checkpoints of different set-ups apart; default: Python's minor version",
    ),
    "milepost_retry": ("int", 3, "retries of a phase after a transient error"),
    "milepost_drain": ("float", 20.0, "seconds to await a phase left in a thread"),
    "milepost_max_crashes": (
        "int",
        10,
        "crashes in a row after which a phase is not started again; 0: no limit",
    ),
    "milepost_secret_ok": ("linelist", [], "paths of values that may hold a secret"),
    "milepost_remember": (
        "linelist",
        [],
        "fixtures whose values are made once and kept until a test passes",
    ),
    "milepost_record": (
        "bool",
        False,
        "'true': calls of language models are remembered in every test",
    ),
    "milepost_record_hosts": (
        "linelist",
        [],
        "more hosts or base URLs whose calls are remembered",
    ),
    "milepost_record_ignore": (
        "linelist",
        [],
        "regular expressions of what does not count in a remembered request",
    ),
}
