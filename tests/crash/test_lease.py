"""The lease: exactly one run may write a checkpoint, and a dead one holds nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from milepost import clock
from milepost.errors import ForkedError, GoneError, HeldError
from milepost.stores import Lease, heartbeat, holder
from milepost.stores import lease as lease_module
from tests.crash.nursery import Nursery, barrier

HOLD = """
import sys
from pathlib import Path
from milepost.stores import heartbeat
from milepost.stores.lease import Lease
heartbeat.BEAT_SECONDS = 0.05
Lease.take(Path(sys.argv[1]), "t", "elsewhere")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a checkpoint."""
    return tmp_path / "t.d"


def rewrite(lease: Path, **changed: object) -> None:
    """Change what a lease file says."""
    lease.write_text(json.dumps(json.loads(lease.read_text()) | changed))


def race(folder: Path, barrier: Any, name: str) -> None:
    """Try to take the lease with others at once, and die with it."""
    barrier.wait()
    try:
        told = f"took {Lease.take(folder, 't', name).fence}"
    except HeldError:
        told = "refused"
    folder.with_name(name).write_text(told)
    barrier.wait()
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("number", [3, 8])
def test_one_of_many_takes_the_lease(folder: Path, nursery: Nursery, number: int) -> None:
    """Of runs that race for the lease of a dead one exactly one gets it, each time."""
    names = [f"racer-{each}" for each in range(number)]
    for turn in range(1, 6):
        start = barrier(number)
        lives = [nursery.call(race, folder, start, name) for name in names]
        assert [life.result().code for life in lives] == [-signal.SIGKILL] * number
        told = sorted(folder.with_name(name).read_text() for name in names)
        assert told == ["refused"] * (number - 1) + [f"took {turn}"]


def hold_and_die(folder: Path) -> None:
    """Take the lease and die with it."""
    Lease.take(folder, "t", "dead")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def dead(folder: Path, nursery: Nursery) -> Path:
    """Give the lease of a process that was killed."""
    assert nursery.call(hold_and_die, folder).result().code == -signal.SIGKILL
    return folder / "lease-1"


def test_a_dead_holder_is_replaced_at_once(
    dead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody watches a dead process of this machine: its lease is taken at once."""
    monkeypatch.setattr(lease_module, "_is_silent", None)
    taken = Lease.take(dead.parent, "t", "next")

    assert taken.fence == 2
    assert [path.name for path in dead.parent.iterdir()] == ["lease-2"]
    taken.release()


def test_a_reused_process_id_is_not_the_holder(dead: Path) -> None:
    """A living process with the holder's id and another start time is another one."""
    rewrite(dead, pid=os.getppid())
    assert holder.started(os.getppid()) is not None

    Lease.take(dead.parent, "t", "next").release()


def test_a_zombie_is_dead(folder: Path) -> None:
    """A holder that was killed and not collected by its parent holds nothing."""
    held = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with held:
        assert held.stdout
        assert held.stdout.readline() == "held\n"
        with pytest.raises(HeldError, match=f"process {held.pid} on"):
            Lease.take(folder, "t", "next")
        held.kill()

        Lease.take(folder, "t", "next", wait=10).release()
    assert held.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "elsewhere", [{"host": "another"}, {"boot": "another"}, {"pid_namespace": "pid:[1]"}]
)
def test_a_silent_holder_elsewhere_is_replaced(
    dead: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: dict[str, str]
) -> None:
    """The lease that a CI cache brought along from a dead runner is watched, then taken."""
    rewrite(dead, **elsewhere, pid=os.getpid())
    waited: list[float] = []
    monkeypatch.setattr(lease_module, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(clock, "sleep", waited.append)

    taken = Lease.take(dead.parent, "t", "next")

    assert taken.fence == 2
    assert waited
    taken.release()


@pytest.mark.parametrize("wall", ["--uts", "--pid"])
def test_a_living_holder_elsewhere_blocks(
    folder: Path, monkeypatch: pytest.MonkeyPatch, wall: str
) -> None:
    """A holder in another container or host is judged by its counter, not by its id."""
    if shutil.which("unshare") is None:
        pytest.skip("this machine has no namespaces")
    inside = ["unshare", wall, *(["--fork", "--mount-proc"] if wall == "--pid" else [])]
    if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make namespaces")
    rename = "hostname another; " if wall == "--uts" else ""
    command = [*inside, "sh", "-c", f'{rename}"$0" -c "$1" "$2" & echo $!; wait']
    held = subprocess.Popen(
        [*command, sys.executable, f"import signal\n{HOLD}signal.pause()", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    monkeypatch.setattr(lease_module, "SILENCE_SECONDS", 1.0)
    with held:
        assert held.stdout
        assert held.stdout.readline().strip().isdigit()
        assert held.stdout.readline() == "held\n"
        said = json.loads((folder / "lease-1").read_text())
        is_inside = said["pid_namespace"] != str(Path("/proc/self/ns/pid").readlink())
        assert (said["host"] == "another") == (wall == "--uts")
        assert is_inside == (wall == "--pid")
        with pytest.raises(HeldError, match="run elsewhere"):
            Lease.take(folder, "t", "next")
        os.killpg(held.pid, signal.SIGKILL)

        Lease.take(folder, "t", "next").release()


def test_an_unreadable_lease_is_watched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease file that is torn blocks for as long as a silent holder, and no longer."""
    folder.mkdir()
    (folder / "lease-7").write_text('{"host": "x')
    monkeypatch.setattr(lease_module, "SILENCE_SECONDS", 0.2)

    taken = Lease.take(folder, "t", "next")

    assert taken.fence == 8
    taken.release()


def test_the_fence_grows_beyond_the_document(folder: Path) -> None:
    """The lease's number is higher than the document's also where no lease is left."""
    taken = Lease.take(folder, "t", "next", above=lambda: 41)

    assert taken.fence == 42
    taken.release()
    assert not folder.exists()


def test_the_fence_grows_beyond_who_came_between(folder: Path) -> None:
    """A run that saved and ended while another one took the lease is noticed."""
    fences = iter([4, 5, 5, 5])
    taken = Lease.take(folder, "t", "next", above=lambda: next(fences))

    assert taken.fence == 6
    taken.release()


def test_managers_of_one_process_share_a_lease(folder: Path) -> None:
    """What two of one process hold is given back when both have released it."""
    first, second = Lease.take(folder, "t", "a"), Lease.take(folder, "t", "b")
    first.release()
    second.check("t")
    second.release()

    assert first is second
    assert not folder.exists()


def take_over(folder: Path, lose: Callable[[Path], object]) -> str:
    """Have a lease lost, and tell what its holder is told."""
    taken = Lease.take(folder, "t", "first")
    lose(folder)
    with pytest.raises(GoneError) as told:
        taken.check("t")
    taken.release()
    return told.value.why


def test_whoever_lost_the_lease_may_not_write(folder: Path) -> None:
    """A holder that was taken over, or whose folder was removed, is told so."""
    assert "removed" in take_over(folder, shutil.rmtree)

    def another(folder: Path) -> None:
        (folder / "lease-1").unlink()
        (folder / "lease-1").write_text("{}")

    assert "taken over" in take_over(folder, another)
    assert (folder / "lease-1").read_text() == "{}", "the other run's lease is untouched"


def fork_with_a_lease(folder: Path, told: Path) -> None:
    """Fork while holding the lease; the child tries to use and to give it back."""
    taken = Lease.take(folder, "t", "parent")
    pid = os.fork()
    if not pid:
        for use in (lambda: taken.check("t"), lambda: Lease.take(folder, "t", "child")):
            try:
                use()
            except (ForkedError, HeldError) as error:
                with told.open("a") as log:
                    log.write(f"{type(error).__name__}\n")
        taken.release()
        os._exit(0)
    os.waitpid(pid, 0)
    taken.check("t")
    with told.open("a") as log:
        log.write("still held\n")


def test_a_forked_child_does_not_have_the_lease(
    folder: Path, nursery: Nursery, tmp_path: Path
) -> None:
    """A forked child can neither write, nor take the lease, nor give it back."""
    told = tmp_path / "told"
    assert nursery.call(fork_with_a_lease, folder, told).result().code == 0
    assert told.read_text().split("\n") == ["ForkedError", "HeldError", "still held", ""]


def count_threads_at_forks(folder: Path, told: Path) -> None:
    """Note how many threads there are at the moment of a fork, and after it."""
    counted: list[int] = []
    os.register_at_fork(before=lambda: counted.append(threading.active_count()))
    # Hooks run in reverse order: one registered later would run before this one.
    for name in [name for name in sys.modules if name.startswith("milepost")]:
        del sys.modules[name]
    from milepost.stores.lease import Lease

    Lease.take(folder, "t", "parent")
    if not os.fork():
        os._exit(0)
    os.wait()
    counted.append(threading.active_count())
    told.write_text(str(counted))


def test_a_fork_meets_no_thread_of_ours(
    folder: Path, nursery: Nursery, tmp_path: Path
) -> None:
    """A phase that forks is not warned of a thread that it does not know."""
    told = tmp_path / "told"
    assert nursery.call(count_threads_at_forks, folder, told).result().code == 0
    assert told.read_text() == "[1, 2]"


def test_the_heartbeat_goes_on_for_a_lease_taken_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease that is taken right after another one was given back beats as well."""
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    for number in range(50):
        taken, beaten = Lease.take(folder, "t", str(number)), threading.Event()
        monkeypatch.setattr(taken, "beat", beaten.set)
        assert beaten.wait(10), f"lease {number} does not beat"
        taken.release()
