"""Which tests ask for milepost, and what is to be known of them.

Takes pytest's items as they are and imports nothing of pytest.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

OWN: Final = ("phase", "milepost", "execute_phase_with_checkpoint")
# Fixture -> whose checkpoint it works on.
SCOPED: Final[Mapping[str, str]] = {
    "class_phase": "class",
    "module_phase": "module",
    "session_phase": "session",
}
ALL: Final = frozenset({*OWN, *SCOPED})
_HOME: Final = "milepost.plugin.fixtures"


def asks(item: Any, *, own: bool = False) -> bool:
    """Tell whether a test asks for milepost, by its fixtures or by the marker.

    Args:
        item: The test.
        own: Whether it asks for a checkpoint of its own.
    """
    marked = item.get_closest_marker("milepost") is not None
    if names_fixtures(item):
        return True
    if own:  # a marked class gives a marker to each of its tests
        return bool(_requested(item, OWN)) or (marked and not kinds_asked_for(item))
    return marked or bool(_requested(item, ALL))


def names_fixtures(item: Any) -> bool:
    """Tell whether values of a test's fixtures are to be remembered."""
    configured = configured_fixtures(item)
    return bool(marked_fixtures(item)) or not configured.isdisjoint(
        getattr(item, "fixturenames", ())
    )


def marked_fixtures(item: Any) -> list[str]:
    """Give the fixtures that a test's marker names; nothing where it is wrong."""
    marker = item.get_closest_marker("milepost")
    given = marker.kwargs.get("remember") if marker else None
    names = list(given) if isinstance(given, list | tuple) else []
    return list(dict.fromkeys(names)) if all(isinstance(n, str) for n in names) else []


def recording_asked(item: Any) -> str:
    """Tell who asks for a test's calls to be recorded: its marker, or the configuration.

    Returns:
        ``marker`` or ``configuration``; empty where nobody asks.
    """
    marker = item.get_closest_marker("milepost")
    given = marker.kwargs.get("record") if marker else None
    if given is not None:
        return "marker" if given is True else ""
    try:
        return "configuration" if item.config.getini("milepost_record") else ""
    except Exception:  # noqa: BLE001 - pytest has several; where a test asks it is said
        return ""


def requests_phases(item: Any) -> bool:
    """Tell whether a test requests a fixture that runs phases."""
    return bool(_requested(item, ALL))


def configured_fixtures(item: Any) -> frozenset[str]:
    """Give the fixtures that the configuration names for all tests."""
    try:
        return frozenset(item.config.getini("milepost_remember"))
    except Exception:  # noqa: BLE001 - pytest has several; where a test asks it is said
        return frozenset()


def kinds_asked_for(item: Any) -> list[str]:
    """Name the kinds of scope on whose checkpoints a test works."""
    return [SCOPED[name] for name in _requested(item, SCOPED)]


def _requested(item: Any, names: Collection[str]) -> list[str]:
    """Name the fixtures of ours that a test requests; users own the names too."""
    found = set(names).intersection(getattr(item, "fixturenames", ()))
    if not found:
        return []
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return sorted(n for n in found if n not in parameters and _is_ours(item, n))


def _is_ours(item: Any, name: str) -> bool:
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    for found in reversed(known.get(name, ())):
        if getattr(found.func, "__module__", _HOME) == _HOME:
            return True
        if name not in found.argnames:
            return False
    return name not in known


def classes_of(node: Any) -> list[str]:
    """Name the classes in which a test or a class stands, itself included."""
    objects = [(each.name, getattr(each, "obj", None)) for each in node.listchain()]
    return [name for name, found in objects if isinstance(found, type)]


def description(item: Any) -> dict[str, Any]:
    """Give what a ``CollectedTest`` is made from."""
    marker = item.get_closest_marker("milepost")
    case = getattr(item, "callspec", None)
    plain = getattr(item, "originalname", None) or item.name
    given = dict(marker.kwargs) if marker else {}
    if kinds_asked_for(item) and marker not in item.own_markers:
        given.pop("id", None)  # it names the class or the module
    return {
        "nodeid": item.nodeid,
        "name": item.name,
        "file": item.path,
        "in_file": "::".join([*classes_of(item), plain]),
        "parameters": dict(case.params) if case else {},
        "case_id": case.id if case else "",
        "marker": given,
        "unnamed": marker.args if marker else (),
        "is_original": OWN[2] in getattr(item, "fixturenames", ()),
    }
