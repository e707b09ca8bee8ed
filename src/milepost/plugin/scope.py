"""One class, one module or the session, as a scope with a checkpoint of its own."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from milepost.events import PhaseEvent
from milepost.phases.run import Run
from milepost.plugin.asking import classes_of, description, kinds_asked_for
from milepost.session import CollectedTest
from milepost.words import RESTORED

KINDS: Final = ("class", "module", "session")
_ABOVE: Final = (pytest.Session, pytest.Dir, pytest.Package, pytest.Module)


@dataclass(kw_only=True, eq=False)
class Scope:
    """A class, a module or the session.

    Attributes:
        kind: ``class``, ``module`` or ``session``.
        node: Pytest's node; a test itself, for a class scope outside of classes. Node
            ids that enter a file twice make two nodes of one scope.
        test: What its checkpoint is found by.
        root: The project's folder.
        remaining: The run's tests of the scope that are not over.
        outcomes: How those ended that were over in this process, by their names.
        run: The run on its checkpoint; None until a test asks for it.
        told: What its run had done when the present test started.
        is_begun: Whether it is known which tests of it run.
        is_wide: A test asked for the session's checkpoint while it ran; nobody knows
            which others use what it made.
        broken: The session's last test, if something failed when all was torn down.
    """

    kind: str
    node: Any
    test: CollectedTest
    root: Path
    remaining: set[pytest.Item] = field(default_factory=set)
    outcomes: dict[str, str] = field(default_factory=dict)
    run: Run | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    is_begun: bool = False
    is_wide: bool = False
    broken: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether a test of this process works on its checkpoint."""
        return self.run is not None and not self.run.closed

    @property
    def news(self) -> dict[str, Any]:
        """Give what its run did, where that is something new for the present test."""
        record = self.run.record.to_dict(whole=True) if self.run else {}
        has_news = any(record.get(name) for name in ("phases", "notes", "outside"))
        is_new = record != self.told and has_news
        return {"scope": self.label, **record} if is_new else {}

    @property
    def restored(self) -> list[PhaseEvent]:
        """Give the events of the phases that were restored for the present test."""
        known = [each for each in self.told.get("phases", ()) if each["word"] == RESTORED]
        names = {each["phase"] for each in known}
        found = self.run.record.restored if self.run else []
        return [event for event in found if event.phase not in names]

    @property
    def label(self) -> str:
        """Give its name for people, which no test has."""
        return self.test.nodeid

    @property
    def kept_together_by(self) -> str:
        """Give the kind of scope whose tests xdist has to keep in one worker."""
        inner = self.kind == "class" and any(
            isinstance(each, type)
            for each in vars(getattr(self.node, "obj", self)).values()
        )
        return "module" if inner else self.kind  # to xdist an inner class is another one

    def holds(self, item: pytest.Item) -> bool:
        """Tell whether a test belongs to the scope."""
        node = node_of(self.kind, item)
        return bool(node.nodeid == self.node.nodeid)  # there may be several

    def counts(self, item: pytest.Item) -> bool:
        """Tell whether the checkpoint waits for a test to pass.

        A class and a module are what they hold; of a session only the tests that ask.
        """
        return self.kind != "session" or self.is_wide or self.kind in kinds_asked_for(item)

    def name_of(self, item: pytest.Item) -> str:
        """Give the name by which the document knows a test of the scope."""
        path = os.path.relpath(item.path, self.root).replace(os.sep, "/")
        # Not the node id: xdist writes the group into it.
        chain = item.listchain()
        names = [each.name for each in chain if not isinstance(each, _ABOVE)]
        return "::".join([path, *names])


def node_of(kind: str, item: pytest.Item) -> Any:
    """Give the node whose checkpoint a test works on.

    Classes inside a class belong to it: what pytest has set up for a class fixture of the
    one around them, it gives to their tests, too.
    """
    if kind == "session":
        return item.session
    wanted = pytest.Class if kind == "class" else pytest.Module
    return next((node for node in item.listchain() if isinstance(node, wanted)), item)


def are_ungrouped(items: Iterable[pytest.Item]) -> bool:
    """Tell whether xdist was told to group tests, and this one cannot (3.8 and pytest 9.2).

    It writes the group into the node id, which newer versions of pytest do not let it.
    """
    marked = [item for item in items if item.get_closest_marker("xdist_group")]
    return any(
        item.config.getoption("loadgroup", default=False) and "@" not in item.nodeid
        for item in marked
    )


def describe(kind: str, item: pytest.Item) -> CollectedTest:
    """Describe the scope that a test belongs to, as what a checkpoint is found by."""
    node = node_of(kind, item)
    if node is item:
        return _describe_alone(kind, item)
    name = {"class": "::".join(classes_of(node)), "module": item.path.stem}.get(kind, "")
    marker = node.get_closest_marker("milepost") if kind != "session" else None
    given = _of_scope(kind, dict(marker.kwargs) if marker else {})
    if marker not in node.own_markers:
        given.pop("id", None)  # it names the module, or the class around this one
    return CollectedTest(
        nodeid=f"{node.nodeid} ({kind})" if kind != "session" else "the session",
        name=f"{name} ({kind})" if name else "the session",
        file=item.path,
        in_file=f"{name} ({kind})",
        in_session=kind == "session",
        marker=given,
        unnamed=marker.args if marker else (),
    )


def _describe_alone(kind: str, item: pytest.Item) -> CollectedTest:
    """Describe the scope that a test is by itself, outside of classes."""
    given = description(item)
    return CollectedTest(
        **given
        | {
            "nodeid": f"{item.nodeid} ({kind})",
            "name": f"{item.name} ({kind})",
            "in_file": f"{given['in_file']} ({kind})",
            "marker": _of_scope(kind, given["marker"]),
            "is_original": False,
        }
    )


def _of_scope(kind: str, marker: dict[str, Any]) -> dict[str, Any]:
    """Give what a marker says of a scope; its id is not that of the tests inside."""
    given = {name: value for name, value in marker.items() if name != "remember"}
    if isinstance(given.get("id"), str):
        given["id"] = f"{given['id']} ({kind})"
    return given
