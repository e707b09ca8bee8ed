"""A damaged journal: each record is judged by itself, and what is intact is used."""

import random
import shutil

import pytest

from milepost.errors import StoreError
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

NUMBER = 4


@pytest.fixture
def folder(tmp_path):
    """Give the folder of a checkpoint with a few records in one segment."""
    made = tmp_path / "test_id.d"
    fill(made, NUMBER)
    return made


def damage(folder, content):
    """Write other bytes in the place of the segment's, and read the journal."""
    segment(folder).write_bytes(content)
    return read(folder)


def places(content):
    """Give the byte at which each line begins, and that after the last."""
    ends = [n + 1 for n, byte in enumerate(content) if byte == ord("\n")]
    return [0, *ends]


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
def test_a_flipped_byte_costs_the_record_that_holds_it(folder, bit):
    """Whichever byte it is, all other records are used and nothing false is read."""
    content = segment(folder).read_bytes()
    begins = places(content)
    for at in range(len(content)):
        flipped = bytearray(content)
        flipped[at] ^= bit
        reader = damage(folder, bytes(flipped))
        hit = sum(at >= begin for begin in begins) - 1
        expected = [n for n in range(NUMBER) if n != hit]
        if content[at] == ord("\n"):  # the line's end is no part of the record
            expected = list(range(NUMBER))
        assert data(reader) == expected, at
        assert reader.broken + reader.torn >= 1, at


def test_a_cut_anywhere_leaves_all_before_it(folder):
    """A file that ends within a record has the records before it, and is torn."""
    content = segment(folder).read_bytes()
    begins = places(content)
    for at in range(len(content)):
        reader = damage(folder, content[:at])
        whole = sum(end - 1 <= at for end in begins[1:])
        assert data(reader) == list(range(whole)), at
        assert reader.broken == 0, at
        assert reader.torn == (at not in begins and at + 1 not in begins), at


def test_a_hole_anywhere_leaves_all_around_it(folder):
    """Bytes that are missing in the middle cost only the records that had them."""
    content = segment(folder).read_bytes()
    begins = places(content)
    for length in (1, 7, len(content) // NUMBER):
        for at in range(len(content) - length):
            reader = damage(folder, content[:at] + content[at + length :])
            untouched = [
                n
                for n in range(NUMBER)
                if begins[n + 1] - 1 <= at or begins[n] >= at + length
            ]
            assert set(untouched) <= set(data(reader)) <= set(range(NUMBER))


def test_a_torn_record_with_others_glued_to_it(folder):
    """What was added behind a torn record is used."""
    content = segment(folder).read_bytes()
    second = places(content)[1]
    for at in range(1, second):
        reader = damage(folder, content[:at] + content[second:])
        assert data(reader) == ([0, 1, 2, 3] if at == second - 1 else [1, 2, 3]), at
        assert (reader.broken, reader.torn) == (1, 0)


def test_records_that_are_glued_together_are_all_used(folder):
    """A lost end of a line costs nothing."""
    content = segment(folder).read_bytes()
    reader = damage(folder, content.replace(b"\n", b""))

    assert data(reader) == [0, 1, 2, 3]
    assert [one.body["data"] for one in reader.find(key(2), "step")] == [2]
    assert reader.get("1-4").body["data"] == 3
    assert (reader.broken, reader.torn) == (1, 0)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\n",
        b"\n\n",
        b"{}\n",
        b"null\n",
        b"\0" * 100,
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_rubbish_between_records_is_passed_over(folder, rubbish):
    """Nothing that is no record is taken for one, and the others are used."""
    content = segment(folder).read_bytes()
    second = places(content)[1]
    reader = damage(folder, content[:second] + rubbish + content[second:])
    assert set(data(reader)) >= {0, 2, 3}
    assert 1 not in set(data(reader)) or data(reader) == [0, 1, 2, 3]
    assert reader.broken >= 1


def test_zeros_at_the_end_are_a_torn_record(folder):
    """A machine that lost its power can leave zeros where the last record was to be."""
    reader = damage(folder, segment(folder).read_bytes() + b"\0" * 300)
    assert data(reader) == [0, 1, 2, 3]
    assert (reader.broken, reader.torn) == (0, 1)


def test_damage_in_one_segment_is_that_ones(folder):
    """Each segment is judged by itself, and each torn end is counted."""
    fill(folder, 2, fence=2)
    fill(folder, 2, fence=3)
    for fence in (1, 3):
        path = folder / f"journal-{fence}-{RUN}.jsonl"
        path.write_bytes(path.read_bytes()[:-5])
    reader = read(folder)

    assert data(reader) == [0, 1, 2, 0, 1, 0]
    assert (reader.broken, reader.torn) == (0, 2)


def test_damage_far_into_a_large_segment(tmp_path):
    """What lies before and behind damage is used, however much it is."""
    folder = tmp_path / "large.d"
    journal = open_journal(folder)
    for number in range(3000):
        journal.append("step", key(number), body={"data": number}, sync=False)
    journal.append("step", key(3000), body={"data": "x" * 700_000}, sync=False)
    journal.append("step", key(3001), body={"data": 3001})
    journal.close()
    content = bytearray(segment(folder).read_bytes())
    chosen = random.Random(7).sample(range(3000), 5)
    begins = places(content)
    for number in chosen:
        content[begins[number] + 200] ^= 1
    reader = damage(folder, bytes(content))

    assert reader.broken == 5
    assert [one.key for one in reader.records()] == [
        key(number) for number in range(3002) if number not in chosen
    ]
    assert reader.find(key(3000), "step")[0].body["data"] == "x" * 700_000


def test_a_record_that_is_no_longer_what_it_was(folder):
    """A file that changes after it was read gives no false record."""
    reader = read(folder)
    content = segment(folder).read_bytes()
    segment(folder).write_bytes(content.replace(b'"data":2', b'"data":7'))

    assert reader.find(key(2), "step") == []
    assert data(reader) == [0, 1, 3]
    assert reader.broken >= 1


def test_a_compressed_segment_that_is_cut(tmp_path):
    """Of a packed segment that is damaged, what comes before the damage is used."""
    folder = tmp_path / "packed.d"
    journal = open_journal(folder)
    noise = random.Random(1)
    for number in range(2000):
        body = {"data": number, "noise": noise.randbytes(300).hex()}
        journal.append("step", key(number), body=body, sync=False)
    journal.close()
    packed = compress(segment(folder))
    packed.write_bytes(packed.read_bytes()[:-200_000])
    reader = read(folder)

    assert 500 < len(data(reader)) < 2000
    assert data(reader) == list(range(len(data(reader))))
    assert (reader.broken, reader.torn) == (1, 0)


def test_a_file_that_only_claims_to_be_compressed(folder):
    """It is damage, and not an error."""
    path = segment(folder)
    shutil.copy(path, folder / "journal-2-other.jsonl.gz")
    reader = read(folder)
    assert data(reader) == [0, 1, 2, 3]
    assert reader.broken == 1


def test_what_is_no_segment_is_left_alone(folder):
    """Folders and other files beside the segments do not matter."""
    (folder / "journal-8-d.jsonl").mkdir()
    (folder / "journal-x-d.jsonl").write_text("x")
    (folder / "journal-1-a.txt").write_text("x")
    reader = read(folder)
    assert data(reader) == [0, 1, 2, 3]
    assert (reader.broken, reader.torn) == (0, 0)
    assert newest_generation(folder) == GENERATION


def test_a_segment_that_nobody_can_read_is_an_error(folder):
    """Not being able to look is never taken for nothing being there."""
    path = segment(folder)
    path.rename(folder / "elsewhere")
    path.symlink_to(path.name)
    reader = read(folder)
    assert data(reader) == []
    path.unlink()
    (folder / "elsewhere").rename(path)
    reader = read(folder)
    path.unlink()
    with pytest.raises(StoreError, match="read the journal"):
        reader.find(key(1), "step")
