"""What is wrong with fixtures whose values are to be remembered, in three parts."""

from collections.abc import Sequence

from milepost.errors import MilepostError


class UnknownFixtureError(MilepostError):
    """The marker names a fixture that the test cannot have."""

    def __init__(self, name: str, close: Sequence[str]) -> None:
        nearest = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
        super().__init__(
            f"@pytest.mark.milepost(remember=) names {name!r}, and the test has no such "
            "fixture.",
            "Its value would be made anew in every run.",
            f"{nearest}`pytest --fixtures` lists what there is.",
        )


class YieldingFixtureError(MilepostError):
    """A fixture with a teardown is to be remembered."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the fixture {name!r} cannot be remembered: it has a `yield`.",
            "What stands after the yield has destroyed what the value points to, and "
            "would not run for a restored one.",
            "Take the name out of remember=, and keep the work in a phase:\n"
            f'  name = phase("{name}", create)   # restored in the next run\n'
            "  phase.cleanup(destroy, name)     # runs when the checkpoint goes",
        )


class KeptTwiceError(MilepostError):
    """Two tests keep different values of one fixture that they share."""

    def __init__(self, fixture: str, first: Sequence[str], second: Sequence[str]) -> None:
        super().__init__(
            f"two tests keep different values of the fixture {fixture!r}.",
            f"{first[0]}\n{second[0]}\nThey share it now, and did not when the values "
            "were made: in a run of one of them alone, or in two workers.",
            "Have one of them start over, and it takes the other's value:\n"
            f"  milepost rm {first[1]}\n  milepost rm {second[1]}",
        )


class NotReplacedError(MilepostError):
    """The fixtures of this version of pytest cannot be replaced."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "the values of fixtures cannot be remembered here.",
            f"Pytest does not call what stands in for a fixture's function: {reason}.",
            "Use phase.remember(NAME, make) in the test or in the fixture, or another "
            "version of pytest and of the plugins that set fixtures up.",
        )
