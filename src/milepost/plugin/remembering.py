"""Values of fixtures, remembered without an edit of the test or the fixture.

A fixture's function is replaced while pytest sets the fixture up. That leans on an
attribute of pytest's that is not documented: a fixture of our own is replaced first, and
where that does not work nothing is called.
"""

import inspect
from collections.abc import Callable, Generator, Sequence
from functools import wraps
from types import MethodType
from typing import Any

import pytest

from milepost.errors import LiveValueError, MilepostError
from milepost.phases.remembering import remembered, to_record, value_of, write
from milepost.phases.run import Run
from milepost.plugin import probe
from milepost.plugin.asking import names_fixtures
from milepost.plugin.fixture_errors import KeptTwiceError, NotReplacedError
from milepost.plugin.named import Instance, NamedFixtures, Record, same
from milepost.plugin.own_runs import identity_run
from milepost.plugin.probe import PROBE
from milepost.plugin.state import collected, seen_key, session_of
from milepost.values.schema import schema_of


def watch(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Remember the fixtures that tests name, from now on.

    Args:
        config: The session's configuration.
        items: All tests that were collected.
    """
    session, named = session_of(config), NamedFixtures()
    for item in items:
        if names_fixtures(item) and not collected(item).error:
            try:
                named.add(item)
            except MilepostError as error:
                collected(item).error = error
    if session.mode not in ("fresh", "require-fresh"):
        decided = named.decide(
            lambda item, name: remembered(session.peek(collected(item)), name),
            lambda item: session.identity_of(collected(item)).test_id,
        )
        for item, dispute in decided:
            collected(item).error = dispute
    config.pluginmanager.register(probe, "milepost-probe")
    config.pluginmanager.register(RememberedFixtures(named), "milepost-remembering")


class RememberedFixtures:
    """Sets fixtures up that are to be remembered; registered as a plugin of its own.

    Args:
        named: The fixtures.
    """

    def __init__(self, named: NamedFixtures) -> None:
        self._named = named
        self._is_tried = False

    @pytest.hookimpl(wrapper=True, trylast=True)  # what it prints is captured
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Write what tests before have made, for a test that names it."""
        __tracebackhide__ = True
        yield
        self._write_known(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: Any, request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Give a fixture the value that it had; write a new one before it is used."""
        __tracebackhide__ = True
        item = request.config.stash[seen_key].item
        if fixturedef.argname == PROBE:
            return (yield from _replaced(fixturedef, lambda _: _always_true))
        if item is None:
            return (yield)
        if self._named.of(item):
            self._try_out(request)
            self._write_known(item)
        instance = self._named.find(item, fixturedef)
        if instance is None or not self._may_set_up(item, instance, request):
            return (yield)
        setting = FixtureSetup(item, instance, fixturedef.func)
        return (yield from _replaced(fixturedef, setting.stand_in))

    def _may_set_up(
        self, item: pytest.Item, instance: Instance, request: pytest.FixtureRequest
    ) -> bool:
        """Tell whether to remember; a test that names nothing is not failed for it."""
        if item not in instance.items:
            try:
                self._try_out(request)
            except MilepostError as error:
                instance.refused = error
        return not (instance.is_disputed or instance.refused)

    def _try_out(self, request: pytest.FixtureRequest) -> None:
        """Make sure, once in a session, that what stands in for a function is called."""
        __tracebackhide__ = True
        if not self._is_tried and request.getfixturevalue(PROBE) is not True:
            raise NotReplacedError("it called the function itself")
        self._is_tried = True

    def _write_known(self, item: pytest.Item) -> None:
        __tracebackhide__ = True
        for instance in self._named.of(item):
            if instance.refused:
                raise instance.refused.with_traceback(None)
            if instance.is_shared and instance.record is not None:
                _agree(item, instance, instance.record)


def _agree(item: pytest.Item, instance: Instance, record: Record) -> None:
    """Have a test keep the value that its fixture has.

    Raises:
        KeptTwiceError: It keeps another one.
    """
    __tracebackhide__ = True
    run = identity_run(item)
    kept = remembered(run.checkpoint, instance.name)
    if kept is None:
        _write(run, instance, record)
    elif same(kept, record):
        _say_restored(run, instance)
    else:
        others = [each for each in instance.items if each is not item] or [item]
        session = session_of(item.config)
        other = (others[0].nodeid, session.identity_of(collected(others[0])).test_id)
        raise KeptTwiceError(instance.name, (item.nodeid, run.test_id), other)


def _always_true() -> bool:
    return True


def _replaced(
    fixturedef: Any, stand_in: Callable[[Callable[[], None]], Callable[..., Any]]
) -> Generator[None, object, object]:
    """Replace a fixture's function while it is set up.

    Args:
        fixturedef: The fixture's definition.
        stand_in: Makes what is called in its place, from what has to be told then.
    """
    __tracebackhide__ = True
    own, calls = fixturedef.func, []
    try:
        fixturedef.func = stand_in(lambda: calls.append(True))
    except (AttributeError, TypeError) as error:
        raise NotReplacedError(f"{type(error).__name__}: {error}") from None
    try:
        result = yield
    finally:
        fixturedef.func = own
    if fixturedef.argname != PROBE and not calls:
        raise NotReplacedError(f"another plugin set {fixturedef.argname!r} up")
    return result


class FixtureSetup:
    """One set-up of a fixture that is remembered.

    Args:
        item: The test that is set up, which may name the fixture or not.
        instance: What the fixture is for it.
        function: The fixture's function.
    """

    def __init__(
        self, item: pytest.Item, instance: Instance, function: Callable[..., Any]
    ) -> None:
        self._item = item
        self._instance = instance
        self._function = function
        self._is_named = item in instance.items

    def stand_in(self, called: Callable[[], None]) -> Callable[..., Any]:
        """Make what is called instead of the function; it has the same form.

        Args:
            called: Told that it was.
        """
        plain = getattr(self._function, "__func__", self._function)
        made: Callable[..., Any]
        if inspect.iscoroutinefunction(plain):

            @wraps(plain)
            async def make_async(*args: Any, **kwargs: Any) -> Any:
                __tracebackhide__ = True
                called()
                given = self._restore()
                return given[0] if given else self._keep(await plain(*args, **kwargs))

            made = make_async
        else:

            @wraps(plain)
            def make(*args: Any, **kwargs: Any) -> Any:
                __tracebackhide__ = True
                called()
                given = self._restore()
                return given[0] if given else self._keep(plain(*args, **kwargs))

            made = make
        owner = getattr(self._function, "__self__", None)
        return made if owner is None else MethodType(made, owner)

    def _restore(self) -> list[Any]:
        """Give the kept value as a list; empty where it has to be made."""
        __tracebackhide__ = True
        try:
            schema = schema_of(self._function)
            record = self._record()
            return [] if record is None else [value_of(record, schema)]
        except MilepostError as error:
            self._refuse(error)
            return []

    def _record(self) -> Record | None:
        __tracebackhide__ = True
        instance = self._instance
        if not self._is_named:
            return instance.record
        run = identity_run(self._item)
        run.check_usable()
        if instance.is_shared and instance.record is not None:
            _agree(self._item, instance, instance.record)
        found = remembered(run.checkpoint, instance.name)
        if found is not None:
            _say_restored(run, instance)
            instance.record = found
        return found

    def _keep(self, made: Any) -> Any:
        """Write a new value before it is used."""
        __tracebackhide__ = True
        instance = self._instance
        if instance.refused:
            return made
        try:
            record, given = self._to_record(made)
        except MilepostError as error:
            self._refuse(error)
            return made
        if self._is_named:
            _write(identity_run(self._item), instance, record)
        instance.record = record
        return given

    def _to_record(self, made: Any) -> tuple[Record, Any]:
        __tracebackhide__ = True
        name = self._instance.name
        if inspect.isawaitable(made):
            if inspect.iscoroutine(made):
                made.close()
            raise LiveValueError(name, "Its function returns what is still to be awaited.")
        admitted = session_of(self._item.config).settings_for(self._item.path).secret_ok
        return to_record(name, made, schema_of(self._function), admitted)

    def _refuse(self, error: MilepostError) -> None:
        """Fail a test that names the fixture; leave others as they are without us."""
        __tracebackhide__ = True
        if self._is_named:
            raise error.with_traceback(None)
        self._instance.refused = error


def _write(run: Run, instance: Instance, record: Record) -> None:
    __tracebackhide__ = True
    write(run, instance.name, record)
    instance.written_by.add(run.record.run)


def _say_restored(run: Run, instance: Instance) -> None:
    """Say in the report that a fixture was given what an earlier run made."""
    if run.record.run not in instance.written_by:
        run.record.restored_fixtures.append(instance.name)
        instance.written_by.add(run.record.run)
