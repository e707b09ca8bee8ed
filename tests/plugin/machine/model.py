"""What is to happen in a run, by the promises alone."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final, Literal

from tests.plugin.machine.program import BULKY, END, PHASES, Key, Program

MAX_CRASHES: Final = 2
Mode = Literal["resume", "fresh", "require-fresh", "offline"]
Deed = Literal["go on", "fail", "skip", "interrupt", "kill"]
OUTCOME: Final[dict[Deed, str]] = {
    "fail": "failed",
    "skip": "skipped",
    "interrupt": "interrupted",
    "kill": "killed",
}


@dataclass(frozen=True)
class Orders:
    """How a run is started, and what befalls it.

    Attributes:
        mode: The value of ``--milepost``.
        begin_at: The value of ``--milepost-from``.
        at: The phase in which something happens, or the end of the test.
        deed: What happens there.
    """

    mode: Mode = "resume"
    begin_at: str = ""
    at: str = ""
    deed: Deed = "go on"


@dataclass
class Expected:
    """What a run is to do.

    Attributes:
        ran: The functions that begin, in their order.
        restored: The phases that are restored.
        outcome: ``passed``, ``failed``, ``skipped``, ``interrupted``, ``killed``, or
            ``refused`` for a run that may not begin.
    """

    ran: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    outcome: str = "passed"


@dataclass
class Memory:
    """What is known of one phase.

    Attributes:
        kept: What its values depend on that may be restored.
        crashes: How many attempts up to the last one crashed.
    """

    kept: set[Key] = field(default_factory=set)
    crashes: int = 0


@dataclass
class Life:
    """One life of the checkpoint.

    Attributes:
        phases: The phases that were started, in the order of their first start.
        remembers: Whether the remembered value is kept.
    """

    phases: dict[str, Memory] = field(default_factory=dict)
    remembers: bool = False


class Model:
    """The checkpoint as the promises have it.

    Args:
        program: The user's project.

    Attributes:
        life: The checkpoint's life; None where there is none.
        is_damaged: The file of a life that was damaged still lies there.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.life: Life | None = None
        self.is_damaged = False
        self._has_begun_anew = False
        self._removed_at = ""
        self._is_removed = False
        self._bulk_is_gone = False

    @property
    def has_document(self) -> bool:
        """Tell whether a document lies in the folder."""
        return self.life is not None or self.is_damaged

    def lose(self, *, damaged: bool) -> None:
        """Have the document removed, or damaged, where there is one."""
        self.is_damaged = self.has_document and damaged
        self.life = None

    def preview(self, orders: Orders) -> Expected:
        """Tell what a run would do, without having it happen."""
        return self._copy().run(orders)

    def removed_at(self, orders: Orders, others: Orders) -> Expected:
        """Tell what a run would do whose document is removed in the phase of its orders.

        Args:
            orders: Those of the run.
            others: Those of another run, which comes to its end meanwhile; what lies in
                files of its own goes when that begins a new life.
        """
        meanwhile, late = self._copy(), self._copy()
        late._removed_at = orders.at
        meanwhile.lose(damaged=False)
        meanwhile.run(others)
        late._bulk_is_gone = meanwhile._has_begun_anew
        return late.run(orders)

    def _copy(self) -> "Model":
        other = Model(self.program)
        other.life, other.is_damaged = deepcopy(self.life), self.is_damaged
        return other

    def run(self, orders: Orders) -> Expected:
        """Have a run happen, and tell what it is to do."""
        if not self._begin(orders):
            return Expected(outcome="refused")
        expected = Expected()
        for name in self._called():
            expected.outcome = self._call(name, orders, expected)
            if expected.outcome != "passed":
                return expected
        self.life, self.is_damaged = None, False
        return expected

    def _begin(self, orders: Orders) -> bool:
        if orders.begin_at:
            if self.life is None or orders.begin_at not in self.life.phases:
                return False
            names = list(self.life.phases)
            for name in names[names.index(orders.begin_at) :]:
                self.life.phases[name].kept.clear()
        elif orders.mode in ("fresh", "require-fresh"):
            self.life = None
        return True

    def _called(self) -> Iterator[str]:
        if self.program.remembers:
            yield "user"
        yield from ("plan", "login", *PHASES[1:], END)

    def _call(self, name: str, orders: Orders, expected: Expected) -> str:
        """Call a phase, and tell how the run stands then."""
        if name in PHASES:
            return self._call_phase(name, orders, expected)
        if name == "user":
            if not self._living().remembers:
                expected.ran.append(name)
            self._living().remembers = True
            return "passed"
        expected.ran.append(name)
        befalls = name == orders.at
        return OUTCOME.get(orders.deed, "passed") if befalls else "passed"

    def _living(self) -> Life:
        self._has_begun_anew = self._has_begun_anew or self.life is None
        self.life, self.is_damaged = self.life or Life(), False
        return self.life

    def _is_gone(self, name: str) -> bool:
        return self._is_removed and self._bulk_is_gone and name == BULKY

    def _call_phase(self, name: str, orders: Orders, expected: Expected) -> str:
        key = self.program.key(name)
        memory = self.life.phases.get(name) if self.life else None
        if memory and key in memory.kept and not self._is_gone(name):
            expected.restored.append(name)
            return "passed"
        if orders.mode == "offline" or (memory and memory.crashes >= MAX_CRASHES):
            return "failed"
        if self._is_removed:
            return "failed"
        self._is_removed = name == self._removed_at
        expected.ran.append(name)
        memory = self._living().phases.setdefault(name, Memory())
        deed = orders.deed if name == orders.at else "go on"
        memory.crashes = memory.crashes + 1 if deed == "kill" else 0
        if deed == "go on":
            memory.kept.add(key)
        return OUTCOME.get(deed, "passed")
