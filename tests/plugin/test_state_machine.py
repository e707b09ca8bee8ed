"""Whatever happens, in whatever order, a run does what the promises say, and no more."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.campaign import often
from tests.crash.conftest import MEMORY
from tests.crash.nursery import Nursery
from tests.plugin.machine.life import run_by_pytest, run_directly
from tests.plugin.machine.model import MAX_CRASHES, Expected, Model, Orders
from tests.plugin.machine.playing import How, Player, Seen
from tests.plugin.machine.program import (
    END,
    HELPER,
    INPUTS,
    PARTS,
    PHASES,
    STYLES,
    Program,
)

Edit = tuple[str, str | None, int]
SIGNS = {"README.md", ".gitignore", "CACHEDIR.TAG", "history"}
DEEDS = st.sampled_from(["fail", "kill", "skip", "interrupt"])
# Where something happens late, much is kept.
LATE = st.sampled_from([*PHASES[2:], END])
PLACES = st.sampled_from([*PHASES, END])
# Few values, so that edits are taken back.
EDITS = st.one_of(
    st.tuples(
        st.sampled_from([*PHASES, HELPER]), st.sampled_from(PARTS), st.integers(0, 1)
    ),
    st.tuples(st.sampled_from(INPUTS), st.none(), st.integers(0, 1)),
)
OTHERS = st.one_of(
    st.builds(Orders, mode=st.sampled_from(["resume", "fresh", "offline"])),
    st.builds(Orders, begin_at=st.sampled_from(PHASES)),
    st.builds(Orders, at=PLACES, deed=DEEDS),
)


class StoryOfATest(RuleBasedStateMachine):
    """A test, its runs, and what a user does between and during them."""

    how: How = staticmethod(run_directly)

    def __init__(self) -> None:
        super().__init__()
        memory = MEMORY if MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(dir=memory))
        self.project = self.folder / "project"
        self.project.mkdir()
        self.nursery = Nursery(self.folder)
        self.model = Model(Program())

    @initialize(style=st.sampled_from(STYLES), remembers=st.booleans(), at=LATE, deed=DEEDS)
    def begins(self, style: Any, remembers: bool, at: Any, deed: Any) -> None:
        self.model.program = Program(style=style, remembers=remembers)
        self.play(Orders(at=at, deed=deed))

    @rule(edit=EDITS)
    def edits(self, edit: Edit) -> None:
        self.model.program.edit(*edit)

    @rule(edits=st.lists(EDITS, min_size=1, max_size=2), at=LATE, deed=DEEDS)
    def edits_and_runs(self, edits: list[Edit], at: Any, deed: Any) -> None:
        for edit in edits:
            self.model.program.edit(*edit)
        self.play(Orders(at=at, deed=deed))

    @rule(at=PLACES, deed=DEEDS, mode=st.sampled_from(["resume", "fresh"]))
    def runs_and_something_happens(self, at: Any, deed: Any, mode: Any) -> None:
        self.play(Orders(mode=mode, at=at, deed=deed))

    @rule(at=LATE)
    def crashes_until_it_is_reported(self, at: Any) -> None:
        for _ in range(MAX_CRASHES + 1):
            self.play(Orders(at=at, deed="kill"))

    @precondition(lambda self: self.model.life)
    @rule(mode=st.sampled_from(["resume", "offline", "fresh", "require-fresh"]))
    def runs(self, mode: Any) -> None:
        self.play(Orders(mode=mode))

    @precondition(lambda self: self.model.life)
    @rule(begin_at=st.sampled_from(PHASES), at=PLACES, deed=DEEDS)
    def runs_from(self, begin_at: Any, at: Any, deed: Any) -> None:
        self.play(Orders(begin_at=begin_at, at=at, deed=deed))

    @precondition(lambda self: self.model.has_document)
    @rule(damaged=st.booleans())
    def loses_the_document(self, damaged: bool) -> None:
        (document,) = self.documents()
        if damaged:
            document.write_bytes(document.read_bytes()[:-40])
        else:
            document.unlink()
        self.model.lose(damaged=damaged)

    @precondition(lambda self: self.reached())
    @rule(data=st.data(), deed=DEEDS | st.just("go on"), other=OTHERS)
    def runs_twice_at_once(self, data: st.DataObject, deed: Any, other: Orders) -> None:
        first = Orders(at=data.draw(st.sampled_from(self.reached())), deed=deed)
        player = self.start(first, waits=True)
        player.wait()
        second = self.start(other).end()
        seen = player.end()

        check(second, Expected(outcome="refused"))
        self.check(seen, self.model.run(first))

    @precondition(lambda self: self.reached())
    @rule(data=st.data(), other=OTHERS)
    def removes_the_document_of_a_run(self, data: st.DataObject, other: Orders) -> None:
        first = Orders(at=data.draw(st.sampled_from(self.reached())))
        late = self.model.removed_at(first, other)
        player = self.start(first, waits=True)
        player.wait()
        self.documents()[0].unlink()
        self.model.lose(damaged=False)
        self.play(other)
        seen = player.end()

        self.check(seen, late)

    def reached(self) -> list[str]:
        """Name the places that an undisturbed run comes to."""
        expected = self.model.preview(Orders())
        end = [END] if expected.outcome == "passed" else []
        return [name for name in expected.ran if name in PHASES] + end

    def start(self, orders: Orders, *, waits: bool = False) -> Player:
        """Start a run on the files as they are now."""
        self.model.program.write(self.project)
        return Player.start(self.how, self.project, orders, self.nursery, waits=waits)

    def play(self, orders: Orders) -> None:
        """Run the test, and check that it does what the model says."""
        seen = self.start(orders).end()
        self.check(seen, self.model.run(orders))
        if seen.outcome == "passed":
            assert self.left_over() == set(), seen.text

    def check(self, seen: Seen, expected: Expected) -> None:
        """Check what a run did, and what it left."""
        check(seen, expected)
        if seen.made:
            assert seen.made == [self.model.program.made(name) for name in PHASES]
        assert len(self.documents()) == self.model.has_document, seen.text

    def documents(self) -> list[Path]:
        """List the checkpoints' documents."""
        return list((self.project / ".milepost").glob("checkpoint_*.json"))

    def left_over(self) -> set[str]:
        """Name what lies in the folder and is for a test that has not passed."""
        names = {entry.name for entry in (self.project / ".milepost").iterdir()}
        return {name for name in names - SIGNS if ".json.damaged-" not in name}

    def teardown(self) -> None:
        self.nursery.close()
        shutil.rmtree(self.folder)


class StoryOfATestUnderPytest(StoryOfATest):
    """The same, by pytest and the plugin."""

    how: How = staticmethod(run_by_pytest)


def check(seen: Seen, expected: Expected) -> None:
    """Check what a run did."""
    did = Expected(seen.ran, seen.restored, seen.outcome)
    assert did == expected, seen.text


TestStory = StoryOfATest.TestCase
TestStory.settings = often(25, torture=8)
TestStoryUnderPytest = StoryOfATestUnderPytest.TestCase
TestStoryUnderPytest.settings = often(5, torture=8)
