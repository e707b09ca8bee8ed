"""Whatever befalls the tests of a scope, it goes when all are done and not before."""

import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.campaign import often
from tests.crash.conftest import MEMORY
from tests.crash.nursery import Nursery
from tests.scopes.machine.model import Deed, Expected, Mode, Model, Orders, Way
from tests.scopes.machine.playing import Player, Seen
from tests.scopes.machine.program import CLUSTER, KINDS, PHASES, TESTS, Kind, Program

DEEDS: st.SearchStrategy[Deed] = st.sampled_from(["fail", "kill", "skip", "interrupt"])
ENDS = tuple(f"end of {test}" for test in TESTS)
PLACES = st.sampled_from([*PHASES, *ENDS])
LATE = st.sampled_from([*TESTS[1:], *ENDS])
ORDERS = st.permutations(TESTS).map(tuple)
PARTS = st.lists(st.sampled_from(TESTS), min_size=1, max_size=3, unique=True).map(tuple)
WAYS: st.SearchStrategy[Way] = st.sampled_from(["node ids", "deselected", "worker"])
MODES: st.SearchStrategy[Mode] = st.sampled_from(["resume", "resume", "fresh"])


class StoryOfAScope(RuleBasedStateMachine):
    """A scope, the runs of its tests, and what a user does between and during them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.project = self.folder / "project"
        self.project.mkdir()
        self.nursery = Nursery(self.folder)
        self.model = Model(Program())

    @initialize(
        kind=st.sampled_from(KINDS), plain=st.booleans(), at=LATE, deed=DEEDS, tests=ORDERS
    )
    def begins(
        self, kind: Kind, plain: bool, at: str, deed: Deed, tests: tuple[str, ...]
    ) -> None:
        self.model.program = Program(kind, is_last_plain=plain)
        self.play(Orders(tests=tests, at=at, deed=deed))

    @rule(phase=st.sampled_from(PHASES), version=st.integers(0, 1))
    def edits(self, phase: str, version: int) -> None:
        self.model.program.versions[phase] = version

    @rule(tests=ORDERS, mode=MODES, at=PLACES, deed=DEEDS)
    def runs_all_and_something_happens(
        self, tests: tuple[str, ...], mode: Mode, at: str, deed: Deed
    ) -> None:
        self.play(Orders(tests=tests, mode=mode, at=at, deed=deed))

    @rule(tests=PARTS, way=WAYS, mode=MODES)
    def runs_a_part(self, tests: tuple[str, ...], way: Way, mode: Mode) -> None:
        self.play(Orders(tests=tests, way=way, mode=mode))

    @rule(tests=PARTS, way=WAYS, at=PLACES, deed=DEEDS)
    def runs_a_part_and_something_happens(
        self, tests: tuple[str, ...], way: Way, at: str, deed: Deed
    ) -> None:
        # Node ids may set the cluster up more than once.
        chosen: Way = "deselected" if way == "node ids" and at == CLUSTER else way
        self.play(Orders(tests=tests, way=chosen, at=at, deed=deed))

    @precondition(lambda self: self.model.life)
    @rule(tests=ORDERS)
    def runs_all(self, tests: tuple[str, ...]) -> None:
        self.play(Orders(tests=tests))

    @precondition(lambda self: self.model.preview(Orders()).reached)
    @rule(data=st.data(), tests=PARTS, way=WAYS, deed=DEEDS | st.just("go on"))
    def runs_twice_at_once(
        self, data: st.DataObject, tests: tuple[str, ...], way: Way, deed: Deed
    ) -> None:
        places = self.model.preview(Orders()).reached
        first = Orders(at=data.draw(st.sampled_from(places)), deed=deed)
        player = self.start(first, waits=True)
        player.wait()
        second = self.start(Orders(tests=tests, way=way)).end()
        seen = player.end()

        plain = [test for test in tests if not self.model.program.asks(test)]
        ends = dict.fromkeys(tests, "failed") | dict.fromkeys(plain, "passed")
        reached = [f"end of {test}" for test in plain]
        assert second.did == Expected(reached=reached, outcomes=ends), second.text
        self.check(seen, self.model.run(first), is_killed=deed == "kill")

    def start(self, orders: Orders, *, waits: bool = False) -> Player:
        """Start a run on the files as they are now."""
        program = self.model.program
        program.write(self.project)
        return Player.start(self.project, program, orders, self.nursery, waits=waits)

    def play(self, orders: Orders) -> None:
        """Run tests, and check that all is as the model says."""
        seen = self.start(orders).end()
        self.check(seen, self.model.run(orders), is_killed=orders.deed == "kill")

    def check(self, seen: Seen, expected: Expected, *, is_killed: bool) -> None:
        """Check what a run did, and what it left."""
        assert seen.did == expected, seen.text
        assert self.standing() == self.model.standing, seen.text
        self.check_recorded(seen, is_killed=is_killed)

    def check_recorded(self, seen: Seen, *, is_killed: bool) -> None:
        """Check how the document says that the tests ended.

        A test that is done is written with what is written next, if that comes.
        """
        found, life = self.recorded(), self.model.life
        if life and found is not None and is_killed:
            lost = {name for name in life.tests if found.get(name) != life.tests[name]}
            assert {life.tests[name] for name in lost} <= {"passed", "skipped"}, seen.text
            life.tests = found
        assert found == (life.tests if life else None), seen.text

    def standing(self) -> set[str]:
        """Name what stands in the world."""
        world = self.project / "world"
        return {path.name for path in world.iterdir()} if world.exists() else set()

    def recorded(self) -> dict[str, str] | None:
        """Tell how the document says that the tests ended; None where there is none."""
        found = list((self.project / ".milepost").glob("checkpoint_*.json"))
        if not found:
            return None
        (path,) = found
        tests = json.loads(path.read_text())["milepost"].get("tests", {})
        return {name.rpartition("test_")[2]: outcome for name, outcome in tests.items()}

    def teardown(self) -> None:
        self.nursery.close()
        shutil.rmtree(self.folder)


TestStory = StoryOfAScope.TestCase
TestStory.settings = often(6, torture=20)
