"""Which fixtures are to be remembered, for which tests, and with which value.

Takes pytest's items and definitions of fixtures as they are.
"""

import difflib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from milepost.errors import MilepostError
from milepost.plugin.asking import configured_fixtures, marked_fixtures
from milepost.plugin.fixture_errors import (
    KeptTwiceError,
    UnknownFixtureError,
    YieldingFixtureError,
)
from milepost.plugin.scope import node_of

Record = Mapping[str, Any]


@dataclass(eq=False)
class Instance:
    """One value of a fixture: of one definition, in one scope, with one parameter.

    Attributes:
        name: The fixture's name.
        scope: Its scope.
        items: The tests that name it.
        record: The value that it has in this session, as documents keep it; None until
            it is known. A fixture of one test has it in the test's document alone.
        refused: Why it cannot be remembered; for the tests that name it.
        is_disputed: Its tests keep different values.
        written_by: The runs that keep the value, and have said so.
    """

    name: str
    scope: str
    items: list[pytest.Item] = field(default_factory=list)
    record: Record | None = None
    refused: MilepostError | None = None
    is_disputed: bool = False
    written_by: set[str] = field(default_factory=set)

    @property
    def is_shared(self) -> bool:
        """Tell whether several tests share the value."""
        return self.scope != "function"


class NamedFixtures:
    """The fixtures that the tests of a session name."""

    def __init__(self) -> None:
        self._instances: dict[tuple[Any, ...], Instance] = {}
        self._definitions: set[Any] = set()
        self._of: dict[pytest.Item, list[Instance]] = {}

    def add(self, item: pytest.Item) -> None:
        """See which fixtures a test names.

        Args:
            item: The test.

        Raises:
            UnknownFixtureError: Its marker names one that it cannot have.
            YieldingFixtureError: It names one that has a teardown.
        """
        for name in marked_fixtures(item):
            definition = definition_of(item, name)
            if definition is None:
                raise UnknownFixtureError(name, _close(item, name))
            self._add(item, name, definition)
        for name in sorted(configured_fixtures(item)):
            definition = definition_of(item, name)
            if name in getattr(item, "fixturenames", ()) and definition is not None:
                self._add(item, name, definition)

    def _add(self, item: pytest.Item, name: str, definition: Any) -> None:
        if _is_given_by_parameter(item, name, definition):
            return  # it is part of the test's identity
        if yields(definition.func):
            raise YieldingFixtureError(name)
        self._definitions.add(definition)
        new = Instance(name, definition.scope)
        instance = self._instances.setdefault(_place(item, definition), new)
        if item not in instance.items:
            instance.items.append(item)
            self._of.setdefault(item, []).append(instance)

    def of(self, item: pytest.Item) -> list[Instance]:
        """Give what a test names."""
        return self._of.get(item, [])

    def find(self, item: pytest.Item, definition: Any) -> Instance | None:
        """Give what a definition is, as a test has it; None where no test names it."""
        if definition not in self._definitions:
            return None
        return self._instances.get(_place(item, definition))

    def decide(
        self,
        kept_by: Callable[[pytest.Item, str], Record | None],
        id_of: Callable[[pytest.Item], str],
    ) -> Iterator[tuple[pytest.Item, MilepostError]]:
        """Decide which value each shared fixture gets, from what its tests keep.

        Args:
            kept_by: Gives what a test keeps of a fixture, by the fixture's name.
            id_of: Gives the id of a test's checkpoint.

        Yields:
            Tests that cannot run, for they would not agree with others.
        """
        for instance in self._instances.values():
            if not instance.is_shared:
                continue
            found = [(item, kept_by(item, instance.name)) for item in instance.items]
            kept = [(item, record) for item, record in found if record is not None]
            other = next((each for each in kept if not same(each[1], kept[0][1])), None)
            if other:
                instance.is_disputed = True
                names = [(i.nodeid, id_of(i)) for i in (kept[0][0], other[0])]
                error = KeptTwiceError(instance.name, *names)
                yield from ((item, error) for item in instance.items)
            elif kept:
                instance.record = kept[0][1]


def same(one: Record, other: Record) -> bool:
    """Tell whether two records hold one value."""
    return bool(one["data"] == other["data"])


def definition_of(item: pytest.Item, name: str) -> Any:
    """Give the definition of a fixture that a test has, or would be given.

    Args:
        item: The test.
        name: The fixture.
    """
    known = _known(item).get(name) or _visible(item, name)
    return known[-1] if known else None


def _known(item: pytest.Item) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(
        getattr(item, "_fixtureinfo", None), "name2fixturedefs", {}
    )
    return found


def _visible(item: pytest.Item, name: str) -> tuple[Any, ...]:
    fixtures = getattr(item.session, "_fixturemanager", None)
    return tuple(fixtures.getfixturedefs(name, item) or ()) if fixtures else ()


def _close(item: pytest.Item, name: str) -> list[str]:
    """Give the names of fixtures that may have been meant."""
    fixtures: Any = getattr(item.session, "_fixturemanager", None)
    if hasattr(fixtures, "_get_all_fixture_defs"):
        every = {definition.argname for definition in fixtures._get_all_fixture_defs()}
    else:
        every = set(getattr(fixtures, "_arg2fixturedefs", ()))
    near = difflib.get_close_matches(name, sorted(every), n=9)
    return [each for each in near if _visible(item, each)][:3]


def _parameters(item: pytest.Item) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return found


def _is_given_by_parameter(item: pytest.Item, name: str, definition: Any) -> bool:
    """Tell whether a test gives the value itself, by a parameter of that name."""
    return name in _parameters(item) and definition not in _visible(item, name)


def yields(fn: Any) -> bool:
    """Tell whether a fixture's function has something to do after the tests."""
    return any(
        inspect.isgeneratorfunction(each) or inspect.isasyncgenfunction(each)
        for each in (fn, inspect.unwrap(fn))
    )


def _place(item: pytest.Item, definition: Any) -> tuple[Any, ...]:
    """Tell which value of a fixture a test has; equal for tests that share it."""
    parameters = _parameters(item)
    needed = [n for n in _needs(item, definition, set()) if n in parameters]
    # Pytest makes the fixture anew for another object.
    return (
        definition,
        _node(item, definition),
        *((name, id(parameters[name])) for name in sorted(needed)),
    )


def _needs(item: pytest.Item, definition: Any, found: set[str]) -> Iterable[str]:
    """Name a fixture and all that it is made from."""
    if definition.argname not in found:
        found.add(definition.argname)
        for name in definition.argnames:
            inner = definition_of(item, name)
            if inner is not None:
                _needs(item, inner, found)
    return found


_NODES: Final = ("class", "module", "session")


def _node(item: pytest.Item, definition: Any) -> Any:
    """Give the node in which a fixture's value lives, as pytest finds it."""
    if definition.scope in _NODES:
        return node_of(definition.scope, item)
    if definition.scope != "package":
        return item
    for parent in item.iter_parents():
        if isinstance(parent, pytest.Package) and parent.nodeid == definition.baseid:
            return parent
    return item.session
