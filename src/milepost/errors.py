"""The exceptions of milepost, with their messages in three parts."""

from typing import Any


class MilepostError(Exception):
    """Something that milepost refuses, with the reason and the cure.

    Args:
        what: What happened, one line.
        why: Why that is a problem; may be empty.
        cure: What to do about it, with the lines to write or type.

    Attributes:
        stops_run: Whether the run ends with it, and the next one goes on from there.
    """

    stops_run = False

    def __init__(self, what: str, why: str = "", cure: str = "") -> None:
        self.what = what
        self.why = why
        self.cure = cure
        super().__init__(what, why, cure)

    def __str__(self) -> str:
        lines = [f"milepost: {self.what}"]
        lines += [f"  {line}" for line in self.why.splitlines()]
        lines += [f"  {line}" for line in self.cure.splitlines()]
        return "\n".join(lines)


def hides_frames(excinfo: Any) -> bool:
    """Tell pytest to show no frame of a module for an error of ours.

    Stands in a module as ``__tracebackhide__``. The cause of such an error is in what
    its message names; for any other error the frames are shown.
    """
    return isinstance(getattr(excinfo, "value", None), MilepostError)


class UnknownPhaseError(MilepostError, KeyError):
    """A phase was named that the checkpoint does not have."""

    def __init__(self, name: str, test_id: str, known: list[str]) -> None:
        super().__init__(
            f"checkpoint {test_id!r} has no phase {name!r}.",
            f"Its phases: {', '.join(known) or 'none'}.",
            "Add the name to the list of phases given to create_checkpoint().",
        )


class UnknownCheckpointError(MilepostError, KeyError):
    """A checkpoint was named that does not exist."""

    def __init__(self, test_id: str, directory: str, close: list[str]) -> None:
        nearest = f"Did you mean {' or '.join(close)}?\n" if close else ""
        super().__init__(
            f"there is no checkpoint {test_id!r}.",
            f"Looked in {directory}.",
            f"{nearest}`milepost ls` lists what is there.",
        )


class InvalidTestIdError(MilepostError, ValueError):
    """A test id cannot be the name of a file."""

    def __init__(self, test_id: object, reason: str) -> None:
        super().__init__(
            f"{test_id!r} cannot be a test id: {reason}.",
            "The id becomes the name of a file and a folder.",
            "Use letters, digits, '_', '-' and '.', at most 200 characters.",
        )


class CheckpointExistsError(MilepostError):
    """create_checkpoint() met an unfinished checkpoint of the same id."""

    def __init__(self, test_id: str) -> None:
        super().__init__(
            f"checkpoint {test_id!r} exists and is not finished.",
            "Creating it anew would lose what it holds.",
            f"Load it with load_checkpoint({test_id!r}), or start over with "
            f"cleanup_checkpoint({test_id!r}).",
        )


class UnwritableCheckpointError(MilepostError):
    """A checkpoint object holds what JSON cannot say."""

    def __init__(self, test_id: str, error: Exception) -> None:
        super().__init__(
            f"checkpoint {test_id!r} was not saved.",
            f"It holds a value that JSON cannot say: {error}.",
            "Give complete_phase() plain values: text, numbers, lists, dictionaries.",
        )


class StaleCopyError(MilepostError):
    """A checkpoint object is older than the file."""

    def __init__(self, test_id: str, why: str) -> None:
        super().__init__(
            f"checkpoint {test_id!r} was not saved: this copy is out of date.",
            why,
            f"Load it again with load_checkpoint({test_id!r}) and repeat the change.",
        )


class GoneError(MilepostError):
    """The checkpoint was removed, or another run has taken over."""

    def __init__(self, test_id: str, why: str) -> None:
        super().__init__(
            f"checkpoint {test_id!r} is no longer this run's to write.",
            why,
            "Run the test again; it continues from what is on disk.",
        )


class HeldError(MilepostError):
    """Another run holds the lease of a checkpoint."""

    def __init__(self, test_id: str, holder: str, waited: float) -> None:
        super().__init__(
            f"checkpoint {test_id!r} is held by another run.",
            f"Holder: {holder}. Waited {waited:g} s.",
            "Let it finish, or stop it. To wait for it: -o milepost_wait=SECONDS",
        )


class OtherWorkerError(MilepostError):
    """Another worker of the same session runs tests of a scope."""

    def __init__(self, scope: str, kind: str, why: str) -> None:
        super().__init__(
            f"the checkpoint of {scope} is held by another worker.",
            f"One worker has to run all tests of it. {why}",
            f"Keep them together: {_TOGETHER[kind]}",
        )


_TOGETHER = {
    "class": "--dist loadscope",
    "module": "--dist loadfile",
    "session": (
        "--dist loadgroup, and @pytest.mark.xdist_group('NAME') on all tests that use it"
    ),
    "ungrouped": (
        "the xdist that is installed does not group tests under this pytest, whatever "
        "--dist loadgroup says. Run these tests with -n 0, or with pytest 9.1"
    ),
}


class ForkedError(MilepostError):
    """A forked child tried to write its parent's checkpoint."""

    def __init__(self, test_id: str) -> None:
        super().__init__(
            f"a forked child does not write checkpoint {test_id!r}.",
            "Two processes would write one file.",
            "Return the result to the parent and let the parent finish the phase.",
        )


class StoreError(MilepostError):
    """The checkpoint folder does not accept a read or a write."""

    def __init__(self, doing: str, path: str, error: OSError) -> None:
        self.errno = error.errno
        super().__init__(
            f"cannot {doing} {path}.",
            f"{type(error).__name__}: {error.strerror or error}.",
            "Make the folder writable and free some space, or choose another with "
            "--milepost-dir DIR.",
        )


class DamagedValueError(MilepostError):
    """A stored value is gone or is not what was written."""

    def __init__(self, name: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"the stored value {name[:12]} is damaged.",
            f"{reason}.",
            "The phase that made it runs again; the file is set aside.",
        )


class InvalidSettingError(MilepostError, ValueError):
    """A setting has a value that it cannot have."""

    def __init__(self, name: str, given: object, allowed: str) -> None:
        super().__init__(
            f"{name} = {given!r} is not possible.",
            f"It takes {allowed}.",
            "Correct it in the pytest configuration or on the command line.",
        )


class NoIdentityError(MilepostError):
    """A test's parameter has nothing by which it can be known again."""

    def __init__(self, argument: str, kind: str) -> None:
        super().__init__(
            f"the parameter {argument!r} ({kind}) cannot be known again in another run.",
            "It has no content to compare, and its id is only its position.",
            'Give the case an id: pytest.param(value, id="a-name-of-its-own")',
        )


class RunClosedError(MilepostError):
    """A phase was called after its test had ended."""

    def __init__(self, test_id: str) -> None:
        super().__init__(
            f"the run of {test_id!r} is over.",
            "A phase was called, or ended, after its test had ended.",
            "Await every phase, and join every thread that calls one, inside the test.",
        )


class RepeatedPhaseError(MilepostError):
    """A name was used for two different phases of one run."""

    def __init__(self, name: str, changed: list[str]) -> None:
        inputs = ", ".join(changed)
        super().__init__(
            f"phase {name!r} was called twice in this run, with other inputs.",
            f"Its value is kept by its name. Different: {inputs or 'it still runs'}.",
            f'Give each call a name of its own: phase(f"{name} {{i}}", ...)',
        )


class OfflineError(MilepostError):
    """A phase would have to run, and nothing may run."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"phase {name!r} would have to run, and --milepost=offline forbids it.",
            f"{reason}.",
            "Run once without --milepost=offline.",
        )


class DeadlineError(MilepostError):
    """The run's deadline forbids to start a phase."""

    stops_run = True

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"stopped before phase {name!r}: {reason}.",
            "The deadline was given by --milepost-deadline.",
            "Run again: what has finished is restored, and the test goes on from there.\n"
            "A phase that takes longer than the whole deadline needs a longer one.",
        )


class CrashLoopError(MilepostError):
    """A phase has crashed again and again without any progress."""

    def __init__(self, name: str, count: int) -> None:
        super().__init__(
            f"phase {name!r} is not started again.",
            f"It ended {count} times in a row with the death of its process, and "
            "nothing was gained in between.",
            "Find out what kills it (memory? a time limit?). To try again all the same: "
            "-o milepost_max_crashes=0",
        )


class CouldNotLookError(MilepostError):
    """Whether a saved value is still valid could not be found out."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"whether phase {name!r} is still valid could not be found out.",
            f"{reason}\nNothing was run.",
            f"Mend that and run again, or start the phase over: --milepost-from={name!r}",
        )


class RestoredError(MilepostError):
    """A phase was restored in a run that must restore nothing."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"restored: {', '.join(names)}.",
            "--milepost=require-fresh fails a test that restored anything.",
            "Run without it, or once with --milepost=fresh.",
        )


class UnkeptError(MilepostError):
    """A value could not be kept, and the configuration makes that a failure."""

    def __init__(self, name: str, reason: str) -> None:
        what, _, cure = reason.partition("\n")
        super().__init__(
            f"phase {name!r} ran, and its value cannot be kept (milepost_unkept = fail).",
            what,
            cure,
        )


class LiveValueError(MilepostError):
    """A value that must be remembered cannot be kept."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"{name!r} cannot be remembered.",
            f"{reason}",
            "Return plain data (text, a number), and make the object from it on the "
            "next line.",
        )


class SharedIdentityError(MilepostError):
    """Two collected tests would share one checkpoint."""

    def __init__(self, test_id: str, first: str, second: str) -> None:
        super().__init__(
            f"two tests would share the checkpoint {test_id!r}.",
            f"{first}\n{second}\nOne would restore what the other made.",
            "Give each case an id or a parameter of its own, and each test its own "
            "@pytest.mark.milepost(id=...).",
        )
