"""Many at once: threads, tasks of asyncio and trio, and forked children."""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import trio

from milepost.errors import ForkedError, GoneError, RunClosedError, StoreError
from milepost.journal import open_segment
from tests.unit.journals import data, key, open_journal, read

NAME = "milepost-journal"


class Gate:
    """Stands before the real sync: counts it, and can hold it up or have it fail."""

    def __init__(self, monkeypatch):
        self._sync = open_segment._sync
        self.count = 0
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()
        self.errors = []
        monkeypatch.setattr(open_segment, "_sync", self)

    def __call__(self, handle):
        self.count += 1
        self.reached.set()
        assert self.open.wait(20)
        if self.errors:
            raise self.errors.pop()
        self._sync(handle)


@pytest.fixture
def gate(monkeypatch):
    """Give what stands before the sync."""
    return Gate(monkeypatch)


@pytest.fixture
def journal(tmp_path):
    """Give a journal that is closed after the test."""
    made = open_journal(tmp_path / "test_id.d")
    yield made
    made.close()


def our_threads():
    """Give the threads that journals have started."""
    return [one for one in threading.enumerate() if one.name == NAME]


def add(journal, number):
    """Add a step in this thread."""
    return journal.append("step", key(number), body={"data": number})


async def add_async(journal, number):
    """Add a step in this task."""
    return await journal.append_async("step", key(number), body={"data": number})


async def _in_trio(journal, numbers):
    async with trio.open_nursery() as nursery:
        for number in numbers:
            nursery.start_soon(add_async, journal, number)


async def _in_asyncio(journal, numbers):
    await asyncio.gather(*[add_async(journal, number) for number in numbers])


LOOPS = {
    "asyncio": lambda *given: asyncio.run(_in_asyncio(*given)),
    "trio": lambda *given: trio.run(_in_trio, *given),
}


def test_one_after_the_other_each_has_its_own_sync(journal, gate):
    """A record is durable when append() returns, and no thread is started for it."""
    for number in range(5):
        add(journal, number)
        assert gate.count == number + 1
    assert our_threads() == []


def test_a_record_that_need_not_last_has_no_sync(journal, gate):
    """It is written at once, and becomes durable with the next one that has to be."""
    journal.append("sent", key(1), sync=False)
    assert gate.count == 0
    add(journal, 2)
    assert gate.count == 1


def test_threads_that_wait_share_a_sync(journal, gate):
    """While one record is synced the others gather, and go to the disk together."""
    gate.open.clear()
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(add, journal, 0)
        assert gate.reached.wait(20)
        others = [pool.submit(add, journal, number) for number in range(1, 9)]
        while len(journal._commits._queue) < 9:
            threading.Event().wait(0.001)
        gate.open.set()
        records = [one.result(20) for one in [first, *others]]

    assert gate.count == 2
    assert len({one.id for one in records}) == 9
    assert sorted(data(read(journal.folder))) == list(range(9))


def test_many_threads_lose_nothing(journal):
    """Whoever's append() has returned finds the record, in this process and another."""

    def work(first):
        for number in range(first, first + 50):
            added = add(journal, number)
            assert journal.get(added.id) == added
            assert journal.find(key(number), "step") == [added]

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(0, 800, 50)))
    assert sorted(data(read(journal.folder))) == list(range(800))
    assert [one.id for one in read(journal.folder).records()] == [
        f"1-{number}" for number in range(1, 801)
    ]


@pytest.mark.parametrize("loop", LOOPS)
def test_tasks_that_run_at_once_share_a_sync(journal, gate, loop):
    """A wave of tasks is one write and one sync, under either loop."""
    LOOPS[loop](journal, range(32))
    assert gate.count == 1
    LOOPS[loop](journal, range(32, 64))
    assert gate.count == 2
    assert sorted(data(read(journal.folder))) == list(range(64))


@pytest.mark.parametrize("loop", LOOPS)
def test_a_task_finds_what_it_has_added(journal, loop):
    """append_async() returns the record that is found from then on."""

    async def story():
        added = await add_async(journal, 3)
        assert journal.find(key(3), "step") == [added]
        assert (await add_async(journal, 4)).id == "1-2"

    trio.run(story) if loop == "trio" else asyncio.run(story())


def test_a_loop_goes_on_while_a_record_is_synced(journal, gate):
    """A slow disk holds up who waits for it, and no other task."""

    async def story():
        gate.open.clear()
        adding = asyncio.create_task(add_async(journal, 1))
        assert await asyncio.to_thread(gate.reached.wait, 20)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not adding.done()
        gate.open.set()
        await asyncio.wait_for(adding, 20)

    asyncio.run(story())
    assert data(journal) == [1]


def test_a_cancelled_task_leaves_its_record(journal, gate):
    """What was bought is kept, although nobody waits for it any more."""

    async def story():
        gate.open.clear()
        adding = asyncio.create_task(add_async(journal, 1))
        assert await asyncio.to_thread(gate.reached.wait, 20)
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding
        gate.open.set()
        await add_async(journal, 2)

    asyncio.run(story())
    assert data(read(journal.folder)) == [1, 2]


def test_a_cancelled_task_of_trio_leaves_its_record(journal, gate):
    """It does so under trio as well."""

    async def story():
        gate.open.clear()
        with trio.move_on_after(0.2):
            await add_async(journal, 1)
        gate.open.set()
        await add_async(journal, 2)

    trio.run(story)
    assert data(read(journal.folder)) == [1, 2]


def test_threads_and_several_loops_at_once(journal):
    """Whoever writes, each gets its own record, in its own thread and loop."""

    def work(number):
        numbers = range(100 * number, 100 * number + 60)
        if number % 3 == 2:
            for one in numbers:
                add(journal, one)
        else:
            LOOPS[sorted(LOOPS)[number % 3]](journal, numbers)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    expected = [100 * number + one for number in range(6) for one in range(60)]
    assert sorted(data(read(journal.folder))) == expected
    assert len(our_threads()) == 1


@pytest.mark.parametrize("loop", LOOPS)
def test_no_task_is_forgotten_when_a_thread_writes_for_it(journal, monkeypatch, loop):
    """Whoever happens to write a task's record, the task goes on."""
    monkeypatch.setattr(open_segment, "_sync", lambda _handle: None)
    over = threading.Event()

    def write():
        while not over.is_set():
            journal.append("cost", sync=False)

    async def story():
        for number in range(500):
            await add_async(journal, number)

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write) for _ in range(2)]
        try:
            trio.run(story) if loop == "trio" else asyncio.run(story())
        finally:
            over.set()
        for one in writing:
            one.result(20)
    assert data(read(journal.folder)) == list(range(500))


def test_the_thread_comes_with_the_first_task_and_goes_with_the_journal(tmp_path):
    """No thread is there before it is needed, and none after close()."""
    journal = open_journal(tmp_path / "test_id.d")
    add(journal, 1)
    assert our_threads() == []
    LOOPS["asyncio"](journal, [2])
    (thread,) = our_threads()
    assert thread.daemon
    journal.close()
    assert our_threads() == []


def test_close_writes_what_waits(journal, gate):
    """What tasks have given is not lost when the journal is closed under them."""

    async def story():
        adding = [asyncio.create_task(add_async(journal, number)) for number in range(3)]
        await asyncio.sleep(0)
        journal.close()
        await asyncio.gather(*adding)
        with pytest.raises(RunClosedError):
            await add_async(journal, 9)

    asyncio.run(story())
    assert data(read(journal.folder)) == [0, 1, 2]
    assert our_threads() == []


def test_a_loop_that_has_ended_holds_up_nobody(journal):
    """A record whose loop ended before it was written is written with the next one."""

    async def begin():
        adding = asyncio.ensure_future(add_async(journal, 1))
        await asyncio.sleep(0)
        return adding

    loop = asyncio.new_event_loop()
    adding = loop.run_until_complete(begin())
    LOOPS["asyncio"](journal, [2])
    adding.cancel()
    loop.run_until_complete(asyncio.wait([adding]))
    loop.close()
    assert sorted(data(read(journal.folder))) == [1, 2]


@pytest.mark.parametrize("loop", LOOPS)
def test_every_task_is_told_why_nothing_was_written(tmp_path, loop):
    """A run that was taken over says so to each that waits."""

    def refuse():
        raise GoneError("test_id", "It was taken over.")

    journal = open_journal(tmp_path / "test_id.d", may_write=refuse)
    told = []

    async def expect(number):
        with pytest.raises(GoneError, match="taken over"):
            await add_async(journal, number)
        told.append(number)

    async def in_trio():
        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(expect, number)

    async def in_asyncio():
        await asyncio.gather(*map(expect, range(3)))

    trio.run(in_trio) if loop == "trio" else asyncio.run(in_asyncio())
    assert sorted(told) == [0, 1, 2]
    assert list(journal.folder.iterdir()) == []
    journal.close()


def test_after_a_sync_that_failed_the_segment_is_left(journal, gate):
    """A second sync of the same file would prove nothing: the record goes to a new one."""
    add(journal, 0)
    first = journal._segment.path
    size = first.stat().st_size
    gate.errors = [OSError(5, "Input/output error")]
    added = add(journal, 1)
    add(journal, 2)
    names = sorted(path.name for path in journal.folder.iterdir())

    assert len(names) == 2
    assert first.stat().st_size > size
    assert data(journal) == data(read(journal.folder)) == [0, 1, 2]
    assert journal.find(key(1), "step") == [added]
    assert read(journal.folder).broken == 0


def test_a_disk_that_fails_twice_is_said_and_may_recover(journal, gate):
    """The caller is told; later records are written, and nothing acknowledged is lost."""
    add(journal, 0)
    gate.errors = [OSError(5, "Input/output error"), OSError(5, "Input/output error")]
    with pytest.raises(StoreError, match="Input/output error"):
        add(journal, 1)
    add(journal, 2)
    assert set(data(read(journal.folder))) >= {0, 2}
    assert data(journal) == [0, 2]


def test_an_interruption_leaves_a_journal_that_goes_on(journal, gate):
    """Ctrl-C inside a write loses neither that record nor those after it."""
    add(journal, 0)
    gate.errors = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        add(journal, 1)
    add(journal, 2)
    assert data(journal) == data(read(journal.folder)) == [0, 1, 2]
    assert len(list(journal.folder.iterdir())) == 2


def test_an_interruption_of_the_one_who_writes_for_others(journal, gate):
    """When the thread that writes for tasks is interrupted, their records are written."""
    gate.open.clear()
    gate.errors = [KeyboardInterrupt()]
    adding = threading.Thread(target=LOOPS["asyncio"], args=(journal, [1, 2]))
    interrupted = []

    def lead():
        try:
            add(journal, 0)
        except KeyboardInterrupt:
            interrupted.append(0)

    leading = threading.Thread(target=lead)
    leading.start()
    assert gate.reached.wait(20)
    adding.start()
    while len(journal._commits._queue) < 3:
        threading.Event().wait(0.001)
    gate.open.set()
    for thread in (leading, adding):
        thread.join(20)
        assert not thread.is_alive()
    assert interrupted == [0]
    assert sorted(data(read(journal.folder))) == [0, 1, 2]


def in_a_child(work):
    """Fork, do something in the child, and tell whether it went well there."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it must not run on as pytest
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_writes_nothing(journal):
    """It is told so, and closing its copy takes nothing from its parent."""

    def work():
        with pytest.raises(ForkedError):
            add(journal, 7)
        with pytest.raises(ForkedError):
            asyncio.run(add_async(journal, 8))
        assert data(journal) == [1, 2]
        journal.close()

    LOOPS["asyncio"](journal, [1])
    add(journal, 2)
    assert in_a_child(work)
    LOOPS["asyncio"](journal, [3])
    add(journal, 4)
    assert data(read(journal.folder)) == [1, 2, 3, 4]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_no_thread_of_the_journal_runs_when_a_process_forks(journal):
    """A fork beside tasks that write deadlocks nothing, and Python has none to warn of."""

    async def story():
        for number in range(20):
            numbers = range(5 * number, 5 * number + 5)
            adding = asyncio.gather(*[add_async(journal, one) for one in numbers])
            await asyncio.sleep(0)
            assert in_a_child(lambda: None)
            await adding

    asyncio.run(story())
    assert sorted(data(read(journal.folder))) == list(range(100))
