"""Which scope the calling code belongs to: by its context, or by what is active alone."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from milepost.steps.errors import AmbiguousScopeError
from milepost.steps.scope import Scope, current

if TYPE_CHECKING:
    from milepost.steps.memory import Memory

P = ParamSpec("P")
T = TypeVar("T")

_active: list[Scope] = []
_recording: list["Memory"] = []
_lock = threading.Lock()


@contextmanager
def active(scope: Scope) -> Iterator[None]:
    """Let an attempt at a phase own the steps of threads that know no phase."""
    with _lock:
        _active.append(scope)
    try:
        with scope.entered():
            yield
    finally:
        with _lock:
            _active.remove(scope)


def context_scope() -> Scope | None:
    """Give the scope of the calling context, or None where it has none."""
    return current.get()


def current_scope(name: str) -> Scope | None:
    """Find out where a step belongs.

    Args:
        name: The step's name, for the message.

    Returns:
        The scope of the context; without one the only active phase; None outside of
        phases.

    Raises:
        AmbiguousScopeError: Several phases are active, and the context has none.
    """
    __tracebackhide__ = True
    scope = current.get()
    if scope is not None or not _active:
        return scope
    phases = _phases()
    if len(phases) > 1:
        raise AmbiguousScopeError(name, [scope.phase for scope in phases])
    return phases[0] if phases else None


def call_scope(*, count: bool = True) -> Scope | None:
    """Find out where a recorded call belongs.

    Args:
        count: Whether it is a call that is lost where nobody can tell.

    Returns:
        The scope of the context; without one the only active phase, else the test as
        a whole. None where nobody records, and where nobody can tell: that is counted.
    """
    scope = current.get()
    if scope is not None:
        return scope if scope.memory.record and scope.memory.is_usable else None
    phases = _phases()
    if len(phases) > 1:
        for memory in {phase.memory for phase in phases if phase.memory.record}:
            memory.lost_calls += count
        return None
    if phases and phases[0].memory.record:
        return phases[0]
    with _lock:
        open_now = [memory for memory in _recording if memory.is_usable]
    return open_now[-1].test_scope if open_now else None


def _phases() -> list[Scope]:
    with _lock:
        found = {id(scope): scope for scope in _active if not scope.is_over}
    return list(found.values())


def begin_recording(memory: "Memory") -> None:
    """Let calls outside of phases belong to a run's test."""
    with _lock:
        _recording.append(memory)


def end_recording(memory: "Memory") -> None:
    """End what ``begin_recording`` began."""
    with _lock:
        if memory in _recording:
            _recording.remove(memory)


def bind(fn: Callable[P, T]) -> Callable[P, T]:
    """Bind a function to the phase or step in which this is called.

    For functions that are handed to threads: ``pool.submit(milepost.bind(fn), ...)``.

    Args:
        fn: The function.

    Returns:
        The same function; its steps belong where ``bind`` was called.
    """
    scope = current_scope(getattr(fn, "__name__", "bind"))
    if scope is None:
        return fn

    @wraps(fn)
    def bound(*args: P.args, **kwargs: P.kwargs) -> T:
        with scope.entered():
            return fn(*args, **kwargs)

    return bound
