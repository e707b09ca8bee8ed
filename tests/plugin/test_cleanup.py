"""phase.cleanup: what has to be torn down is, when the checkpoint goes and not before."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.pipeline import left_over
from tests.project import Project

WORLD = """
import os
from pathlib import Path
from calling import note

HERE = Path(__file__).parent

def create(name="c-1"):
    note(f"create {name}")
    (HERE / name).touch()
    return name

def destroy(name, *, force=False):
    note(f"destroy {name}")
    (HERE / name).unlink()

async def destroy_later(name):
    import asyncio
    await asyncio.sleep(0)
    destroy(name)

def use(name):
    note("use")
    assert (HERE / name).exists(), "it is gone"
    assert (HERE / "licence").exists()
"""
TEST = """
from world import create, destroy, use

def test_cluster(phase):
    name = phase("create", create)
    phase.cleanup(destroy, name)
    phase("use", use, name)
"""
CLASS = """
import pytest
from world import create, destroy, use

@pytest.fixture(scope="class")
def cluster(class_phase):
    name = class_phase("create", create)
    class_phase.cleanup(destroy, name)
    return name

class TestCluster:
    def test_name(self, cluster):
        assert cluster == "c-1"

    def test_use(self, cluster):
        use(cluster)

    def test_licence(self):
        use("c-1")
"""


@pytest.fixture
def cluster(project: Project) -> Project:
    """Give a project whose test starts something that has to be stopped again."""
    project.write("world.py", WORLD)
    project.write("test_cluster.py", TEST)
    return project


def record_of(project: Project) -> Path:
    """Give the file in which clean-ups are written down."""
    (path,) = project.checkpoints.glob("*.d/cleanups.jsonl")
    return path


def id_of(project: Project) -> str:
    """Give the id of the one checkpoint."""
    (path,) = project.checkpoints.glob("checkpoint_*.json")
    return path.stem.removeprefix("checkpoint_")


def milepost(project: Project, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in the project's folder, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "milepost", *arguments],
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_stands_is_torn_down_when_the_test_passes(cluster: Project) -> None:
    """After a failure it stands; after the run that passes it is gone, once."""
    broken = cluster.run()
    assert broken.calls == ["create c-1", "use"]
    assert (cluster.folder / "c-1").exists()

    (cluster.folder / "licence").touch()
    passed = cluster.run()
    assert passed.passed, passed.text
    assert passed.calls == ["use", "destroy c-1"]
    assert left_over(cluster) == []


def test_the_last_one_is_torn_down_first(cluster: Project) -> None:
    """Clean-ups are called in the reverse order, those without a record among them."""
    cluster.edit(
        "test_cluster.py",
        '    phase("use"',
        '    phase.cleanup(lambda: destroy(create("c-2")))\n'
        '    phase.cleanup(destroy, create("c-3"), force=True)\n    phase("use"',
    )
    (cluster.folder / "licence").touch()
    passed = cluster.run()

    destroyed = [call for call in passed.calls if call.startswith("destroy")]
    assert destroyed == ["destroy c-3", "destroy c-2", "destroy c-1"], passed.text


def test_a_coroutine_function_is_awaited(cluster: Project) -> None:
    """A clean-up may be a coroutine function, in a plain test as in an async one."""
    cluster.edit("test_cluster.py", "create, destroy,", "create, destroy_later as destroy,")
    (cluster.folder / "licence").touch()
    passed = cluster.run()
    assert passed.calls[-1] == "destroy c-1"
    assert "never awaited" not in passed.text


def test_a_later_test_of_a_scope_passes_alone(cluster: Project) -> None:
    """The run that completes a class calls what an earlier run registered."""
    cluster.write("test_cluster.py", CLASS)
    cluster.run()
    (cluster.folder / "licence").touch()
    one = cluster.run("test_cluster.py::TestCluster::test_use")
    other = cluster.run("test_cluster.py::TestCluster", "-k", "licence or name")

    assert "destroy c-1" not in one.calls
    assert (
        "kept until these pass, too: test_cluster.py::TestCluster::test_licence" in one.text
    )
    assert other.calls == ["use", "destroy c-1"], other.text
    assert left_over(cluster) == []


def test_a_run_calls_what_it_has_not_registered_itself(cluster: Project) -> None:
    """A phase that made another thing leaves the first one to be cleaned up as well."""
    cluster.run()
    cluster.edit("world.py", 'create(name="c-1")', 'create(name="c-2")')
    (cluster.folder / "licence").touch()
    passed = cluster.run()

    assert passed.passed, passed.text
    assert passed.calls == ["create c-2", "use", "destroy c-2", "destroy c-1"]
    assert "clean-up destroy('c-1') was called for an earlier run" in passed.text


@pytest.mark.parametrize("mode", ["fresh", "require-fresh"])
def test_starting_over_tears_down_first(cluster: Project, mode: str) -> None:
    """What the old life left standing is gone before the new one makes its own."""
    cluster.run()
    (cluster.folder / "licence").touch()
    passed = cluster.run(f"--milepost={mode}")

    assert passed.calls == ["destroy c-1", "create c-1", "use", "destroy c-1"]
    assert passed.passed, passed.text
    assert left_over(cluster) == []


def test_one_that_fails_stands_and_is_told(cluster: Project) -> None:
    """The test stays green, the others are called, and `milepost ls` shows what stands."""
    cluster.edit(
        "test_cluster.py",
        '    phase("use"',
        '    phase.cleanup(destroy, "never-there")\n    phase("use"',
    )
    (cluster.folder / "licence").touch()
    passed = cluster.run()
    listed = milepost(cluster, "ls")
    again = cluster.run()

    assert passed.passed
    assert passed.calls[-2:] == ["destroy never-there", "destroy c-1"]
    assert "clean-up destroy('never-there') was not called, and still stands" in passed.text
    assert "FileNotFoundError" in passed.text
    assert passed.last_line.endswith("still to clean up: 1")
    assert "to clean up: destroy('never-there'), stands for" in listed.stdout
    assert again.calls[0] == "destroy never-there", again.text
    assert "create c-1" in again.calls
    assert "never-there" in milepost(cluster, "ls").stdout


@pytest.mark.parametrize(
    "end", ["pytest.fail('not now')", "pytest.skip('not now')", "raise SystemExit(3)"]
)
def test_one_that_ends_otherwise_has_failed(cluster: Project, end: str) -> None:
    """What is no Exception is a failure of the clean-up all the same, and stands."""
    cluster.edit("world.py", "(HERE / name).unlink()", end)
    cluster.edit("world.py", "import os", "import os\nimport pytest")
    (cluster.folder / "licence").touch()
    result = cluster.run()

    assert result.passed, result.text
    assert "clean-up destroy('c-1') was not called, and still stands" in result.text
    assert "to clean up: destroy('c-1')" in milepost(cluster, "ls").stdout


@pytest.mark.parametrize("how", ["lambda", "method", "live argument", "secret"])
def test_what_cannot_be_written_down_is_told_when_it_is_lost(
    cluster: Project, how: str
) -> None:
    """It is called by this process when the test passes; when it fails, the report says."""
    given = {
        "lambda": "lambda: destroy(name)",
        "method": "__import__('pathlib').Path(__file__).with_name(name).unlink",
        "live argument": "drop, open(__file__)",
        "secret": "drop, __import__('keys').LOGIN",
    }[how]
    cluster.edit("test_cluster.py", "destroy, name)", f"{given})")
    cluster.edit(
        "test_cluster.py", "\ndef test", "\ndef drop(_):\n    destroy('c-1')\n\ndef test"
    )
    cluster.write("keys.py", "LOGIN = {'password': 'qT7xWz93Lk2pVb5n'}\n")
    broken = cluster.run()
    (cluster.folder / "licence").touch()
    passed = cluster.run()

    assert "was not called, and is lost: only this process knew of it" in broken.text
    assert "Give a function at the top level of a module" in broken.text
    assert "qT7xWz93Lk2pVb5n" not in broken.text
    assert not (cluster.folder / "c-1").exists(), passed.text
    assert "was not made" not in passed.text


def test_switched_off_it_is_called_when_the_test_is_over(cluster: Project) -> None:
    """Without a checkpoint nothing will be resumed, so that nothing is left standing."""
    off = cluster.run("--milepost=off")
    assert off.outcomes() == {"failed": 1}
    assert off.calls == ["create c-1", "use", "destroy c-1"]


def test_a_removed_document_leaves_them_to_be_seen(cluster: Project) -> None:
    """After `rm checkpoint_*.json` the new life does not forget what the old one left."""
    cluster.run()
    next(cluster.checkpoints.glob("checkpoint_*.json")).unlink()
    (cluster.folder / "licence").touch()
    cluster.edit("world.py", 'create(name="c-1")', 'create(name="c-2")')
    cluster.run()
    listed = milepost(cluster, "ls")
    removed = milepost(cluster, "rm", "--all", "--yes")

    assert "an old life left this to clean up" in listed.stdout
    assert "destroy('c-1')" in listed.stdout
    assert removed.returncode == 0, removed.stderr
    assert cluster.all_calls()[-1] == "destroy c-1"
    assert left_over(cluster) == []


def test_the_original_interface_calls_nothing(cluster: Project) -> None:
    """Its cleanup_checkpoint removes the checkpoint and leaves the rest to be seen."""
    cluster.run()
    program = (
        "from milepost import CheckpointManager; m = CheckpointManager(); "
        "m.cleanup_checkpoint(m.list_checkpoints()[0].test_id)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=cluster.folder, check=True)

    assert not list(cluster.checkpoints.glob("checkpoint_*.json"))
    assert cluster.all_calls() == ["create c-1", "use"]
    assert "destroy('c-1')" in milepost(cluster, "ls").stdout


def test_rm_shows_and_asks(cluster: Project) -> None:
    """Without a terminal nothing is called and nothing removed; --yes calls it."""
    cluster.run()
    asked = milepost(cluster, "rm", id_of(cluster))
    assert asked.returncode == 1
    assert "destroy('c-1') of world.py, stands for" in asked.stdout
    assert "Say --yes to call it" in asked.stderr
    assert list(cluster.checkpoints.glob("checkpoint_*.json"))

    called = milepost(cluster, "rm", id_of(cluster), "--yes")
    assert called.returncode == 0, called.stderr
    assert cluster.all_calls()[-1] == "destroy c-1"
    assert left_over(cluster) == []


@pytest.mark.parametrize("answer", ["y", "n"])
def test_rm_takes_an_answer(cluster: Project, answer: str) -> None:
    """At a terminal a `y` calls what is named, and anything else leaves all as it was."""
    cluster.run()
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "milepost", "rm", id_of(cluster)],
        cwd=cluster.folder,
        env=cluster.environment(),
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(ours)
    os.close(theirs)

    assert done.returncode == (0 if answer == "y" else 1), done.stderr
    assert (cluster.folder / "c-1").exists() == (answer == "n")
    assert bool(list(cluster.checkpoints.glob("checkpoint_*.json"))) == (answer == "n")


def test_rm_of_all_begins_with_the_latest(project: Project) -> None:
    """What lies inside of another thing is torn down before it."""
    project.write(
        "test_net.py",
        """
        from pathlib import Path
        from calling import note

        def create(path):
            (Path(__file__).parent / path).mkdir()

        def remove(path):
            note(f"remove {path}")
            (Path(__file__).parent / path).rmdir()

        class TestDatabase:
            def test_database(self, module_phase, class_phase):
                module_phase("net", create, "net")
                module_phase.cleanup(remove, "net")
                class_phase("database", create, "net/database")
                class_phase.cleanup(remove, "net/database")
                assert 0
        """,
    )
    project.run()
    removed = milepost(project, "rm", "--all", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert project.all_calls() == ["remove net/database", "remove net"]
    assert left_over(project) == []


def test_rm_can_forget(cluster: Project) -> None:
    """Whoever has cleaned up by hand removes the checkpoint without a call."""
    cluster.run()
    forgotten = milepost(cluster, "rm", id_of(cluster), "--forget")
    assert forgotten.returncode == 0
    assert cluster.all_calls() == ["create c-1", "use"]
    assert left_over(cluster) == []


PLANTED: dict[str, dict[str, object]] = {
    "a function of Python": {"function": "os:system", "file": ""},
    "a function of Python, with a file": {"function": "os:system", "file": "world.py"},
    "another function of the project": {"function": "world:harm", "file": "world.py"},
    "other arguments": {"args": ["precious"]},
    "a file outside of the root": {"function": "outside:harm", "file": "../outside.py"},
    "a link to a file outside": {"function": "link:harm", "file": "link.py"},
    "another checkpoint's": {"test_id": "another_12345678"},
}


@pytest.mark.parametrize("change", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("how", ["passes", "fresh", "rm"])
def test_a_planted_one_is_never_called(
    cluster: Project, change: dict[str, object], how: str
) -> None:
    """Whatever stands in a file that came from elsewhere, a run calls nothing of it."""
    harm = '\ndef harm(*_):\n    note("harm")\n'
    cluster.write("world.py", WORLD + harm)
    (cluster.folder.parent / "outside.py").write_text("from calling import note" + harm)
    (cluster.folder / "link.py").symlink_to(cluster.folder.parent / "outside.py")
    (cluster.folder / "precious").touch()
    cluster.run()
    plant(record_of(cluster), change)
    (cluster.folder / "licence").touch()
    if how == "rm":
        milepost(cluster, "rm", id_of(cluster))
    else:
        told = cluster.run(*(["--milepost=fresh"] if how == "fresh" else []))
        assert "was not called, and still stands" in told.text

    assert "harm" not in cluster.all_calls()
    assert "destroy precious" not in cluster.all_calls()
    assert (cluster.folder / "precious").exists()


def plant(path: Path, change: dict[str, object]) -> None:
    """Add what somebody else might write, with a checksum that is right."""
    program = (
        "import json, sys; from milepost.stores.cleanups import checksum_of\n"
        "record = json.loads(sys.argv[1]); print(checksum_of(record))"
    )
    genuine = json.loads(path.read_text().splitlines()[0])
    record = genuine | change | {"key": "f" * 64}
    del record["checksum"]
    answer = subprocess.run(
        [sys.executable, "-c", program, json.dumps(record)],
        capture_output=True,
        text=True,
        check=True,
    )
    record["checksum"] = answer.stdout.strip()
    with path.open("a") as file:
        file.write(json.dumps(record) + "\n")


def test_rm_imports_only_from_the_projects_own_source(cluster: Project) -> None:
    """Even with --yes a name that leads anywhere else is shown, and left standing."""
    cluster.run()
    plant(record_of(cluster), PLANTED["a function of Python"])
    refused = milepost(cluster, "rm", id_of(cluster), "--yes")

    assert refused.returncode == 1
    assert "no function in a source file under the project's root" in refused.stderr
    assert cluster.all_calls()[-1] == "destroy c-1"
    assert list(cluster.checkpoints.glob("checkpoint_*.json"))
    assert "system('c-1')" in milepost(cluster, "ls").stdout


@pytest.mark.parametrize("shared", [True, False], ids=["one key", "two keys"])
def test_runners_that_share_a_key_trust_one_another(
    cluster: Project, *, shared: bool
) -> None:
    """Another machine calls what was registered on the first only with the same key."""
    cluster.write("test_cluster.py", CLASS)
    (cluster.folder / "licence").touch()
    cluster.edit("test_cluster.py", "use(cluster)", "assert 'GOOD' in os.environ")
    cluster.edit("test_cluster.py", "import pytest", "import os\nimport pytest")
    cluster.edit(
        "test_cluster.py",
        "self, cluster):\n        assert 'GOOD'",
        "self, class_phase):\n        assert 'GOOD'",
    )
    keys = ["the runners' key", "the runners' key" if shared else "another key"]
    homes = [str(cluster.folder.parent / name) for name in ("one", "two")]
    envs = [
        {"XDG_STATE_HOME": home, "MILEPOST_KEY": key}
        for home, key in zip(homes, keys, strict=True)
    ]
    cluster.run(env=envs[0])
    passed = cluster.run("-k", "use", env=envs[1] | {"GOOD": "1"})

    assert passed.passed or passed.outcomes().get("passed") == 1, passed.text
    assert ("destroy c-1" in passed.calls) == shared, passed.text
    assert ("still stands" in passed.text) != shared
    assert "runners' key" not in passed.text


def test_the_key_is_the_users_own(cluster: Project) -> None:
    """It lies in the user's folder, for nobody else to read, and in no checkpoint."""
    state = cluster.folder.parent / "state"
    cluster.run(env={"XDG_STATE_HOME": str(state)})
    key = state / "milepost" / "key"

    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_bytes()) == 32
    assert key.read_bytes().hex() not in record_of(cluster).read_text()
    assert [path.name for path in key.parent.iterdir()] == ["key"]
