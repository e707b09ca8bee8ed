"""What may happen in a run, by the promises alone."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from tests.steps.machine.disk import Disk
from tests.steps.machine.life import Orders
from tests.steps.machine.playing import Seen
from tests.steps.machine.program import FLAKY, ONCE, SEPARATOR, SOUR, Operation, Program

RESOLVED: Final = f"{ONCE}|0|-|z|0"
_UNCERTAIN: Final = (FLAKY, SOUR)
Asked = tuple[str, str]


def asked(answer: str) -> Asked:
    """Give what an answer was asked for: by which function, and with which request."""
    leaf, _, _, request, _ = answer.split(SEPARATOR)
    return ("a" if leaf == ONCE else leaf), request


def is_refused(answer: str) -> bool:
    """Tell whether ``check`` refuses an answer where it is asked."""
    _, _, _, request, number = answer.split(SEPARATOR)
    return request == SOUR and int(number) % 3 == 1


def asks_of(operations: list[Operation]) -> "Counter[Asked]":
    """Count what an undisturbed attempt asks for."""
    found: Counter[Asked] = Counter()
    for kind, *more in operations:
        if kind == "nest":
            found += asks_of(more[0])
        elif kind == "nests":
            for each in more[0]:
                found += asks_of(each)
        elif kind == "map":
            found += Counter((more[0], request) for request in more[1])
        else:
            found[("a", more[0]) if kind == "once" else (more[0], more[1])] += 1
    return found


def width_of(operations: list[Operation], *, is_async: bool) -> int:
    """Tell how many calls can be under way at once."""
    widest = 1
    for kind, *more in operations:
        inside = 1
        if kind == "nest":
            inside = width_of(more[0], is_async=is_async)
        elif kind in ("map", "nests"):
            at_once = more[-1] or (len(more[-2]) if is_async else 1)
            lists = more[0] if kind == "nests" else []
            widths = [width_of(each, is_async=is_async) for each in lists]
            inside = at_once * max(widths, default=1)
        widest = max(widest, inside)
    return widest


def has_fragile(operations: list[Operation]) -> bool:
    """Tell whether an item may fail that nobody tries again."""
    return any(
        (kind == "map" and FLAKY in more[1])
        or (kind == "nest" and has_fragile(more[0]))
        or (kind == "nests" and any(map(has_fragile, more[0])))
        for kind, *more in operations
    )


@dataclass
class Attempt:
    """One attempt at the phase, as it is told.

    Attributes:
        program: The project.
        kept: What may be restored: the answers kept before, the oldest first.
        maybe: What may be kept as well: a disk that refused may have taken it later.
        is_blocked: It is not known how the step ended that may run at most once.
        may_block: That cannot be read.
        consumed: The answers that were given out.
        live: Those that were bought.
        whole: Those among them that are good.
        has_ended: It gave a value.
    """

    program: Program
    kept: list[str]
    maybe: list[str]
    is_blocked: bool
    may_block: bool
    consumed: set[str] = field(default_factory=set)
    live: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    has_ended: bool = False

    @property
    def valid(self) -> list[str]:
        """Give what the code as it is now would have made."""
        return [answer for answer in self.kept if self.program.is_current(answer)]

    def free(self, wanted: Asked) -> list[str]:
        """Give what can be restored for a request now, the oldest first."""
        return [a for a in self.valid if asked(a) == wanted and a not in self.consumed]

    def hear(self, what: str, value: Any) -> None:
        """Be told of an event, and judge it."""
        getattr(self, f"hear_{what}", lambda _: None)(value)

    def hear_served(self, answer: str) -> None:
        self.live.append(answer)
        if not self.program.has_maps:
            assert self.free(asked(answer)) == [], f"{answer} is bought twice"
        if asked(answer)[1] == "z":
            assert not self.is_blocked, f"{answer} is not known not to have happened"
            self.is_blocked = True

    def hear_whole(self, answer: str) -> None:
        if not is_refused(answer):
            self.whole.append(answer)

    def hear_got(self, answer: str) -> None:
        assert answer not in self.consumed, f"{answer} is given twice"
        self.check_answer(answer)
        if not self.program.is_concurrent and not self.program.is_nested:
            free = self.free(asked(answer))
            is_first = answer in (*self.live, *self.maybe, *free[:1])
            assert is_first, f"{answer} is out of order"
        self.consumed.add(answer)

    def hear_outer(self, answers: list[str]) -> None:
        for answer in answers:
            self.check_answer(answer)
        self.consumed.update(answers)

    def hear_unresolved(self, request: str) -> None:
        assert self.is_blocked or self.may_block, f"{request} can run"

    def hear_end(self, _: str) -> None:
        self.has_ended = True

    def check_answer(self, answer: str) -> None:
        """Check that an answer may be given out."""
        assert self.program.is_current(answer), f"{answer} is of other code"
        known = (*self.live, *self.kept, *self.maybe)
        assert answer in known, f"{answer} is not kept"

    def check(self) -> None:
        """Check that nothing was bought that was kept."""
        asks = asks_of(self.program.operations)
        valid = Counter(map(asked, self.valid))
        for wanted, bought in Counter(map(asked, self.live)).items():
            if wanted[1] not in _UNCERTAIN:
                most = max(0, asks[wanted] - valid[wanted])
                assert bought <= most, f"{wanted} bought {bought} times instead of {most}"


@dataclass
class Model:
    """The checkpoint as the promises have it.

    Attributes:
        program: The project.
        kept: The answers that may be restored, the oldest first.
        held: Those that steps around them may give.
        is_blocked: It is not known how the step ended that may run at most once.
        is_damaged: A line of the journal is damaged.
        completed: What the phase's value was made from, once it has one.
    """

    program: Program
    kept: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    is_blocked: bool = False
    is_damaged: bool = False
    completed: dict[str, int] | None = None

    def check(self, seen: Seen, orders: Orders) -> None:
        """Check what a run did, and take over what it left."""
        if seen.outcome == "refused":
            return
        if orders.begin_at == "work" or orders.mode == "fresh":
            self.completed = None
        if orders.mode == "fresh":
            self._begin_anew()
        attempts = self._attempts(seen, orders)
        for attempt in attempts:
            attempt.check()
        if self.completed == self.program.versions:
            assert not attempts, "a finished phase ran again"
        self._check_result(seen)
        self._check_kept(seen, orders)
        self._check_outcome(seen, orders)
        if seen.has_passed:
            self._begin_anew()

    def _attempts(self, seen: Seen, orders: Orders) -> list[Attempt]:
        attempts: list[Attempt] = []
        for what, *values in seen.events:
            if what == "attempt":
                attempts.append(self._attempt(attempts, seen, orders))
            elif attempts:
                attempts[-1].hear(what, values[-1])
        return attempts

    def _attempt(self, before: list[Attempt], seen: Seen, orders: Orders) -> Attempt:
        """Tell how the next attempt of a run begins."""
        kept, maybe, blocked = list(self.kept), list(self.held), self.is_blocked
        for attempt in before:
            whole, disk = attempt.whole, seen.disk.answers
            is_certain = not orders.refused[0]
            kept += whole if is_certain else [a for a in whole if a in disk]
            maybe += [] if is_certain else whole
            has_got = any(asked(answer)[1] == "z" for answer in whole)
            blocked = attempt.is_blocked and not has_got
        return Attempt(self.program, kept, maybe, blocked, self.is_damaged)

    def _check_result(self, seen: Seen) -> None:
        for answers in (values[0] for what, *values in seen.events if what == "result"):
            assert len(answers) == len(set(answers)), f"equal answers: {answers}"
            old = [each for each in answers if not self.program.is_current(each)]
            assert not old, f"of other code: {old}"
            wanted = Counter(map(asked, answers))
            assert wanted == asks_of(self.program.operations)

    def _check_kept(self, seen: Seen, orders: Orders) -> None:
        """Check that what was bought is in the journal, but for what was in flight."""
        if seen.has_passed:
            return
        answers = seen.disk.answers
        assert len(answers) == len(set(answers)), "an answer was kept twice"
        assert set(self.kept) <= set(answers), "what was kept is gone"
        whole = [values[0] for what, *values in seen.events if what == "whole"]
        given = [values[0] for what, *values in seen.events if what == "got"]
        lost = [a for a in whole if a not in answers and not is_refused(a)]
        width = width_of(self.program.operations, is_async=self.program.is_async)
        if seen.outcome == "killed":
            assert not set(given) - set(answers), "acknowledged, and lost"
            assert len(lost) <= width, f"more than was in flight: {lost}"
        elif orders.refused[0]:
            assert len(lost) <= width, f"bought while the disk refused: {lost}"
        else:
            assert not lost, f"bought and lost: {lost}"
        self.take_over(seen.disk)

    def take_over(self, disk: Disk) -> None:
        """Take over what is kept."""
        self.kept, self.held = disk.answers, disk.held
        self.is_blocked = bool(disk.open_intentions)

    def _check_outcome(self, seen: Seen, orders: Orders) -> None:
        is_disturbed = orders.deed != "go on" or orders.kill_at or orders.refused[0]
        is_doubtful = self.is_blocked or self.is_damaged
        if not is_disturbed and not is_doubtful and orders.mode != "offline":
            fragile = has_fragile(self.program.operations)
            assert fragile or seen.outcome == "passed", seen.outcome

    def _begin_anew(self) -> None:
        self.kept, self.held, self.completed = [], [], None
        self.is_blocked = self.is_damaged = False
