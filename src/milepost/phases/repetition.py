"""The same failure twice, with nothing bought in between: an answer may be wrong."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from milepost.stores.history import read_history
from milepost.words import FAILED

if TYPE_CHECKING:
    from milepost.phases.run import Run

_ADDRESS: Final = re.compile(r"0x[0-9a-f]+")


def repeated(run: "Run") -> list[str]:
    """Name the phases that failed as before and bought nothing, though they replayed.

    Args:
        run: The run of a test that failed.

    Returns:
        The phases; an empty name for a test without phases.
    """
    record = run.record
    if not record.events:
        return [""] if _is_whole_test_repeated(run) else []
    phases = run.checkpoint.phases if run.checkpoint else {}
    return [
        event.phase
        for event in record.events
        if event.word == FAILED
        and event.phase in phases
        and _is_repeated(phases[event.phase].milepost.get("attempts", ()))
    ]


def _is_repeated(attempts: Sequence[Mapping[str, Any]]) -> bool:
    failed = [attempt for attempt in attempts if attempt.get("outcome") == FAILED]
    if len(failed) < 2 or attempts[-1] is not failed[-1]:
        return False
    before, last = failed[-2:]
    new = last.get("bought", 0) + last.get("asked", 0)
    is_same = _known_by(before.get("error")) == _known_by(last.get("error"))
    return is_same and _only_replayed(new, last.get("replayed", 0))


def _is_whole_test_repeated(run: "Run") -> bool:
    own = run.record
    new = own.outside.bought + run.memory.test_scope.asked
    if not own.error or not _only_replayed(new, own.outside.replayed):
        return False
    runs = read_history(run.manager.checkpoint_dir, run.test_id)
    failed = [each for each in runs if each.get("outcome") == FAILED]
    last = max(failed, key=lambda each: str(each.get("started_at")), default={})
    return bool(last) and _known_by(last.get("error")) == _known_by(own.error)


def _known_by(error: object) -> str:
    """Give what of an error is the same each time: below its first line stand details."""
    return _ADDRESS.sub("0x", str(error or "").partition("\n")[0])


def _only_replayed(bought: int, replayed: int) -> bool:
    return replayed > 0 and bought == 0
