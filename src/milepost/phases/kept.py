"""What a checkpoint keeps already: it is the same in every process, however it looks."""

from collections.abc import Iterator
from typing import Any

from milepost.checkpoint import TestCheckpoint


def is_kept(value: object, checkpoint: TestCheckpoint | None) -> bool:
    """Tell whether a value was remembered, or is a piece of what a phase returned.

    Args:
        value: An atom met among the inputs of a phase.
        checkpoint: The test's checkpoint; None where there is none yet.
    """
    atoms = set(_atoms(_values(checkpoint))) if checkpoint else set()
    return value in atoms or str(value) in atoms


def _values(checkpoint: TestCheckpoint) -> list[Any]:
    remembered = checkpoint.milepost.get("remembered", {}).values()
    phases = checkpoint.phases.values()
    flat = [phase.milepost_data for phase in phases]
    inline = [phase.milepost_extra.get("result") for phase in phases]
    return [*(kept["data"] for kept in remembered), *flat, *inline]


def _atoms(data: Any) -> Iterator[str | int | float]:
    if isinstance(data, dict):
        for each in data.values():
            yield from _atoms(each)
    elif isinstance(data, list):
        for each in data:
            yield from _atoms(each)
    elif isinstance(data, str | int | float):
        yield data
