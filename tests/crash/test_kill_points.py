"""Killed between any two system calls, the next run goes on from what is durable."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from milepost.stores.history import RUNS as HISTORY_RUNS
from tests.crash.nursery import Nursery
from tests.crash.pipeline import BROKEN, PHASES, left_over, write_pipeline
from tests.crash.points import Point, read_points
from tests.project import Project

SHARES = 6
SOURCES = Path(__file__).resolve().parents[2] / "src" / "milepost"


@dataclass(frozen=True)
class Story:
    """What happened before the run that is killed.

    Attributes:
        before: Prepares the project.
        arguments: For the pytest that is killed.
        done: The phases that the run to be killed restores.
        begins_at: The point at which the life that was there before is given up; what
            was done in it is restored after an earlier death.
        own: The points that the quick suite takes: those that no other story has.
        kept: What is not deleted when the test has passed.
    """

    before: Callable[[Nursery, Project], object] = lambda _nursery, _project: None
    arguments: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    begins_at: str = ""
    own: tuple[str, ...] = ("",)
    kept: str = ""

    def points(self, lines: list[str]) -> list[Point]:
        """Give the points of a recorded run of this story."""
        cut = lines.index(self.begins_at) if self.begins_at else 0
        first = read_points(lines[:cut], PHASES[:2])
        whole = read_points(lines, self.done)
        return [*first, *whole[cut:]]


def fail(nursery: Nursery, project: Project) -> None:
    """Have the last phase fail, as it did in many runs before."""
    assert nursery.run(project, env=BROKEN).outcomes() == {"failed": 1}
    (record,) = project.checkpoints.glob("history/*/*.json")
    for number in range(HISTORY_RUNS):
        shutil.copy(record, record.with_name(f"{number:016}.json"))


def fail_and_remove(nursery: Nursery, project: Project) -> None:
    """Have the last phase fail; then the user removes the document."""
    fail(nursery, project)
    project.documents()[0].unlink()


def fail_and_damage(nursery: Nursery, project: Project) -> None:
    """Have the last phase fail; then the disk damages the document."""
    fail(nursery, project)
    project.documents()[0].write_bytes(b'{"test_name": "te')


def pass_and_die(nursery: Nursery, project: Project) -> None:
    """Have the test pass, and its process die before it has cleaned up."""
    nursery.run(project, kill_at="delete.begin")


def die_with_the_lease(nursery: Nursery, project: Project) -> None:
    """Have the process die in the last phase, with the lease and a temporary file."""
    nursery.run(project, kill_at="document.synced:7")


STORIES = {
    "first run": Story(),
    "after a failure": Story(fail, done=PHASES[:2], own=("lease.", "history.", "delete.")),
    "after a death": Story(die_with_the_lease, done=PHASES[:2], own=("lease.", "delete.")),
    "fresh": Story(
        fail, ("--milepost=fresh",), (), "shelve.document-moved", ("shelve", "data", "tree")
    ),
    "removed": Story(fail_and_remove, own=("data", "tree", "delete")),
    "damaged": Story(
        fail_and_damage, own=("aside", "lease", "delete"), kept="checkpoint_*.damaged-*"
    ),
    "passed before": Story(pass_and_die, own=("tree", "delete", "lease")),
}


def prepare(project: Project, nursery: Nursery, story: Story) -> list[Point]:
    """Bring a project to where the story begins; a copy tells what points follow."""
    write_pipeline(project)
    story.before(nursery, project)
    other = copy(project, "recorded")
    log = other.folder / "points.log"
    result = nursery.run(other, *story.arguments, env={"MILEPOST_KILL_LOG": str(log)})
    assert result.passed, result.text
    return story.points(log.read_text().splitlines())


def copy(project: Project, name: str) -> Project:
    """Copy a project with its checkpoints, hard links and all."""
    folder = project.folder.with_name(name)
    shutil.copytree(project.folder, folder, symlinks=True)
    return Project(folder)


def check(project: Project, nursery: Nursery, story: Story, point: Point) -> None:
    """Have the run killed at a point, and the next one do exactly what is left."""
    nursery.run(project, *story.arguments, kill_at=str(point))
    after = nursery.run(project)
    assert after.passed, after.text
    assert after.calls == point.to_run, after.text
    kept = [path.name for path in project.checkpoints.glob(story.kept or "nothing")]
    assert left_over(project) == kept
    assert len(kept) == bool(story.kept)
    result = (project.folder / "result.json").read_text()
    assert result == (project.folder.with_name("recorded") / "result.json").read_text()
    if point.passed and not point.given_back:
        assert "the last run passed" in after.text


def check_share(
    project: Project, nursery: Nursery, story: Story, share: int = 0, shares: int = 1
) -> None:
    """Check every point of a share of a story's points."""
    points = prepare(project, nursery, story)
    assert points
    for point in [p for p in points if p.name.startswith(story.own)][share::shares]:
        mine = copy(project, f"killed at {point}")
        try:
            check(mine, nursery, story, point)
        except AssertionError as error:
            error.add_note(f"killed at {point}")
            raise
        shutil.rmtree(mine.folder)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_death_anywhere_costs_only_what_was_in_flight(
    fast_project: Project, nursery: Nursery, share: int
) -> None:
    """Whatever the system call before which a run dies, no finished phase runs again."""
    check_share(fast_project, nursery, STORIES["first run"], share, SHARES)


@pytest.mark.parametrize("name", [name for name in STORIES if name != "first run"])
def test_a_death_in_what_a_later_run_does_first_and_last(
    fast_project: Project, nursery: Nursery, name: str
) -> None:
    """A run that takes over from another one may die at any point, too."""
    check_share(fast_project, nursery, STORIES[name])


@pytest.mark.torture
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("name", STORIES)
def test_a_death_anywhere_in_every_story(
    fast_project: Project, nursery: Nursery, name: str, share: int
) -> None:
    """The same at every single point of every story."""
    check_share(fast_project, nursery, replace(STORIES[name], own=("",)), share, SHARES)


def test_a_death_anywhere_in_a_removal_leaves_all_or_nothing(
    fast_project: Project, nursery: Nursery
) -> None:
    """`milepost rm` that dies has removed the whole checkpoint, or nothing of it."""
    fail(nursery, write_pipeline(fast_project))
    other = copy(fast_project, "recorded")
    log = other.folder / "points.log"
    nursery.milepost(other, "rm", "--all", env={"MILEPOST_KILL_LOG": str(log)})
    points = read_points(log.read_text().splitlines())
    removed = [str(point) for point in points].index("document.renamed:1")
    for number, point in enumerate(points):
        mine = copy(fast_project, f"killed at {point}")
        nursery.milepost(mine, "rm", "--all", kill_at=str(point))
        after = nursery.run(mine)
        assert after.passed, f"{point}: {after.text}"
        assert after.calls == list(PHASES if number >= removed else PHASES[2:]), point
        assert left_over(mine) == [], point
        shutil.rmtree(mine.folder)


def test_every_kill_point_is_passed_by_a_story(
    fast_project: Project, nursery: Nursery
) -> None:
    """No point stands where none of these tests ever comes."""
    sources = [path.read_text() for path in (SOURCES / "stores").glob("*.py")]
    known = {p for text in sources for p in re.findall(r'killpoint\("([a-z.-]+)"\)', text)}
    write_pipeline(fast_project)
    log = fast_project.folder / "points.log"
    for name, story in STORIES.items():
        mine = copy(fast_project, name)
        story.before(nursery, mine)
        nursery.run(mine, *story.arguments, env={"MILEPOST_KILL_LOG": str(log)})
    in_other_tests = {"lease.waiting", "directory.synced"}
    others = ("cleanup.", "purse.")
    in_other_tests |= {point for point in known if point.startswith(others)}
    assert known - set(log.read_text().splitlines()) == in_other_tests
