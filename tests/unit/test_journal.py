"""The journal: what was added is found, by key, by id and in order."""

import json
import stat
import zlib

import pytest

from milepost.errors import GoneError, RunClosedError
from milepost.journal import newest_generation
from tests.unit.journals import (
    GENERATION,
    RUN,
    compress,
    data,
    fill,
    key,
    open_journal,
    read,
    segment,
)


@pytest.fixture
def folder(tmp_path):
    """Give the folder of a checkpoint."""
    made = tmp_path / "test_id.d"
    made.mkdir()
    return made


def test_a_record_comes_back_as_it_was_added(folder):
    """Another process reads exactly what append() returned."""
    journal = open_journal(folder, fence=3)
    body = {"name": "write", "data": {"text": 'ä\u2028\n"\\', "n": [1, 2.5, None]}}
    added = journal.append(
        "step", key(1), path=("generate", "write#1f2e3d4c"), attempt=2, body=body
    )
    journal.close()
    (found,) = read(folder).find(key(1), "step")

    assert found == added
    assert (found.id, found.kind, found.key) == ("3-1", "step", key(1))
    assert (found.generation, found.run, found.fence) == (GENERATION, RUN, 3)
    assert (found.path, found.attempt) == (("generate", "write#1f2e3d4c"), 2)
    assert found.body == body
    assert found.at.endswith("Z")


def test_a_line_is_what_the_format_says(folder):
    """The fields stand in their order, and the checksum covers what follows it."""
    journal = open_journal(folder, fence=3)
    journal.append("call", key(7), body={"url": "https://x"})
    journal.close()
    line = segment(folder).read_bytes()
    prefix, _, covered = line.partition(b'",')

    assert line.endswith(b"\n")
    assert prefix == b'{"checksum":"crc32:%08x' % zlib.crc32(covered[:-1])
    assert list(json.loads(line)) == (
        "checksum generation kind key id fence run path attempt at url".split()
    )
    assert b'","kind":"call","key":"' in line
    assert b": " not in line


def test_a_reader_of_an_empty_folder_has_nothing(tmp_path):
    """A checkpoint without a journal, or without its folder, has no records."""
    reader = read(tmp_path / "missing.d")

    assert list(reader.records()) == []
    assert reader.find(key(1), "step") == []
    assert reader.get("1-1") is None
    assert not reader.has(key(1), "step")
    assert newest_generation(tmp_path / "missing.d") is None


def test_nothing_is_created_before_the_first_record(folder):
    """A run that adds nothing leaves nothing."""
    open_journal(folder).close()
    assert list(folder.iterdir()) == []


def test_a_segment_is_its_owners_alone(folder):
    """What was paid for may be secret: nobody else can read the file."""
    fill(folder, 1)
    assert segment(folder).name == f"journal-1-{RUN}.jsonl"
    assert stat.S_IMODE(segment(folder).stat().st_mode) == 0o600


def test_records_are_found_by_kind_and_key_oldest_first(folder):
    """Equal keys form a queue, in each kind its own, over runs and segments."""
    for fence, kind in ((2, "step"), (10, "step"), (10, "call"), (1, "step")):
        journal = open_journal(folder, fence=fence, run=f"{fence}{kind}")
        journal.append(kind, key(1), body={"data": fence})
        journal.append(kind, key(2))
        journal.close()
    reader = read(folder)

    assert [one.body["data"] for one in reader.find(key(1), "step")] == [1, 2, 10]
    assert [one.fence for one in reader.find(key(1), "call")] == [10]
    assert reader.has(key(2), "step")
    assert not reader.has(key(3), "step")
    assert not reader.has(key(1), "sent")
    assert [one.id for one in reader.records("call")] == ["10-3", "10-4"]
    assert [one.fence for one in reader.records()] == [1, 1, 2, 2, 10, 10, 10, 10]
    assert [one.kind for one in reader.records("step", "call")].count("step") == 6


def test_a_journal_finds_what_it_has_added(folder):
    """The run that adds a record can look for it at once, beside those before it."""
    fill(folder, 1)
    journal = open_journal(folder, fence=2)
    added = journal.append("step", key(0), body={"data": "again"})

    assert [one.body["data"] for one in journal.find(key(0), "step")] == [0, "again"]
    assert journal.get(added.id) == added
    assert data(journal) == [0, "again"]
    journal.close()
    assert data(journal) == [0, "again"]


def test_a_record_is_found_by_its_id(folder):
    """Each id leads to its record, whichever run made it; others lead to none."""
    ids = [*fill(folder, 3, fence=1, run="a"), *fill(folder, 3, fence=4, run="b")]
    reader = read(folder)

    assert ids == ["1-1", "1-2", "1-3", "4-1", "4-2", "4-3"]
    assert [reader.get(one).id for one in ids] == ids
    for other in ("1-4", "2-1", "4-0", "", "4", "4-", "x-1", "4-1-1"):
        assert reader.get(other) is None


def test_two_journals_of_one_lease_give_no_id_twice(folder):
    """Managers of one process share a lease, and each run has a journal of its own."""
    first, second = (open_journal(folder, run=run) for run in ("z", "b"))
    ids = [
        journal.append("step", key(n)).id for n in range(3) for journal in (first, second)
    ]
    for journal in (first, second):
        journal.close()
    third = open_journal(folder, run="z")
    ids.append(third.append("step", key(9)).id)
    third.close()
    reader = read(folder)

    assert len(set(ids)) == len(ids)
    assert {one.id for one in reader.records()} == set(ids)
    assert [reader.get(one).id for one in ids] == ids
    assert reader.broken == reader.torn == 0


def test_a_run_that_opens_its_journal_again_gets_a_new_segment(folder):
    """A segment that was closed is never added to."""
    fill(folder, 2)
    fill(folder, 2)
    names = sorted(path.name for path in folder.iterdir())

    assert names == [f"journal-1-{RUN}-2.jsonl", f"journal-1-{RUN}.jsonl"]
    assert [one.id for one in read(folder).records()] == ["1-1", "1-2", "1-3", "1-4"]


def test_segments_are_read_in_the_order_of_their_numbers(folder):
    """The tenth segment of a run comes after its second."""
    for _ in range(11):
        fill(folder, 1)
    ids = [one.id for one in read(folder).records()]
    assert ids == [f"1-{number}" for number in range(1, 12)]


def test_another_generation_is_not_read(folder):
    """What an earlier life of the checkpoint left is neither found nor damage."""
    fill(folder, 3, generation="older", fence=1)
    fill(folder, 2, fence=2)
    reader = read(folder)

    assert data(reader) == [0, 1]
    assert reader.broken == reader.torn == 0
    assert reader.get("1-1") is None
    assert data(read(folder, "older")) == [0, 1, 2]


def test_a_generation_that_looks_like_a_pattern_is_only_itself(folder):
    """A generation is compared as the text that it is."""
    fill(folder, 1, generation='."*\\', fence=1)
    assert data(read(folder, '."*\\')) == [0]
    assert data(read(folder, 'x"*\\')) == []
    assert newest_generation(folder) == '."*\\'


def test_the_newest_generation_is_that_of_the_highest_fence(folder):
    """The life that wrote last counts, as long as one record of it is intact."""
    fill(folder, 1, generation="first", fence=2)
    fill(folder, 1, generation="second", fence=10)
    assert newest_generation(folder) == "second"
    newest = folder / f"journal-10-{RUN}.jsonl"
    newest.write_bytes(newest.read_bytes().replace(b'"data":0', b'"data":1'))
    assert newest_generation(folder) == "first"


def test_dropped_records_are_found_no_more_and_stay_in_the_books(folder):
    """They are never restored again, but were paid for."""
    ids = fill(folder, 3)
    journal = open_journal(folder, fence=2)
    journal.append("step", key(0), body={"data": "new"})
    journal.append("dropped", body={"ids": ids[:2], "reason": "buy again"})
    for reader in (journal, read(folder)):
        assert [one.body["data"] for one in reader.find(key(0), "step")] == ["new"]
        assert not reader.has(key(1), "step")
        assert reader.has(key(2), "step")
        assert [reader.is_dropped(one) for one in ids] == [True, True, False]
        assert data(reader) == [0, 1, 2, "new"]
        assert reader.get(ids[0]).body["data"] == 0
    journal.close()


def test_a_compressed_segment_is_read_like_another(folder):
    """Segments that were closed may have been packed."""
    fill(folder, 300, fence=1)
    fill(folder, 3, fence=2)
    compress(folder / f"journal-1-{RUN}.jsonl")
    reader = read(folder)

    assert data(reader) == [*range(300), 0, 1, 2]
    assert [one.body["data"] for one in reader.find(key(299), "step")] == [299]
    assert newest_generation(folder) == GENERATION
    assert reader.broken == reader.torn == 0


def test_a_segment_counts_once_while_it_is_being_compressed(folder):
    """Where both files are there, as a kill can leave them, no record is doubled."""
    fill(folder, 3)
    path = segment(folder)
    content = path.read_bytes()
    compress(path)
    path.write_bytes(content)
    assert data(read(folder)) == [0, 1, 2]


def test_a_record_that_was_written_twice_counts_once(folder):
    """What a failed sync left is written again, under the same id."""
    fill(folder, 3)
    lines = segment(folder).read_bytes().splitlines(keepends=True)
    (folder / f"journal-1-{RUN}-2.jsonl").write_bytes(lines[2] + lines[1])
    reader = read(folder)

    assert data(reader) == [0, 1, 2]
    assert len(reader.find(key(1), "step")) == 1
    assert reader.broken == reader.torn == 0


@pytest.mark.parametrize(
    ("kind", "name", "body", "error"),
    [
        ("step", key(1), {"data": {1, 2}}, TypeError),
        ("step", key(1), {"data": float("nan")}, ValueError),
        ("step", key(1), {"at": "now"}, ValueError),
        ("a kind", key(1), {}, ValueError),
        ("step", 'a"b', {}, ValueError),
        ("step", "a\nb", {}, ValueError),
        ("step", "ä", {}, ValueError),
    ],
)
def test_what_no_record_can_hold_is_refused(folder, kind, name, body, error):
    """A record that could not be read back is not written, and the next one is."""
    journal = open_journal(folder)
    with pytest.raises(error):
        journal.append(kind, name, body=body)
    assert list(folder.iterdir()) == []
    journal.append("step", key(2))
    journal.close()
    assert [one.key for one in read(folder).records()] == [key(2)]


def test_a_closed_journal_takes_nothing(folder):
    """A step that ends after its test is told so."""
    journal = open_journal(folder)
    journal.append("step", key(1))
    journal.close()
    journal.close()
    with pytest.raises(RunClosedError):
        journal.append("step", key(2))


def test_a_run_that_may_not_write_creates_nothing(folder):
    """A run that was taken over brings no deleted checkpoint back."""

    def refuse():
        raise GoneError("test_id", "Its file was removed.")

    journal = open_journal(folder, may_write=refuse)
    for _ in range(2):
        with pytest.raises(GoneError, match="removed"):
            journal.append("step", key(1))
    assert list(folder.iterdir()) == []


def test_a_journal_does_not_bring_its_folder_back(folder):
    """When the whole folder was removed meanwhile, adding says so."""
    journal = open_journal(folder)
    folder.rmdir()
    with pytest.raises(Exception, match="No such file or directory"):
        journal.append("step", key(1))
    assert not folder.exists()


def test_what_is_not_durable_yet_is_there_for_other_processes(folder):
    """A record without a sync is in the file when append() returns."""
    journal = open_journal(folder)
    journal.append("sent", key(1), sync=False)
    assert [one.kind for one in read(folder).records()] == ["sent"]
    journal.close()


def test_large_values_are_not_held(folder):
    """What the index holds of a record does not depend on its size."""
    import tracemalloc

    journal = open_journal(folder)
    for number in range(64):
        journal.append("step", key(number), body={"data": "x" * 500_000}, sync=False)
    journal.close()
    tracemalloc.start()
    reader = read(folder)
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert reader.has(key(63), "step")
    assert held < 1_000_000
    assert most < 10_000_000
