"""Which tests ask for milepost, and what is to be known of them.

Takes pytest's items as they are and imports nothing of pytest.
"""

from typing import Any, Final

ASKING: Final = ("phase", "milepost", "execute_phase_with_checkpoint")


def asks(item: Any, home: str) -> bool:
    """Tell whether a test asks for milepost, by its fixtures or by the marker.

    Args:
        item: The test.
        home: The module in which milepost's fixtures are defined.
    """
    if item.get_closest_marker("milepost"):
        return True
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    names = set(ASKING).intersection(getattr(item, "fixturenames", ()))
    return any(name not in parameters and _is_ours(item, name, home) for name in names)


def _is_ours(item: Any, name: str, home: str) -> bool:
    """Tell whether a fixture's name leads to milepost's; users own the name too."""
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    for found in reversed(known.get(name, ())):
        if getattr(found.func, "__module__", home) == home:
            return True
        if name not in found.argnames:
            return False
    return name not in known


def description(item: Any) -> dict[str, Any]:
    """Give what a ``CollectedTest`` is made from."""
    marker = item.get_closest_marker("milepost")
    case = getattr(item, "callspec", None)
    objects = [(node.name, getattr(node, "obj", None)) for node in item.listchain()]
    classes = [name for name, found in objects if isinstance(found, type)]
    plain = getattr(item, "originalname", None) or item.name
    return {
        "nodeid": item.nodeid,
        "name": item.name,
        "file": item.path,
        "in_file": "::".join([*classes, plain]),
        "parameters": dict(case.params) if case else {},
        "case_id": case.id if case else "",
        "marker": dict(marker.kwargs) if marker else {},
        "unnamed": marker.args if marker else (),
        "is_original": ASKING[2] in getattr(item, "fixturenames", ()),
    }
