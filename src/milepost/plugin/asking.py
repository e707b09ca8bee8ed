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
    if item.get_closest_marker("milepost"):
        return True
    return bool(_requested(item, OWN if own else ALL))


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
    return {
        "nodeid": item.nodeid,
        "name": item.name,
        "file": item.path,
        "in_file": "::".join([*classes_of(item), plain]),
        "parameters": dict(case.params) if case else {},
        "case_id": case.id if case else "",
        "marker": dict(marker.kwargs) if marker else {},
        "unnamed": marker.args if marker else (),
        "is_original": OWN[2] in getattr(item, "fixturenames", ()),
    }
