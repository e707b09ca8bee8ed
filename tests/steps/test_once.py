"""Steps that may run at most once, and the name of a step for its provider."""

import json

import pytest

from tests.steps.story import Story

WORK = """
    import os
    import signal
    from milepost import idempotency_key, step, step_map
    from provider import LOG, buy

    def order(request):
        answer = buy(request)
        with open(LOG.with_name("keys"), "a") as keys:
            keys.write(idempotency_key() + "\\n")
        if LOG.with_name("killed").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if LOG.with_name("failing").exists():
            raise ConnectionResetError("reset")
        return answer

    def work():
        once = step.with_options(at_most_once=True)
        found = [once("order", order, name) for name in ("x", "x")]
        assert not LOG.with_name("broken").exists()
        return found
"""
TEST = """
    import work

    def test_it(phase):
        print("found", phase("work", work.work))
"""


@pytest.fixture
def shop(story: Story) -> Story:
    """Give a project that orders the same twice, each at most once."""
    story.write("work.py", WORK)
    story.write("test_it.py", TEST)
    return story


def mark(story: Story, name: str, *, gone: bool = False) -> None:
    """Have the project do something from now on, or no longer."""
    path = story.project.folder / name
    path.unlink() if gone else path.touch()


def keys(story: Story) -> list[str]:
    """Give the idempotency keys of all calls so far."""
    return (story.project.folder / "keys").read_text().split()


def test_what_was_in_flight_is_not_repeated_before_it_is_resolved(shop: Story) -> None:
    """After a kill nobody asks again, until somebody says what has happened."""
    mark(shop, "killed")
    shop.run()
    mark(shop, "killed", gone=True)
    blocked = shop.run()
    told = shop.milepost("resolve", shop.test_id, "order", "--not-done")
    free = shop.run()

    assert blocked.calls == []
    assert "may run at most once, and is not run again" in blocked.text
    assert told.code == 0, told.text
    assert free.passed, free.text
    assert free.calls == ["x", "x"]


def test_our_own_retries_do_not_repeat_it(shop: Story) -> None:
    """A reset does not have the next attempt order again."""
    shop.configure()
    shop.edit("pytest.toml", "milepost_retry = 0", "milepost_retry = 2")
    mark(shop, "failing")
    first = shop.run()

    assert first.calls == ["x"], first.text
    assert "milepost resolve" in first.text


def test_what_somebody_says_it_gave_is_its_value(shop: Story) -> None:
    """--done stands for the answer that was lost, and only for one of two equal steps."""
    mark(shop, "killed")
    shop.run()
    mark(shop, "killed", gone=True)
    shop.milepost("resolve", shop.test_id, "order", "--done", json.dumps("told"))
    mark(shop, "broken")
    second = shop.run()
    mark(shop, "broken", gone=True)
    third = shop.run("-s")

    assert second.calls == ["x"], second.text
    assert third.passed, third.text
    assert third.calls == []
    assert "found ['told', 'x:2']" in third.text


def test_after_damage_it_is_asked_for_and_can_be_answered(shop: Story) -> None:
    """Where the journal cannot say whether it has run, somebody has to."""
    mark(shop, "broken")
    shop.run()
    (segment,) = shop.segments()
    lines = segment.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if b'"kind":"step"' not in line]
    damaged = kept[0][:-3] + b"!" + kept[0][-2:]
    segment.write_bytes(b"".join([damaged, *kept[2:]]))
    mark(shop, "broken", gone=True)
    blocked = shop.run()
    for _ in range(2):
        shop.milepost("resolve", shop.test_id, "order", "--not-done")
    free = shop.run()

    assert blocked.calls == [], blocked.text
    assert free.passed, free.text


def test_a_key_is_the_same_in_every_attempt_and_run(shop: Story) -> None:
    """What was in flight at a kill is asked for again by the same name."""
    shop.edit("work.py", "at_most_once=True", "")
    mark(shop, "killed")
    shop.run()
    shop.run()
    mark(shop, "killed", gone=True)
    mark(shop, "broken")
    shop.run()
    first, second, third, fourth = keys(shop)

    assert first == second == third
    assert fourth != first
    assert first.startswith("milepost-")


def test_a_key_is_not_that_of_a_finished_equal_step(shop: Story) -> None:
    """Of two equal steps at once, the one that is asked again has a name of its own."""
    shop.write(
        "work.py",
        """
        import os
        import signal
        import threading
        from milepost import idempotency_key, step_map
        from provider import LOG, buy

        SECOND = threading.Event()

        def order(request):
            answer = buy(request)
            with open(LOG.with_name("keys"), "a") as keys:
                keys.write(idempotency_key() + "\\n")
            if answer == "x:1":
                SECOND.wait(10)
                while LOG.with_name("calls.log").stat().st_size < 6:
                    pass
                os.kill(os.getpid(), signal.SIGKILL)
            if answer == "x:2":
                SECOND.set()
            return answer

        def third(request):
            return buy("third")

        def items(request):
            from milepost import step
            answer = step("order", order, "x")
            return step("third", third, request), answer

        def work():
            return step_map("m", items, ["a", "b"], concurrency=2)
        """,
    )
    shop.run()
    shop.run()
    first, second, again = keys(shop)

    assert again == first
    assert again != second


def test_what_cannot_be_known_again_does_not_begin(story: Story) -> None:
    """A step whose code cannot be recorded is refused before it has run at all."""
    story.write(
        "test_it.py",
        """
        from milepost import step
        from provider import buy

        made = {"buy": buy}
        exec("def order(request): return buy(request)", made)

        def work():
            return step.with_options(at_most_once=True)("order", made["order"], "x")

        def test_it(phase):
            phase("work", work)
        """,
    )
    result = story.run()

    assert result.outcomes() == {"failed": 1}, result.text
    assert "Its source cannot be read" in result.text
    assert not (story.project.folder / "calls.log").exists()


def test_a_key_is_asked_for_in_a_step(story: Story) -> None:
    """Outside of a step there is no such name."""
    story.write(
        "test_it.py",
        """
        import milepost
        def test_it():
            milepost.idempotency_key()
        """,
    )
    assert "was called outside a step" in story.run().text
