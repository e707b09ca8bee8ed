"""Killed anywhere around phase.cleanup: nothing that stands is forgotten."""

import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.nursery import Nursery
from tests.crash.pipeline import left_over
from tests.crash.test_kill_points import copy
from tests.project import Project

SOURCES = Path(__file__).resolve().parents[2] / "src" / "milepost"
# The points at which something of the clean-ups, or of the life's end, is durable or not.
WATCHED = ("cleanup.", "delete.", "shelve.", "data.", "tree.", "document.renamed")
LICENCE = {"LICENCE": "1"}
WORLD = """
    import os
    import signal
    from pathlib import Path
    from calling import note

    HERE = Path(__file__).parent

    def create(kind):
        made = (HERE / "calls.log").read_text() if (HERE / "calls.log").exists() else ""
        name = f"{kind}-{made.count('create ')}"
        note(f"create {name}")
        (HERE / name).touch()
        return name

    def destroy(name):
        note(f"destroy {name}")
        (HERE / name).unlink(missing_ok=True)
        if os.environ.get("DIES_IN") == name:
            os.kill(os.getpid(), signal.SIGKILL)

    def use(*names):
        assert all((HERE / name).exists() for name in names), "torn down too early"
        assert os.environ.get("LICENCE"), "no licence"
"""
TEST = """
    from world import create, destroy, use

    def test_world(phase):
        cluster = phase("cluster", create, "cluster")
        phase.cleanup(destroy, cluster)
        user = phase("user", create, "user")
        phase.cleanup(destroy, user)
        phase("use", use, cluster, user)
"""


@dataclass(frozen=True)
class Story:
    """What is killed: a run of pytest or the command, after what.

    Attributes:
        arguments: For pytest; for the command where they begin with ``rm``.
        before: Whether a run has failed before.
        ended_at: The point at which a run before was killed; empty for none.
    """

    arguments: tuple[str, ...] = ()
    before: bool = True
    ended_at: str = ""


STORIES = {
    "first run": Story(before=False),
    "after a failure": Story(),
    "fresh": Story(("--milepost=fresh",)),
    "rm": Story(("rm", "--all", "--yes")),
    "passed before": Story(ended_at="cleanup.opened"),
}


@pytest.fixture
def world(fast_project: Project) -> Project:
    """Give a project whose test makes two things that have to be torn down."""
    fast_project.write("world.py", WORLD)
    fast_project.write("test_world.py", TEST)
    return fast_project


def act(nursery: Nursery, project: Project, story: Story, **more: str) -> None:
    """Do what the story is about."""
    kill_at = more.pop("kill_at", "")
    if story.arguments[:1] == ("rm",):
        nursery.milepost(project, *story.arguments, kill_at=kill_at, env=more)
    else:
        nursery.run(project, *story.arguments, kill_at=kill_at, env=LICENCE | more)


def prepare(nursery: Nursery, project: Project, story: Story) -> None:
    """Bring a project to where the story begins."""
    if story.before:
        nursery.run(project)
    if story.ended_at:
        nursery.run(project, kill_at=story.ended_at, env=LICENCE)


def points(nursery: Nursery, project: Project, story: Story) -> list[str]:
    """Record the points that the story passes, numbered."""
    other = copy(project, "recorded")
    log = other.folder / "points.log"
    act(nursery, other, story, MILEPOST_KILL_LOG=str(log))
    seen: Counter[str] = Counter()
    found = []
    for name in log.read_text().splitlines():
        seen[name] += 1
        found += [f"{name}:{seen[name]}"] if name.startswith(WATCHED) else []
    return found


def done_keys(project: Project) -> set[str]:
    """Give the names whose clean-up is recorded as made."""
    names, done = {}, set()
    for path in project.checkpoints.rglob("cleanups.jsonl"):
        for line in path.read_text().splitlines():
            record = json.loads(line) if line.endswith("}") else {}
            if record.get("kind") == "cleanup":
                names[record["key"]] = record["args"][0]
            elif record.get("kind") == "done":
                done.add(names[record["key"]])
    return done


def of_this_life(project: Project) -> set[str]:
    """Give the names that are recorded in the life that goes on."""
    lines = [
        line
        for path in project.checkpoints.glob("*.d/cleanups.jsonl")
        for line in path.read_text().splitlines()
        if line.endswith("}")
    ]
    records = [json.loads(line) for line in lines]
    return {each["args"][0] for each in records if each["kind"] == "cleanup"}


def standing(project: Project) -> list[str]:
    """List the things that exist in the world."""
    found = [*project.folder.glob("cluster-*"), *project.folder.glob("user-*")]
    return [path.name for path in found]


def has_gone(project: Project) -> bool:
    """Tell whether it is durable that the test has passed, or its life has ended."""
    documents = [json.loads(path.read_text()) for path in project.documents()]
    return all({"passed_at", "removed_at"} & each["milepost"].keys() for each in documents)


def check(nursery: Nursery, project: Project) -> None:
    """Have the test run until it passes, after a death; then nothing is left."""
    torn_down = {f"destroy {name}" for name in of_this_life(project)}
    assert has_gone(project) or not torn_down & set(project.all_calls())
    done = done_keys(project)
    after = nursery.run(project, env=LICENCE)
    assert after.passed, after.text
    assert not {f"destroy {name}" for name in done} & set(after.calls)
    calls = Counter(project.all_calls())
    made = {call.removeprefix("create ") for call in calls if call.startswith("create")}
    unrecorded = {name for name in made if not calls[f"destroy {name}"]}
    assert set(standing(project)) == unrecorded
    assert left_over(project) == []
    # What a phase made while it was killed has never come back from it.
    assert len(unrecorded) <= 1


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_a_death_anywhere_forgets_nothing(
    world: Project, nursery: Nursery, story: Story
) -> None:
    """Each clean-up is made when the checkpoint goes: not before, not after its record."""
    prepare(nursery, world, story)
    for point in points(nursery, world, story):
        mine = copy(world, f"killed at {point}")
        try:
            act(nursery, mine, story, kill_at=point)
            check(nursery, mine)
        except AssertionError as error:
            error.add_note(f"killed at {point}")
            raise
        shutil.rmtree(mine.folder)


@pytest.mark.parametrize("name", ["cluster-0", "user-1"])
@pytest.mark.parametrize("story", ["after a failure", "fresh", "rm"])
def test_a_death_in_a_clean_up_has_it_made_again(
    world: Project, nursery: Nursery, story: str, name: str
) -> None:
    """A clean-up that was not seen to end is made once more, the others are not."""
    prepare(nursery, world, STORIES[story])
    act(nursery, world, STORIES[story], DIES_IN=name)
    assert world.all_calls()[-1] == f"destroy {name}"
    check(nursery, world)

    calls = Counter(world.all_calls())
    other = {"cluster-0": "user-1", "user-1": "cluster-0"}[name]
    assert calls[f"destroy {name}"] == 2
    assert calls[f"destroy {other}"] == 1


def test_every_point_of_a_clean_up_is_passed(world: Project, nursery: Nursery) -> None:
    """No point around the file of clean-ups stands where none of these tests comes."""
    text = (SOURCES / "stores" / "cleanups.py").read_text()
    passed = points(nursery, world, STORIES["first run"])
    known = set(re.findall(r'killpoint\("([a-z.-]+)"\)', text))
    assert known == {point.partition(":")[0] for point in passed} & known
    assert known
