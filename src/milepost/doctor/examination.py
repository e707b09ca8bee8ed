"""Looks at collected tests, one block each; takes pytest's objects as they are."""

import os
import unittest
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from milepost.doctor.arguments import Arguments
from milepost.doctor.calls import CallWalk, PhaseCall
from milepost.doctor.closure import Closure
from milepost.doctor.findings import NOTE, PROBLEM, Block, Finding, refused
from milepost.doctor.liveness import Liveness
from milepost.doctor.naming import judge_names, name_of_phase, name_text
from milepost.doctor.results import Results, judge_form
from milepost.doctor.source import code_of, plain_function
from milepost.doctor.surroundings import Surroundings
from milepost.errors import MilepostError, SharedIdentityError
from milepost.fingerprint.objects import is_ours as is_of_project
from milepost.fingerprint.project import project_of
from milepost.marker import check_marker, recording_of
from milepost.plugin.asking import (
    ALL,
    asks,
    configured_fixtures,
    description,
    kinds_asked_for,
    marked_fixtures,
)
from milepost.session import CollectedTest, Session
from milepost.settings import Settings

_RECIPE: Final = (
    "Give it to the methods by an autouse fixture, and call self.phase(...):\n"
    "    @pytest.fixture(autouse=True)\n"
    "    def _give_phase(self, phase):\n"
    "        self.phase = phase"
)
_ADD: Final = (
    "Add the parameter `phase` to the test, and call its expensive parts through it:\n"
    '    def test_it(phase):\n        value = phase("name", function, argument)'
)


class Examination:
    """What can be said of tests that were collected.

    Args:
        session: Milepost's state of the session.
        items: The tests.
        named: What was named on the command line.

    Attributes:
        silent: How many of them do not ask for milepost.
        kinds: The scopes on whose checkpoints they work.
        settings: The settings of the first test's project; None where invalid.
    """

    def __init__(
        self, session: Session, items: Sequence[Any], named: Sequence[str]
    ) -> None:
        self._session = session
        self._items = items
        self._named = [each.partition("[")[0] for each in named if "::" in each]
        self._seen: dict[tuple[Path, str], str] = {}
        self.silent = 0
        self.kinds: set[str] = set()

    def blocks(self) -> list[Block]:
        """Look at all tests."""
        found = [self._block(item) for item in self._items]
        return [block for block in found if block is not None]

    def _block(self, item: Any) -> Block | None:
        block = Block(title=item.nodeid)
        if self._takes_in_vain(item):
            block.add(_unittest(item))
            return block
        if not asks(item) and not self._asks_later(item):
            if not self._is_named(item):
                self.silent += 1
                return None
            block.add(_silent())
            return block
        self.kinds.update(kinds_asked_for(item))
        settings = self._judge_identity(item, block)
        if settings:
            _Patient(item, settings, block).examine()
        return block

    def _is_named(self, item: Any) -> bool:
        plain = item.nodeid.partition("[")[0]
        return any(plain.endswith(name.replace(os.sep, "/")) for name in self._named)

    def _takes_in_vain(self, item: Any) -> bool:
        """Tell whether a method of a TestCase has a parameter that nobody will give."""
        kind = getattr(item, "cls", None)
        if not (isinstance(kind, type) and issubclass(kind, unittest.TestCase)):
            return False
        code = code_of(getattr(item, "function", None) or getattr(item, "obj", None))
        return code is not None and bool(ALL.intersection(code.parameters))

    def _asks_later(self, item: Any) -> bool:
        """Tell whether a test asks while it runs, by getfixturevalue."""
        plain = plain_function(getattr(item, "function", None))
        code = plain.__code__ if plain else None
        return (
            code is not None
            and "getfixturevalue" in code.co_names
            and bool(ALL.intersection(c for c in code.co_consts if isinstance(c, str)))
        )

    def _judge_identity(self, item: Any, block: Block) -> Settings | None:
        """Add why a test's checkpoint cannot be found again; give its settings."""
        test = CollectedTest(**description(item))
        try:
            settings = self._session.settings_for(test.file)
        except MilepostError as error:
            block.add(refused("settings", error))
            return None
        try:
            wrong = check_marker(test.marker, test.unnamed)
            if wrong:
                raise wrong
            place = (settings.directory, self._session.identity_of(test).test_id)
        except MilepostError as error:
            block.add(refused("identity", error))
            return settings
        first = self._seen.setdefault(place, item.nodeid)
        if first != item.nodeid and asks(item, own=True):
            block.add(
                refused("identity", SharedIdentityError(place[1], first, item.nodeid))
            )
        return settings


class _Patient:
    """One test that asks, and what is found about it."""

    def __init__(self, item: Any, settings: Settings, block: Block) -> None:
        self._item = item
        self._block = block
        marker = description(item)["marker"]
        self._records = recording_of(marker, settings).record
        project = project_of(settings.root)
        self._liveness = Liveness(settings.root)
        remembered = [*marked_fixtures(item), *configured_fixtures(item)]
        self._closure = Closure(item, lambda one: is_of_project(project, one), remembered)
        origins = self._closure.origins
        self._results = Results(origins, self._liveness.live_name)
        self._arguments = Arguments(origins, self._liveness, settings.root, settings.live)

    def examine(self) -> None:
        """Look at the test, its fixtures and its class."""
        origins, walk = self._closure.origins, CallWalk(self._closure.origins)
        around = Surroundings(origins, self._block)
        for name, definition, scope in self._closure.own():
            walk.walk(scope)
            around.fixture(name, str(definition.scope), scope)
            asked = self._closure.phases_of(definition)
            around.scopes(name, str(definition.scope), asked)
        code = code_of(self._item.function)
        if code:
            scope = self._closure.scope(code)
            walk.walk(scope)
            around.test(scope)
        for step in self._closure.steps():
            walk.walk(step)
        around.methods(self._item.cls, self._item.module)
        for call in walk.calls:
            self._judge(call)
        judge_names(walk.calls, origins, self._block)
        if not walk.calls and self._records:
            self._block.facts.append("no phase: its recorded calls are replayed")
        elif not walk.calls:
            self._block.add(_no_phase())

    def _judge(self, call: PhaseCall) -> None:
        origins = self._closure.origins
        name = name_of_phase(call, origins)
        shown = repr(name) if name else f"{name_text(call)} (computed)"
        title = f"{call.verb} {shown}"
        function = origins.of(call.function, call.scope)
        before = len(self._block.findings)
        unknown: list[str] = []
        if "always" not in call.options:
            said = self._results.judge(call, function, title, self._block)
            if call.verb == "phase":
                unknown = self._arguments.judge(call, function, shown, self._block)
        else:
            said = "runs in every run"
        judge_form(call, function, title, self._block)
        cannot = f"; cannot be told: {', '.join(unknown)}" if unknown else ""
        is_fine = len(self._block.findings) == before
        if is_fine or said:
            self._block.facts.append(f"{title}: {said}{cannot}  ({call.place})")


def _unittest(item: Any) -> Finding:
    return Finding(
        level=PROBLEM,
        kind="unittest",
        what=f"{item.name} is a method of a TestCase: it is given no fixtures.",
        why="unittest calls it without arguments.",
        cure=_RECIPE,
    )


def _silent() -> Finding:
    return Finding(
        level=NOTE,
        kind="silent",
        what="the test does not ask for milepost: it starts over in every run.",
        cure=_ADD,
    )


def _no_phase() -> Finding:
    return Finding(
        level=NOTE,
        kind="no-phase",
        what="the test asks for milepost, and no call of a phase was found.",
        why="What it does is done in every run; or its phases are called where the "
        "doctor cannot follow.",
        cure=_ADD,
    )
