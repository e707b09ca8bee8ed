"""Killed anywhere, and on a disk that is full, the journal has what it acknowledged."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost.errors import StoreError
from milepost.journal import Journal, newest_generation, read_journal
from tests.crash.disk import mounted

GENERATION = "0123456789abcdef"
KEY = "ab" * 32

# Each prints a number when its record is acknowledged.
PROGRAMS = {
    "one after the other": """
for number in range(first, first + 9):
    add(number)
""",
    "threads": """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    list(pool.map(add, range(first, first + 40)))
""",
    "asyncio": """
import asyncio
async def many():
    for start in range(first, first + 40, 10):
        await asyncio.gather(*map(add_async, range(start, start + 10)))
asyncio.run(many())
""",
    "trio": """
import trio
async def many():
    for start in range(first, first + 40, 10):
        async with trio.open_nursery() as nursery:
            for number in range(start, start + 10):
                nursery.start_soon(add_async, number)
trio.run(many)
""",
}
BEGIN = """
import os
import sys
from pathlib import Path
from milepost.journal import Journal

first, fence = int(sys.argv[2]), int(sys.argv[3])
journal = Journal(
    Path(sys.argv[1]), sys.argv[4], fence=fence, run=f"run{fence}", may_write=lambda: None
)

def tell(number):
    os.write(1, b"%d\\n" % number)

def add(number):
    journal.append("step", f"{number:064x}", body={"data": number})
    tell(number)

async def add_async(number):
    await journal.append_async("step", f"{number:064x}", body={"data": number})
    tell(number)
"""
END = "journal.close()\n"
POINTS = ("journal.created", "journal.torn", "journal.written", "journal.synced")
AT_ONCE = {"one after the other": 1, "threads": 4, "asyncio": 10, "trio": 10}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a checkpoint."""
    made = tmp_path / "test_id.d"
    made.mkdir()
    return made


def live(
    folder: Path, program: str, first: int, fence: int, kill_at: str = ""
) -> list[int]:
    """Run a program in a process, and give the numbers that it acknowledged."""
    text = BEGIN + PROGRAMS[program] + END
    done = run(text, folder, first, fence, MILEPOST_KILL_AT=kill_at)
    assert done.returncode == (-signal.SIGKILL if kill_at else 0), done.stderr
    return [int(line) for line in done.stdout.split()]


def run(
    text: str, folder: Path, first: int, fence: int, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", text, str(folder), str(first), str(fence), GENERATION],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def kept(folder: Path) -> list[int]:
    """Give the numbers in a journal, in its order."""
    return [one.body["data"] for one in read_journal(folder, GENERATION).records("step")]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    "point", [POINTS[0], *(f"{p}:{n}" for p in POINTS[1:] for n in (1, 3))]
)
def test_killed_at_any_point(folder: Path, program: str, point: str) -> None:
    """What was acknowledged is there, and the next life goes on beside what was torn."""
    acknowledged = live(folder, program, 0, 1, kill_at=point)
    found = kept(folder)
    reader = read_journal(folder, GENERATION)

    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found)
    assert len(found) - len(acknowledged) <= AT_ONCE[program]
    assert reader.broken == 0
    assert reader.torn <= point.startswith("journal.torn")
    later = live(folder, program, 100, 2)
    assert kept(folder) == found + [one for one in kept(folder) if one >= 100]
    assert set(later) == {one for one in kept(folder) if one >= 100}
    assert read_journal(folder, GENERATION).torn == reader.torn


def test_killed_within_a_record(folder: Path) -> None:
    """Half a record is never taken for one; it is counted as torn, and not as damage."""
    acknowledged = live(folder, "one after the other", 0, 1, kill_at="journal.torn:4")
    reader = read_journal(folder, GENERATION)

    assert acknowledged == kept(folder) == [0, 1, 2]
    assert (reader.broken, reader.torn) == (0, 1)
    assert newest_generation(folder) == GENERATION


def test_killed_again_and_again(folder: Path) -> None:
    """A dozen lives, each killed somewhere else, add up to one journal."""
    acknowledged: list[int] = []
    points = [f"{POINTS[1 + fence % 3]}:{1 + fence % 5}" for fence in range(1, 13)]
    for fence, point in enumerate(points, 1):
        acknowledged += live(folder, "one after the other", 100 * fence, fence, point)
    found = kept(folder)

    assert len(acknowledged) > 12
    assert [one for one in found if one in set(acknowledged)] == acknowledged
    assert len(found) - len(acknowledged) <= len(points)
    assert len(found) == len(set(found))


def test_what_else_lies_there_does_not_matter(folder: Path) -> None:
    """Damaged segments of other runs keep nobody from adding, dying and being read."""
    (folder / "journal-1-other.jsonl").write_bytes(b'{"checksum":"crc32:00000000","gen')
    (folder / "journal-9-other.jsonl").write_bytes(b"\0" * 5000 + b"\n{}\n")
    (folder / "journal-2-run2.jsonl").write_bytes(b"the name that the run would take\n")
    acknowledged = live(folder, "one after the other", 0, 2, kill_at="journal.written:5")

    assert acknowledged == [0, 1, 2, 3]
    assert kept(folder) == [0, 1, 2, 3, 4]
    assert read_journal(folder, GENERATION).broken == 3


DISTURBED = (
    BEGIN
    + """
import random
import signal
import threading
from milepost.journal import open_segment

class HandlerError(Exception):
    pass

def raise_error(*_):
    raise HandlerError

open_segment._sync = lambda handle: None  # that would be all that signals meet
begun, over, chance = threading.Event(), threading.Event(), random.Random(3)
added, number = [], 0

def disturb():
    begun.wait()
    while not over.wait(chance.uniform(0, 0.0004)):
        os.kill(os.getpid(), signal.SIGUSR1)

threading.Thread(target=disturb).start()
signal.signal(signal.SIGUSR1, raise_error)
begun.set()
while number < 3000:
    try:
        while number < 3000:
            number += 1
            added.append(journal.append("step", f"{number:064x}", body={"data": number}))
    except HandlerError:
        pass
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
over.set()
journal.append("step", "0" * 64, body={"data": 0})
for one in added:
    assert one in journal.find(one.key, "step"), one
    assert journal.get(one.id) == one
    tell(one.body["data"])
assert len(added) < number
assert len(list(journal.records())) >= len(added)
journal.close()
"""
)


def test_a_handler_that_raises_anywhere(folder: Path) -> None:
    """Wherever a signal hits, what was acknowledged is found, and the journal goes on."""
    done = run(DISTURBED, folder, 0, 1)
    assert done.returncode == 0, done.stderr
    acknowledged = {int(line) for line in done.stdout.split()}
    reader = read_journal(folder, GENERATION)
    ids = [one.id for one in reader.records()]

    assert len(acknowledged) > 1000
    assert acknowledged | {0} <= set(kept(folder))
    assert len(ids) == len(set(ids))
    assert reader.broken == 0


LIMITED = (
    BEGIN
    + """
import resource
from milepost.errors import StoreError

def limit(size):
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most if size is None else size, most))

def add_large(number):
    journal.append("step", f"{number:064x}", body={"data": number, "more": "x" * 3000})
    tell(number)

limit(2000)
for number in range(20):
    add(number)
for number in range(20, 23):
    try:
        add_large(number)
        print("it was not refused")
    except StoreError as error:
        assert "2000 of 3258 bytes" in str(error), error
limit(None)
for number in range(23, 30):
    add_large(number)
journal.close()
"""
)


def test_files_that_may_not_grow(folder: Path) -> None:
    """A segment that took half a record is left, and what was acknowledged is intact."""
    done = run(LIMITED, folder, 0, 1)
    assert done.returncode == 0, done.stderr
    acknowledged = [int(line) for line in done.stdout.split()]
    reader = read_journal(folder, GENERATION)

    assert acknowledged == [*range(20), *range(23, 30)]
    assert kept(folder) == acknowledged
    assert len(list(folder.iterdir())) > 3
    assert reader.broken == 0
    assert reader.torn > 3


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a small disk that something else has filled."""
    with mounted(tmp_path / "disk", "size=64k"):
        made = tmp_path / "disk" / "test_id.d"
        made.mkdir()
        yield made


def fill(folder: Path, leave: int) -> Path:
    """Fill the disk but for some bytes, and give the file that does."""
    filler = folder.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            file.truncate(max(0, file.tell() - leave))
    return filler


@pytest.mark.parametrize("leave", [0, 4096, 8192, 20480])
def test_a_full_disk_with_room_again(full: Path, leave: int) -> None:
    """What the disk refused is said, what was acknowledged is there, and it goes on."""
    journal = Journal(full, GENERATION, fence=1, run="a", may_write=lambda: None)
    acknowledged = []

    def add(number: int) -> None:
        journal.append("step", KEY, body={"data": number, "more": "x" * 700})
        acknowledged.append(number)

    add(0)
    filler = fill(full, leave)
    with pytest.raises(StoreError, match=r"No space left on device|the disk is full"):
        any(map(add, range(1, 100)))
    refused = len(acknowledged)
    assert set(kept(full)) >= set(acknowledged)
    filler.unlink()
    add(refused)
    add(refused + 1)
    journal.close()

    assert kept(full) == [one.body["data"] for one in journal.find(KEY, "step")]
    assert [one for one in kept(full) if one in acknowledged] == acknowledged
    assert read_journal(full, GENERATION).broken == 0
