"""The fixtures."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from milepost.plugin.options import is_off
from milepost.plugin.state import (
    around_key,
    collected,
    identity_runs_key,
    scopes_of,
    session_of,
)

if TYPE_CHECKING:
    from milepost.manager import CheckpointManager
    from milepost.phases import Phase
    from milepost.phases.run import Run
    from milepost.retry import PhaseRetryHandler, RetryConfig


def _stand_around(config: pytest.Config) -> None:
    """Do what is done around a test that asks, for one that asks only now."""
    from milepost.plugin import torn_down  # noqa: PLC0415 - only if used
    from milepost.plugin.termination import raising_termination  # noqa: PLC0415

    torn_down.watch(config)
    config.stash[around_key].enter_context(raising_termination())


def _off_phase(request: pytest.FixtureRequest) -> "Phase":
    """Give what calls phases as plain functions, and cleans up with the fixture."""
    from milepost.phases import Phase  # noqa: PLC0415 - only if used
    from milepost.phases.off import Off  # noqa: PLC0415 - only if used

    factory = request.getfixturevalue("tmp_path_factory")
    off = Off(lambda: Path(factory.mktemp("milepost-off")))
    request.addfinalizer(off.close)
    return Phase(off)


def _open_phase(request: pytest.FixtureRequest) -> "Phase":
    __tracebackhide__ = True
    from milepost.phases import Phase  # noqa: PLC0415 - only if used

    if is_off(request.config):
        return _off_phase(request)
    from milepost.plugin.own_runs import identity_run, runs_of  # noqa: PLC0415

    runs = runs_of(request.node, request.addfinalizer)
    if not runs:
        _stand_around(request.config)
        runs.append(identity_run(request.node))
    return Phase(runs[-1])


def _open_scope(request: pytest.FixtureRequest) -> "Phase":
    __tracebackhide__ = True
    from milepost.phases import Phase  # noqa: PLC0415 - only if used

    if is_off(request.config):
        return _off_phase(request)
    _stand_around(request.config)
    scopes, items = scopes_of(request.config), request.session.items
    return Phase(scopes.open(request.scope, request.node, items))


@pytest.fixture
def phase(request: pytest.FixtureRequest) -> "Phase":
    """Run a named part of the test, or restore it: ``phase(name, fn, *args)``."""
    __tracebackhide__ = True
    return _open_phase(request)


@pytest.fixture
def milepost(request: pytest.FixtureRequest) -> "Phase":
    """Give the same as ``phase``, for those whose name ``phase`` is taken."""
    __tracebackhide__ = True
    return _open_phase(request)


@pytest.fixture(scope="class")
def class_phase(request: pytest.FixtureRequest) -> "Phase":
    """Give ``phase`` with one checkpoint for all tests of a class."""
    __tracebackhide__ = True
    return _open_scope(request)


@pytest.fixture(scope="module")
def module_phase(request: pytest.FixtureRequest) -> "Phase":
    """Give ``phase`` with one checkpoint for all tests of a module."""
    __tracebackhide__ = True
    return _open_scope(request)


@pytest.fixture(scope="session")
def session_phase(request: pytest.FixtureRequest) -> "Phase":
    """Give ``phase`` with one checkpoint for all tests of a session that ask for it."""
    __tracebackhide__ = True
    return _open_scope(request)


@pytest.fixture
def checkpoint_manager(
    request: pytest.FixtureRequest,
) -> Generator["CheckpointManager", None, None]:
    """Give the manager of the checkpoints of this test's project."""
    from milepost.manager import CheckpointManager  # noqa: PLC0415 - only if used

    settings = session_of(request.config).settings_for(request.path)
    folder = None
    if is_off(request.config):  # what the test writes itself leaves nothing behind
        folder = request.getfixturevalue("tmp_path_factory").mktemp("milepost-off")
    manager = CheckpointManager(folder, settings=settings)
    yield manager
    manager.close()


@pytest.fixture
def retry_handler(request: pytest.FixtureRequest) -> "PhaseRetryHandler":
    """Give the retry handler with this test's policy."""
    from milepost.marker import retry_of  # noqa: PLC0415 - only if used
    from milepost.retry import PhaseRetryHandler  # noqa: PLC0415 - only if used

    settings = session_of(request.config).settings_for(request.path)
    return PhaseRetryHandler(config=retry_of(collected(request.node).marker, settings))


@pytest.fixture
def execute_phase_with_checkpoint(
    request: pytest.FixtureRequest,
    checkpoint_manager: "CheckpointManager",
    retry_handler: "PhaseRetryHandler",
) -> Callable[[str, Callable[[], Any]], Any]:
    """Run a phase of the manager's current checkpoint, or restore it."""
    __tracebackhide__ = True
    from milepost.plugin.own_runs import runs_of  # noqa: PLC0415 - only if used

    runs = runs_of(request.node, request.addfinalizer)

    def execute(name: str, fn: Callable[[], Any], /) -> Any:
        __tracebackhide__ = True
        from milepost.phases import Phase  # noqa: PLC0415 - only if used

        if is_off(request.config):
            return fn()
        if not runs:
            _open_original(request, checkpoint_manager, retry_handler.config, runs)
        return Phase(runs[-1]).after_completed()(name, fn)

    return execute


def _open_original(
    request: pytest.FixtureRequest,
    manager: "CheckpointManager",
    policy: "RetryConfig",
    runs: list["Run"],
) -> None:
    """Open the run of a test that may have made its own checkpoint.

    What its fixtures gave is remembered in the checkpoint of its identity: that of its
    own, which they may have named, is known only now.
    """
    __tracebackhide__ = True
    current, item = manager.current_checkpoint, request.node
    own = item.stash.setdefault(identity_runs_key, [])
    if own and current is None:
        own[-1].plan.retry = policy
        runs.append(own[-1])
        return
    session = session_of(request.config)
    runs.append(session.open_on(manager, current, collected(item), policy))
    if own:
        runs[-1].record.restored_fixtures[:0] = own[-1].record.restored_fixtures
    elif current is None:
        own.append(runs[-1])
