"""What builds on what, in waves."""

from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from typing import Protocol, TypeVar


class Dependent(Protocol):
    """Something with a number, that builds on others."""

    @property
    def number(self) -> int:
        """Its number."""

    @property
    def depends_on(self) -> Sequence[int]:
        """The numbers of what it builds on."""


DependentKind = TypeVar("DependentKind", bound=Dependent)


def waves(things: Sequence[DependentKind]) -> Iterator[list[DependentKind]]:
    """Sort things into waves, each by number: a wave builds on earlier waves only.

    Args:
        things: All of them.
    """
    by_number = {thing.number: thing for thing in things}
    sorter = TopologicalSorter({thing.number: thing.depends_on for thing in things})
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        yield [by_number[number] for number in ready]
        sorter.done(*ready)
