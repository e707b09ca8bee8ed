"""phase.cleanup: what is cut off, damaged or planted does no harm."""

import json
from pathlib import Path

import pytest

from tests.crash.pipeline import left_over
from tests.plugin.test_cleanup import cluster, id_of, milepost, plant, record_of
from tests.project import Project

__all__ = ["cluster"]


def test_a_life_that_is_cleaned_up_is_never_gone_on_with(cluster: Project) -> None:
    """Killed while `fresh` cleans up, the next run makes anew what was torn down."""
    cluster.run()
    killed = cluster.run("--milepost=fresh", kill_at="cleanup.durable")
    (cluster.folder / "licence").touch()
    passed = cluster.run()

    assert killed.calls == ["destroy c-1"]
    assert passed.calls == ["create c-1", "use", "destroy c-1"], passed.text
    assert left_over(cluster) == []


def test_rm_that_is_stopped_half_way_has_ended_the_life(cluster: Project) -> None:
    """When one clean-up fails after another was made, the next run starts over."""
    cluster.edit(
        "test_cluster.py",
        '    name = phase("create"',
        '    phase.cleanup(destroy, "never-there")\n    name = phase("create"',
    )
    cluster.run()
    failed = milepost(cluster, "rm", id_of(cluster), "--yes")
    (cluster.folder / "licence").touch()
    passed = cluster.run()

    assert failed.returncode == 1
    assert "create c-1" in passed.calls, passed.text
    assert passed.passed


def test_a_source_file_inside_of_the_checkpoints_is_none(cluster: Project) -> None:
    """A function that came with the checkpoint is not imported, even with --yes."""
    cluster.run()
    evil = record_of(cluster).with_name("directory") / "evil.py"
    evil.parent.mkdir()
    evil.write_text("from calling import note\nnote('evil')\ndef harm(_):\n    pass\n")
    file = evil.relative_to(cluster.folder).as_posix()
    plant(record_of(cluster), {"function": "evil:harm", "file": file})
    refused = milepost(cluster, "rm", id_of(cluster), "--yes")

    assert refused.returncode == 1
    assert "evil" not in cluster.all_calls()


@pytest.mark.parametrize(
    "change",
    [
        {"args": "c-1"},
        {"args": 7},
        {"kwargs": ["force"]},
        {"registered_at": "yesterday"},
        {"function": "world:\x1b[2Jdestroy"},
        {"file": "world.py\x00"},
        {"file": "\x1b[2J.py"},
        {"test_id": 7},
        {"more": 1},
    ],
    ids=json.dumps,
)
def test_what_is_no_record_of_a_clean_up_harms_nobody(
    cluster: Project, change: dict[str, object]
) -> None:
    """A record that nobody of ours wrote stops neither a run nor the command."""
    cluster.run()
    plant(record_of(cluster), change)
    listed = milepost(cluster, "ls")
    (cluster.folder / "licence").touch()
    passed = cluster.run()
    after = milepost(cluster, "ls")
    forgotten = milepost(cluster, "rm", "--all", "--forget")

    assert listed.returncode == after.returncode == 0, listed.stderr + after.stderr
    assert "Traceback" not in passed.text
    assert "\x1b" not in listed.stdout + passed.text
    assert passed.calls[-1] == "destroy c-1", passed.text
    assert forgotten.returncode == 0, forgotten.stderr
    assert left_over(cluster) == []


def damage(path: Path) -> None:
    """Change one letter in the first line of a file."""
    path.write_text(path.read_text().replace("destroy", "destroi", 1))


def test_a_damaged_line_is_told_and_loses_no_other(cluster: Project) -> None:
    """What cannot be read is said to stand until somebody forgets it."""
    cluster.edit(
        "test_cluster.py",
        '    phase("use"',
        '    phase.cleanup(destroy, create("c-2"))\n    phase("use"',
    )
    cluster.run()
    damage(record_of(cluster))
    listed = milepost(cluster, "ls")
    (cluster.folder / "licence").touch()
    cluster.edit("test_cluster.py", "phase.cleanup(destroy, name)", "pass")
    passed = cluster.run()
    after = milepost(cluster, "ls")
    forgotten = milepost(cluster, "rm", "--all", "--forget")

    assert "destroy('c-2')" in listed.stdout
    assert "damaged" in listed.stdout
    assert passed.calls[-1] == "destroy c-2"
    assert "damaged" in passed.text
    assert "damaged" in after.stdout
    assert forgotten.returncode == 0, forgotten.stderr
    assert left_over(cluster) == []


def test_a_torn_line_is_no_damage(cluster: Project) -> None:
    """What a killed write began was never promised; the next record is whole."""
    cluster.run()
    path = record_of(cluster)
    with path.open("a") as file:
        file.write('{"kind": "cleanup", "key": "ab')
    (cluster.folder / "licence").touch()
    passed = cluster.run()

    assert passed.passed
    assert passed.calls == ["use", "destroy c-1"], passed.text
    assert left_over(cluster) == []
