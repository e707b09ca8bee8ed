"""How an attempt ended, by what it raised."""

from milepost.words import FAILED, INTERRUPTED, SKIPPED


def outcome_of(error: BaseException) -> str:
    """Tell what an attempt that raised has to be called.

    Args:
        error: What it raised.

    Returns:
        ``skipped`` for a test that skips itself, ``interrupted`` for one that was
        stopped from outside (Ctrl-C, SIGTERM, a cancellation, ``pytest.exit``), else
        ``failed``; a timeout is a failure.
    """
    names = {
        (kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__
    }
    if names & {("_pytest", "Skipped"), ("unittest", "SkipTest")}:
        return SKIPPED
    if ("_pytest", "Exit") in names or any(
        n in ("CancelledError", "Cancelled") for _, n in names
    ):
        return INTERRUPTED
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
        return INTERRUPTED
    return FAILED
