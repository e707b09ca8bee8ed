"""A run killed among 33 calls at once: what lies in the journal is never asked again."""

import pytest

from tests.sdks.conftest import MakeStory

TORTURE = pytest.mark.torture


@pytest.mark.parametrize(
    ("generation", "configuration", "kill_at"),
    [
        ("newest", "anthropic-async", "journal.synced:3"),
        pytest.param("newest", "openai-chat", "journal.synced:4", marks=TORTURE),
        ("newest", "gemini-async", "journal.torn:6"),
        pytest.param("httpx", "openai2-chat-async", "journal.written:6", marks=TORTURE),
        pytest.param("httpx", "litellm-anthropic-async", "journal.synced:2", marks=TORTURE),
    ],
)
def test_what_is_in_the_journal_is_never_asked_again(
    generation: str, configuration: str, kill_at: str, story: MakeStory
) -> None:
    """After SIGKILL only those calls are repeated whose records are not in the journal."""
    ours = story(generation)
    ours.ask("one_by_one", [configuration])

    ours.run(kill_at=kill_at)
    recorded = ours.recorded()
    second = ours.run()

    assert second.passed, second.text
    counts = ours.stand_in.servings.counts()
    kept = {
        one.prompt: one.identifier
        for one in ours.stand_in.servings.all()
        if one.identifier in recorded
    }
    assert kept or "synced" not in kill_at
    assert {counts[prompt] for prompt in kept} <= {1}
    assert {counts[prompt] for prompt in counts.keys() - kept.keys()} <= {1, 2}
    for prompt, answer in ours.answers(2).items():
        assert kept.get(prompt, "") in answer or "by tool" in prompt
