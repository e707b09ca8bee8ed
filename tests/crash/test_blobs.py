"""Large values lie in a file of their own: trusted only when it is what was written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.nursery import Nursery
from tests.crash.pipeline import BROKEN, PHASES, left_over, write_pipeline
from tests.project import Project


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Cut a file off in the middle."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = pytest.mark.parametrize("damage", [flip, cut, Path.unlink])


def the_blob(project: Project) -> Path:
    """Give the only large value's file."""
    (found,) = project.checkpoints.glob("*.d/blobs/*[0-9a-f]")
    return found


@DAMAGES
def test_a_damaged_value_is_made_again(
    fast_project: Project, nursery: Nursery, damage: Callable[[Path], object]
) -> None:
    """A large value that is not what was written is never handed out: its phase runs."""
    write_pipeline(fast_project)
    nursery.run(fast_project, env=BROKEN)
    damage(the_blob(fast_project))
    again = nursery.run(fast_project, env=BROKEN)
    after = nursery.run(fast_project)

    assert again.calls == list(PHASES[1:])
    assert "its stored value is damaged" in again.text
    assert after.passed, after.text
    assert after.calls == list(PHASES[2:]), "the value is whole again"
    assert left_over(fast_project) == []


@DAMAGES
def test_a_file_that_is_there_already_is_not_trusted(
    fast_project: Project, nursery: Nursery, damage: Callable[[Path], object]
) -> None:
    """What a dead run left of a large value is replaced where it is not whole."""
    write_pipeline(fast_project)
    # The value's file is durable, the record that names it is not.
    nursery.run(fast_project, kill_at="document.begin:5")
    damage(the_blob(fast_project))
    again = nursery.run(fast_project, env=BROKEN)
    after = nursery.run(fast_project)

    assert again.calls == list(PHASES[1:])
    assert after.passed, after.text
    assert after.calls == list(PHASES[2:]), "the value is whole again"
