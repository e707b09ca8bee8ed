"""What cannot be done with a step, in three parts."""

from milepost.errors import MilepostError


class RefusedAnswerError(Exception):
    """A step's ``check`` refused what its function gave.

    It may be tried again, by the step's own ``retry``; the other errors of milepost
    never are.

    Args:
        name: The step.
        reason: Why, as ``check`` said it.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"the answer of step {name!r} was refused: {reason}\n"
            "  It is not kept, and the calls made for it are not replayed.\n"
            "  Run again: the step asks anew. To have it ask anew at once:\n"
            "  step.with_options(check=..., retry=RetryConfig(...))"
        )


class AmbiguousScopeError(MilepostError):
    """Several phases are active, and nothing says to which of them a step belongs."""

    def __init__(self, name: str, phases: list[str]) -> None:
        super().__init__(
            f"step {name!r} was called in a thread that belongs to no phase, while "
            f"several are active: {', '.join(phases)}.",
            "Threads that are started by run_in_executor, ThreadPoolExecutor.submit or "
            "Thread do not know which phase has started them.",
            "Hand them the phase along with the function:\n"
            "    pool.submit(milepost.bind(fn), ...)\n"
            "or use asyncio.to_thread, which does so by itself.",
        )


class EqualKeysError(MilepostError):
    """Two items of one ``step_map`` have one key."""

    def __init__(self, name: str, key: str, first: int, second: int) -> None:
        super().__init__(
            f"step_map {name!r}: items {first} and {second} have the same key {key!r}.",
            "A key names one item. No item was started.",
            "Let key= give each item a key of its own, or leave it out: items are told "
            "apart by their content then.",
        )


class UnresolvedStepError(MilepostError):
    """A step that may run at most once began, and nobody knows whether it ended."""

    def __init__(self, test_id: str, name: str, began_at: str) -> None:
        super().__init__(
            f"step {name!r} may run at most once, and is not run again.",
            f"It began at {began_at}, and how it ended is not known: its process died, "
            "or it raised.",
            "Find out whether it has happened, and say so:\n"
            f"    milepost resolve {test_id} {name!r} --done JSON   (what it gave)\n"
            f"    milepost resolve {test_id} {name!r} --not-done    (it runs again)",
        )


class DamagedJournalError(MilepostError):
    """A step that may run at most once cannot be looked up for sure."""

    def __init__(self, test_id: str, name: str, lines: int) -> None:
        super().__init__(
            f"step {name!r} may run at most once, and is not run.",
            f"Of its journal {lines} line(s) are damaged: one of them could say that it "
            "has run already.",
            "Find out whether it has happened, and say so:\n"
            f"    milepost resolve {test_id} {name!r} --done JSON   (what it gave)\n"
            f"    milepost resolve {test_id} {name!r} --not-done    (it runs)",
        )


class UnfitResolutionError(MilepostError):
    """What somebody said that a step has given is not what its function gives."""

    def __init__(self, test_id: str, name: str, kind: str) -> None:
        super().__init__(
            f"what `milepost resolve` was told of step {name!r} does not fit it.",
            f"Its function gives {kind}, and the JSON is none. Nothing was run.",
            f"Take it back and say it again: milepost rm {test_id} --calls {name!r}",
        )


class OutsideStepError(MilepostError):
    """Something was asked that only a running step can answer."""

    def __init__(self) -> None:
        super().__init__(
            "milepost.idempotency_key() was called outside a step.",
            "The key belongs to a step: it is the same in every attempt and run of it.",
            'Call it in the function that is given to milepost.step("name", fn, ...).',
        )


class UnlikelyOptionError(MilepostError, ValueError):
    """Settings of a step that contradict each other, or have an impossible value."""

    def __init__(self, what: str, why: str, cure: str) -> None:
        super().__init__(what, why, cure)
