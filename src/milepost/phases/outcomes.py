"""How an attempt ended, by what it raised."""

from milepost.retry.transient import what_stops
from milepost.words import FAILED, INTERRUPTED, SKIPPED


def outcome_of(error: BaseException) -> str:
    """Tell what an attempt that raised has to be called.

    Args:
        error: What it raised.

    Returns:
        ``skipped`` for a test that skips itself, ``interrupted`` for one that was
        stopped from outside (Ctrl-C, SIGTERM, a cancellation, ``pytest.exit``, a
        deadline, a budget), else ``failed``; a timeout is a failure.
    """
    if what_stops(error):
        return INTERRUPTED
    names = {
        (kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__
    }
    # pytest says of its Skipped that it is a built-in; the class above it is pytest's.
    is_outcome = ("_pytest", "OutcomeException") in names
    if ("unittest", "SkipTest") in names or (is_outcome and _is_named("Skipped", names)):
        return SKIPPED
    if ("_pytest", "Exit") in names or _is_named("CancelledError", names):
        return INTERRUPTED
    if _is_named("Cancelled", names):
        return INTERRUPTED
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
        return INTERRUPTED
    return FAILED


def _is_named(name: str, names: set[tuple[str, str]]) -> bool:
    return any(found == name for _, found in names)
