"""No answer of a model is bought twice, whatever SDK asks and however the answer comes.

A story is told once, for it takes long, and held against one promise after the other.
"""

from collections.abc import Iterable

import pytest

from tests.sdks.asking.asker import KEY
from tests.sdks.conftest import MakeStory
from tests.sdks.generation import GENERATIONS
from tests.sdks.server.question import Fault
from tests.sdks.told import Told, tell

FAULTS = {f"Fault: {fault}" for fault in Fault}


def configurations(prompts: Iterable[str]) -> set[str]:
    """Name the configurations that asked."""
    return {prompt.partition(":")[0] for prompt in prompts}


def check_that_every_configuration_asked_in_every_run(told: Told) -> None:
    """A story about a configuration that asked nothing would promise nothing."""
    names = set(told.story.generation.configurations)
    for run, result in enumerate(told.runs, 1):
        assert sum(result.outcomes().values()) >= len(names), result.text
        assert configurations(told.story.answers(run)) == names
    assert [set(run.outcomes()) - {"warning"} for run in told.runs] == [
        {"failed"},
        {"failed"},
        {"passed"},
    ], told.runs[-1].text


def check_that_no_configuration_bypasses_the_journal(told: Told) -> None:
    """Every whole answer that the model gave, by whatever way, lies in the journal."""
    missed = [
        one.prompt for one in told.answered(2) if one.identifier not in told.recorded[1]
    ]
    assert configurations(missed) == set(), missed


def check_that_no_answer_is_bought_twice(told: Told) -> None:
    """What was answered whole in one run is not asked for again in the next ones."""
    for one in told.answered(1):
        assert {counts[one.prompt] for counts in told.counts} == {one.number}, one.prompt
    assert told.counts[2] == told.counts[1]


def check_that_a_replayed_answer_is_the_one_that_was_bought(told: Told) -> None:
    """An SDK makes the same of an answer from the journal as of the one from the model."""
    whole = {one.prompt for one in told.answered(1)}
    first, second, third = (told.story.answers(run) for run in (1, 2, 3))
    assert {p: a for p, a in second.items() if p in whole} == {
        p: a for p, a in first.items() if p in whole
    }
    assert third == second


def check_that_an_answer_that_broke_is_bought_again(told: Told) -> None:
    """Cut, reset, refused, late or broken: never replayed, and whole the next time."""
    broken = told.counts[0].keys() - {one.prompt for one in told.answered(1)}
    assert {
        fault for fault in FAULTS if any(fault in prompt for prompt in broken)
    } == FAULTS
    answers = told.story.answers(2)
    assert [a for a in answers.values() if a.startswith("broke")] == []
    for one in told.answered(2):
        if one.prompt in broken:
            assert answers[one.prompt].endswith(one.identifier)


def check_that_no_key_is_written(told: Told) -> None:
    """The SDK's key is in no byte that was written or printed."""
    files = [path for path in told.story.folder.parent.rglob("*") if path.is_file()]
    written = {path for path in files if KEY.encode() in path.read_bytes()}
    assert written == set()
    assert all(KEY not in result.text for result in told.runs)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_no_configuration_pays_twice(generation: str, story: MakeStory) -> None:
    """Each SDK, in each of its shapes, buys an answer until it is whole and never again."""
    told = tell(story(generation))

    check_that_every_configuration_asked_in_every_run(told)
    check_that_no_configuration_bypasses_the_journal(told)
    check_that_no_answer_is_bought_twice(told)
    check_that_a_replayed_answer_is_the_one_that_was_bought(told)
    check_that_an_answer_that_broke_is_bought_again(told)
    check_that_no_key_is_written(told)
