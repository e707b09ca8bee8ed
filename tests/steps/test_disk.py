"""A disk that refuses: nothing is bought that cannot be kept, and nothing is lost."""

import pytest

from tests.steps.story import Story

WORK = """
    import errno
    import os
    from pathlib import Path
    from milepost import step
    import milepost.journal.open_segment as writing
    from provider import buy

    class Full:
        def __getattr__(self, name):
            return getattr(os, name)

        def write(self, handle, content):
            if Path("full").exists():
                raise OSError(errno.ENOSPC, "No space left on device")
            return os.write(handle, content)

    writing.os = Full()

    def ask(request):
        return buy(request)

    def large(request):
        return buy(request) + "." * 100_000

    def work():
        found = []
        for name in "abcd":
            if name == Path("when").read_text():
                Path("full").touch()
            found.append(step("ask", ask, name)[:3])
            if name == Path("until").read_text():
                Path("full").unlink()
        assert not Path("broken").exists()
        return found
"""
TEST = """
    import work

    def test_it(phase):
        print("found", phase("work", work.work))
"""


@pytest.fixture
def full(story: Story) -> Story:
    """Give a project whose journal is on a disk that is full for a time."""
    story.write("work.py", WORK)
    story.write("test_it.py", TEST)
    story.write("broken", "")
    story.write("until", "")
    return story


def make_room(story: Story) -> None:
    """Have the disk take everything from now on, and the test pass."""
    for name in ("full", "broken"):
        (story.project.folder / name).unlink(missing_ok=True)
    story.write("when", "")
    story.write("until", "")


@pytest.mark.parametrize("when", ["a", "b", "c"])
def test_nothing_more_is_bought_while_the_disk_is_full(full: Story, when: str) -> None:
    """The answer that could not be written is handed on, and the next step does not run."""
    full.write("when", when)
    first = full.run()
    make_room(full)
    second = full.run("-s")

    assert first.calls == list("abcd"["abcd".index("a") : "abcd".index(when) + 1])
    assert "No space left on device" in first.text
    assert second.passed, second.text
    assert second.calls[0] == when, second.text


@pytest.mark.parametrize("when", ["a", "b"])
def test_what_was_refused_is_written_when_there_is_room(full: Story, when: str) -> None:
    """An answer that the disk refused is written as soon as it takes it."""
    full.write("when", when)
    full.write("until", when)
    first = full.run()
    make_room(full)
    second = full.run("-s")

    assert first.calls == list("abcd"), first.text
    assert second.calls == [], second.text
    assert "found ['a:1', 'b:1', 'c:1', 'd:1']" in second.text
