"""What is to happen to a scope's checkpoint in a run, by the promises alone."""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final, Literal

from tests.scopes.machine.program import CLUSTER, TESTS, Program

Deed = Literal["go on", "fail", "skip", "interrupt", "kill"]
Way = Literal["all", "node ids", "deselected", "worker"]
Mode = Literal["resume", "fresh"]
OUTCOME: Final[dict[Deed, str]] = {
    "fail": "failed",
    "skip": "skipped",
    "interrupt": "interrupted",
    "kill": "killed",
}
DONE: Final = ("passed", "skipped")


@dataclass(frozen=True)
class Orders:
    """How a run is started, and what befalls it.

    Attributes:
        tests: Those that run, in their order.
        way: How they were chosen. A worker has collected all and runs these.
        mode: The value of ``--milepost``.
        at: The phase, or the end of the test, in which something happens.
        deed: What happens there.
    """

    tests: tuple[str, ...] = TESTS
    way: Way = "all"
    mode: Mode = "resume"
    at: str = ""
    deed: Deed = "go on"

    @property
    def items(self) -> tuple[str, ...]:
        """Give the tests that the process has before it, in their order."""
        others = tuple(test for test in TESTS if test not in self.tests)
        return self.tests + others if self.way == "worker" else self.tests


@dataclass
class Expected:
    """What a run is to do.

    Attributes:
        reached: The phases that begin and the tests that come to their end, in order.
        destroyed: What its clean-ups destroy, and how often.
        outcomes: How its tests end, as far as they are reported.
    """

    reached: list[str] = field(default_factory=list)
    destroyed: Counter[str] = field(default_factory=Counter)
    outcomes: dict[str, str] = field(default_factory=dict)


@dataclass
class Course:
    """One run as far as it has come.

    Attributes:
        orders: How it was started.
        expected: What it has done.
        ended: How the tests of the scope ended that are over.
        cluster: How the set-up of the cluster ended; empty before it.
        is_open: Whether it works on the checkpoint.
    """

    orders: Orders
    expected: Expected = field(default_factory=Expected)
    ended: dict[str, str] = field(default_factory=dict)
    cluster: str = ""
    is_open: bool = False


@dataclass
class Life:
    """One life of the checkpoint.

    Attributes:
        kept: By phase what its values depend on that may be restored.
        tests: How the tests of the scope ended last.
    """

    kept: dict[str, set[tuple[int, ...]]] = field(default_factory=dict)
    tests: dict[str, str] = field(default_factory=dict)


class Model:
    """The checkpoint of a scope, and the world, as the promises have them.

    Args:
        program: The user's project.

    Attributes:
        life: The checkpoint's life; None where there is none.
        standing: What stands in the world: each with its clean-up.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.life: Life | None = None
        self.standing: set[str] = set()

    def preview(self, orders: Orders) -> Expected:
        """Tell what a run would do, without having it happen."""
        other = Model(self.program)
        other.life, other.standing = deepcopy(self.life), set(self.standing)
        return other.run(orders)

    def run(self, orders: Orders) -> Expected:
        """Have a run happen, and tell what it is to do."""
        course = Course(orders)
        for test in orders.tests:
            outcome = self._run_test(test, course)
            if outcome == "killed":
                return course.expected
            self._record(test, outcome, course)
            if outcome == "interrupted":
                return course.expected
        self._finish(course)
        return course.expected

    def _run_test(self, test: str, course: Course) -> str:
        orders, expected = course.orders, course.expected
        if self.program.asks(test):
            if not course.is_open and orders.mode == "fresh":
                self._end(expected)
            course.is_open = True
            course.cluster = course.cluster or self._call(CLUSTER, orders, expected)
            if course.cluster != "passed":
                return course.cluster
            outcome = self._call(test, orders, expected)
            if outcome != "passed":
                return outcome
        end = f"end of {test}"
        expected.reached.append(end)
        return OUTCOME.get(orders.deed, "passed") if orders.at == end else "passed"

    def _record(self, test: str, outcome: str, course: Course) -> None:
        """Have it recorded how a test ended, if the checkpoint is at hand."""
        ended = course.ended
        if outcome != "interrupted":
            course.expected.outcomes[test] = outcome
        if test in self.program.members:
            was_skipped = outcome == course.cluster == "skipped"
            is_blocked = was_skipped and self._is_doubtful(test, course)
            ended[test] = "blocked" if is_blocked else outcome
        is_last = self._is_complete(course) or outcome == "interrupted"
        course.is_open |= is_last and self._is_noticed(course.orders)
        if course.is_open and self.life:
            self.life.tests = self._awaited(course.orders) | self.life.tests | ended

    def _is_complete(self, course: Course) -> bool:
        """Tell whether all tests of the scope are over that the process has before it."""
        return set(course.orders.items) & self.program.members == set(course.ended)

    def _is_noticed(self, orders: Orders) -> bool:
        """Tell whether tests that ask for nothing are recorded all the same."""
        return self.program.kind != "session" and orders.mode == "resume"

    def _finish(self, course: Course) -> None:
        if self.life and (course.is_open or self._is_noticed(course.orders)):
            self.life.tests |= course.ended
            if self._is_complete(course):
                self._settle(course.orders, course.expected)

    def _call(self, phase: str, orders: Orders, expected: Expected) -> str:
        key = self.program.key(phase)
        if self.life and key in self.life.kept.get(phase, ()):
            return "passed"
        self.life = self.life or Life(tests=self._awaited(orders))
        expected.reached.append(phase)
        if orders.at == phase and orders.deed != "go on":
            return OUTCOME[orders.deed]
        self.life.kept.setdefault(phase, set()).add(key)
        self.standing.add(self.program.made(phase))
        return "passed"

    def _is_doubtful(self, test: str, course: Course) -> bool:
        """Tell whether not all of the scope's tests before it have had their turn."""
        items = course.orders.items
        earlier = set(items[: items.index(test)]) & self.program.members
        is_part = bool(self._collected(course.orders) - set(items))
        return is_part or earlier != set(course.ended)

    def _collected(self, orders: Orders) -> set[str]:
        """Name the members of the scope, or of the session's files."""
        by_ids = self.program.kind == "session" and orders.way == "node ids"
        chosen = orders.tests if by_ids else TESTS
        files = {self.program.file(test) for test in chosen}
        return {test for test in self.program.members if self.program.file(test) in files}

    def _awaited(self, orders: Orders) -> dict[str, str]:
        """Tell what is known of a session's tests before they run."""
        if self.program.kind != "session":
            return {}
        collected = orders.tests if orders.way == "node ids" else TESTS
        return dict.fromkeys((t for t in collected if self.program.asks(t)), "pending")

    def _settle(self, orders: Orders, expected: Expected) -> None:
        assert self.life
        collected = self._collected(orders)
        elsewhere = {
            test
            for test, outcome in self.life.tests.items()
            if self.program.kind == "session" and outcome not in DONE
        }
        members = collected | elsewhere
        left = {t for t in members if self.life.tests.get(t) not in DONE}
        if not left:
            self._end(expected)
        elif self.program.kind == "session":
            self.life.tests = dict.fromkeys(members, "pending") | self.life.tests

    def _end(self, expected: Expected) -> None:
        self.life = None
        expected.destroyed.update(self.standing)
        self.standing = set()
