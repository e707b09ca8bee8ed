"""Whatever befalls a test, its steps are bought at most once and never mixed up."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.campaign import often
from tests.crash.conftest import MEMORY
from tests.crash.nursery import Nursery
from tests.project import Project
from tests.steps.machine.disk import damage, read_disk
from tests.steps.machine.life import Deed, Orders
from tests.steps.machine.model import RESOLVED, Model
from tests.steps.machine.playing import Seen, goes_on, play
from tests.steps.machine.program import FLAKY, LEAVES, SOUR, SOURCES, Program

NAMES = st.sampled_from(LEAVES)
REQUESTS = st.sampled_from(["x", "x", "y", FLAKY, SOUR])
AT_ONCE = st.sampled_from([None, 1, 2, 3])
ASKS = st.tuples(st.just("step"), NAMES, REQUESTS).map(list)
# Equal items of one step_map are allowed: each has an answer of its own.
MAPS = st.tuples(
    st.just("map"),
    NAMES,
    st.lists(st.sampled_from(["x", "y", "w", FLAKY]), min_size=1, max_size=4),
    AT_ONCE,
).map(list)
LEAFY = st.one_of(ASKS, ASKS, MAPS)
NESTS = st.recursive(
    LEAFY,
    lambda inner: st.one_of(
        st.tuples(st.just("nest"), st.lists(inner, min_size=1, max_size=3)).map(list),
        st.tuples(
            st.just("nests"),
            st.lists(st.lists(inner, min_size=1, max_size=2), min_size=1, max_size=3),
            AT_ONCE,
        ).map(list),
    ),
    max_leaves=5,
)
ONCE_ASKED: st.SearchStrategy[Any] = st.sampled_from([[["once", "z"]], []])
OPERATIONS = st.tuples(
    st.lists(NESTS, min_size=1, max_size=4), ONCE_ASKED, st.lists(ASKS, max_size=2)
).map(lambda parts: [each for part in parts for each in part])
EVENTS = st.sampled_from(["got", "got", "served", "outer", "end", "result"])
COUNTS = st.integers(1, 6)
DEEDS: st.SearchStrategy[Deed] = st.sampled_from(
    ["fail", "fail", "transient", "interrupt", "kill", "skip"]
)
POINTS = st.sampled_from(
    [
        *("journal.created", "journal.torn", "journal.written", "journal.synced"),
        *("document.renamed", "document.synced"),
    ]
)


class StoryOfSteps(RuleBasedStateMachine):
    """A test with steps, its runs, and what a user does between them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.project = Project(self.folder / "project")
        self.nursery = Nursery(self.folder)
        self.model = Model(Program())

    @initialize(
        operations=OPERATIONS,
        is_async=st.booleans(),
        is_dynamic=st.booleans(),
        retries=st.sampled_from([0, 1]),
        at=EVENTS,
        count=COUNTS,
        deed=DEEDS,
    )
    def begins(
        self,
        operations: Any,
        is_async: bool,
        is_dynamic: bool,
        retries: int,
        at: str,
        count: int,
        deed: Deed,
    ) -> None:
        self.model.program = Program(
            operations, is_async=is_async, is_dynamic=is_dynamic, retries=retries
        )
        self.play(Orders(at=at, count=count, deed=deed))

    @rule(name=st.sampled_from(SOURCES), version=st.integers(0, 1))
    def edits(self, name: str, version: int) -> None:
        self.model.program.versions[name] = version

    @rule(at=EVENTS, count=COUNTS, deed=DEEDS)
    def something_happens(self, at: str, count: int, deed: Deed) -> None:
        self.play(Orders(at=at, count=count, deed=deed))

    @rule(point=POINTS, count=st.integers(1, 8))
    def is_killed(self, point: str, count: int) -> None:
        self.play(Orders(kill_at=f"{point}:{count}"))

    @rule(first=st.integers(1, 6), more=st.sampled_from([0, 1, 3, 50]), short=st.booleans())
    def has_a_full_disk(self, first: int, more: int, short: bool) -> None:
        self.play(Orders(refused=(first, first + more), is_short=short))

    @precondition(lambda self: self.model.kept)
    @rule(number=st.integers(0, 30))
    def is_damaged(self, number: int) -> None:
        if damage(self.project.folder, number):
            self.model.is_damaged = True
            self.model.take_over(read_disk(self.project.folder))

    @precondition(lambda self: goes_on(self.project.folder))
    @rule(begin_at=st.sampled_from(["work", "ship"]), at=EVENTS, count=COUNTS, deed=DEEDS)
    def runs_again_from(self, begin_at: str, at: str, count: int, deed: Deed) -> None:
        self.play(Orders(begin_at=begin_at, at=at, count=count, deed=deed))

    @precondition(lambda self: goes_on(self.project.folder))
    @rule()
    def buys_again(self) -> None:
        self.milepost("rm", self.test_id, "--calls", "--yes")
        self.model.take_over(read_disk(self.project.folder))
        self.model.completed = None
        assert all("|z|" in answer for answer in self.model.kept)

    @precondition(lambda self: self.model.is_blocked)
    @rule(is_done=st.booleans())
    def is_resolved(self, is_done: bool) -> None:
        how = ("--done", json.dumps(RESOLVED)) if is_done else ("--not-done",)
        self.milepost("resolve", self.test_id, "once", *how)
        self.model.take_over(read_disk(self.project.folder))
        assert not self.model.is_blocked

    @precondition(lambda self: goes_on(self.project.folder))
    @rule()
    def runs(self) -> None:
        self.play(Orders())

    def play(self, orders: Orders) -> None:
        """Run the test, and check that all is as the model says."""
        self.model.program.write(self.project.folder)
        seen = play(self.project.folder, self.model.program, orders, self.nursery)
        try:
            self.model.check(seen, orders)
            self.check_documents(seen)
        except AssertionError as error:
            error.add_note(told(seen))
            raise

    def check_documents(self, seen: Seen) -> None:
        """Check what is left, and take over whether the phase has completed."""
        documents = self.documents()
        if seen.outcome == "passed":
            assert documents == [], seen.text
        if goes_on(self.project.folder):
            phases = json.loads(documents[0].read_text())["phases"]
            is_done = phases.get("work", {}).get("status") == "completed"
            self.model.completed = dict(self.model.program.versions) if is_done else None

    def milepost(self, *arguments: str) -> None:
        """Run the command line; it must do what it is told."""
        result = self.nursery.milepost(self.project, *arguments)
        assert result.code == 0, result.text

    @property
    def test_id(self) -> str:
        """Name the checkpoint."""
        (path,) = self.documents()
        return path.stem.removeprefix("checkpoint_")

    def documents(self) -> list[Path]:
        """List the checkpoints' documents."""
        return self.project.documents()

    def teardown(self) -> None:
        self.nursery.close()
        shutil.rmtree(self.folder)


def told(seen: Seen) -> str:
    """Tell what was seen of a run."""
    events = "\n".join(" ".join(map(str, event)) for event in seen.events)
    return f"{events}\n{seen.outcome}\nkept: {seen.disk.answers}\n{seen.text}"


TestStory = StoryOfSteps.TestCase
TestStory.settings = often(12, torture=30, steps=8)
