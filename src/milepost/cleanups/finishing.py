"""Make the calls that clean-ups stand for, the last one first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from milepost.cleanups.calling import call
from milepost.cleanups.loading import UnknownFunctionError, function_of
from milepost.cleanups.record import Cleanup, plain_to_args, plain_to_kwargs
from milepost.cleanups.signing import is_ours
from milepost.secret import redact


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A clean-up that is to be made.

    Attributes:
        text: The call as people write it.
        own: Makes it, where this run's own code has registered it.
        cleanup: Its record; None for what this process alone knows of.
    """

    text: str
    own: Callable[[], object] | None = None
    cleanup: Cleanup | None = None


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Whose recorded clean-ups are called, where nobody has registered them here.

    Attributes:
        root: The project's folder, in which their functions must lie.
        test_id: The checkpoint.
        checkpoints: The folder of the checkpoints, which may come from elsewhere.
    """

    root: Path
    test_id: str
    checkpoints: Path

    def call_of(self, cleanup: Cleanup) -> Callable[[], object]:
        """Give the call of a clean-up that this user registered in another run.

        Raises:
            UnknownFunctionError: It is somebody else's, or its function is not there.
        """
        if not is_ours(cleanup, self.test_id):
            why = "It was not registered by this user on this machine."
            raise UnknownFunctionError(cleanup, why)
        return importing(cleanup, self.root, self.checkpoints)


def importing(cleanup: Cleanup, root: Path, checkpoints: Path) -> Callable[[], object]:
    """Give the call of a clean-up, with its function imported.

    Raises:
        UnknownFunctionError: The function is not there, or may not be imported.
    """
    function = function_of(cleanup, root, checkpoints)
    args, kwargs = plain_to_args(cleanup.args), plain_to_kwargs(cleanup.kwargs)
    return partial(function, *args, **kwargs)


def finish(
    entries: Sequence[Entry], trust: Trust, done: Callable[[Cleanup], None]
) -> list[str]:
    """Make clean-ups, the last one first; one that fails does not stop the others.

    Args:
        entries: The clean-ups, in the order of their registration.
        trust: Which of them may be called that nobody has registered here.
        done: Records that one was made.

    Returns:
        Lines for people about those that were not made, or made for an earlier run.
    """
    notes = []
    for entry in reversed(entries):
        try:
            notes += _make(entry, trust)
        except UnknownFunctionError as error:
            notes.append(_stands(entry, trust, error.why))
        except BaseException as error:
            if not is_failure(error):
                raise
            told = redact(f"{type(error).__name__}: {error}".rstrip(": "))
            notes.append(_stands(entry, trust, f"It failed: {told}"))
        else:
            if entry.cleanup:
                done(entry.cleanup)
    return notes


def is_failure(error: BaseException) -> bool:
    """Tell whether a clean-up failed; otherwise somebody wants the process to stop.

    What ``pytest.fail`` and ``pytest.skip`` raise is no Exception.
    """
    known = type(error).__name__ in ("Failed", "Skipped")
    return known or isinstance(error, Exception | SystemExit)


def damage(lines: int, test_id: str) -> str:
    """Say for people that clean-ups may stand which nobody can read any more."""
    what = "1 line is" if lines == 1 else f"{lines} lines are"
    return (
        f"{what} damaged of what says what is to be cleaned up, and may still stand\n"
        "What they name is unknown, and was not made\n"
        f"Look for what the test may have left; then `milepost rm --forget {test_id}`"
    )


def _make(entry: Entry, trust: Trust) -> list[str]:
    if entry.own:
        call(entry.own)
        return []
    assert entry.cleanup is not None  # noqa: S101 - one of the two is always there
    call(trust.call_of(entry.cleanup))
    return [f"clean-up {entry.text} was called for an earlier run"]


def _stands(entry: Entry, trust: Trust, why: str) -> str:
    cure = f"`milepost rm {trust.test_id}` shows it and calls it"
    if entry.cleanup is None:
        cure = "Nobody else knows of it: do by hand what it would do"
    return f"clean-up {entry.text} was not called, and still stands\n{why}\n{cure}"
