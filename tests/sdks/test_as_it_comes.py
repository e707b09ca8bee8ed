"""Streams pass as they come, and count as whole from their last event on."""

from tests.sdks.conftest import MakeStory

TERMINAL = """
    import os, signal
    import anthropic, openai
    from google import genai
    import pytest

    URL = os.environ["STAND_IN_URL"]
    SETTINGS = {"api_key": "k", "max_retries": 0, "timeout": 30}
    PROMPT = "Hold: 3\\nSay something by way of "

    def by_anthropic():
        client = anthropic.Anthropic(base_url=URL, **SETTINGS)
        asked = [{"role": "user", "content": PROMPT + "anthropic"}]
        stream = client.messages.create(
            model="claude-haiku-4-5", max_tokens=9, messages=asked, stream=True
        )
        for event in stream:
            if event.type == "message_stop":
                return stream

    def by_chat():
        client = openai.OpenAI(base_url=URL + "/v1", **SETTINGS)
        asked = [{"role": "user", "content": PROMPT + "openai"}]
        stream = client.chat.completions.create(
            model="gpt-5-mini", messages=asked, stream=True
        )
        return list(stream)

    def by_responses():
        client = openai.OpenAI(base_url=URL + "/v1", **SETTINGS)
        stream = client.responses.create(
            model="gpt-5-mini", input=PROMPT + "responses", stream=True
        )
        for event in stream:
            if event.type == "response.completed":
                return stream

    def by_gemini():
        client = genai.Client(api_key="k", http_options={"base_url": URL})
        stream = client.models.generate_content_stream(
            model="gemini-2.5-flash", contents=PROMPT + "gemini"
        )
        for chunk in stream:
            if chunk.candidates[0].finish_reason:
                return client, stream

    def ask():
        held = [by_anthropic(), by_responses(), by_gemini(), by_chat()]
        if "KILLED" in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)

    @pytest.mark.milepost(record=True)
    def test_pipeline(phase):
        phase("ask", ask)
"""


def test_a_stream_is_kept_when_its_last_event_has_come(story: MakeStory) -> None:
    """Whoever has seen the last event finds the answer kept, though nothing has ended."""
    ours = story("newest")
    ours.write("test_story.py", TERMINAL)

    killed = ours.run(env={"KILLED": "1"})
    served = ours.stand_in.servings.counts()
    second = ours.run()

    assert killed.code == -9, killed.text
    assert len(served) == 4
    assert second.passed, second.text
    assert ours.stand_in.servings.counts() == served


FIRST = """
    import asyncio, os
    from pathlib import Path
    import anthropic, openai
    from google import genai
    import pytest

    URL = os.environ["STAND_IN_URL"]
    SETTINGS = {"api_key": "k", "max_retries": 0, "timeout": 30}

    def prompt(name):
        return f"Say something.\\nWait for: {Path(name).resolve()}"

    def seen(name, event):
        Path(name).touch()
        return event

    def by_anthropic():
        client = anthropic.Anthropic(base_url=URL, **SETTINGS)
        asked = [{"role": "user", "content": prompt("anthropic")}]
        stream = client.messages.create(
            model="claude-haiku-4-5", max_tokens=9, messages=asked, stream=True
        )
        return [seen("anthropic", event).type for event in stream]

    async def by_chat():
        client = openai.AsyncOpenAI(base_url=URL + "/v1", **SETTINGS)
        asked = [{"role": "user", "content": prompt("openai")}]
        stream = await client.chat.completions.create(
            model="gpt-5-mini", messages=asked, stream=True
        )
        return [seen("openai", chunk).id async for chunk in stream]

    async def by_gemini():
        client = genai.Client(api_key="k", http_options={"base_url": URL})
        stream = await client.aio.models.generate_content_stream(
            model="gemini-2.5-flash", contents=prompt("gemini")
        )
        return [seen("gemini", chunk).response_id async for chunk in stream]

    async def ask():
        answers = [by_anthropic(), await by_chat(), await by_gemini()]
        assert "BROKEN" not in os.environ
        return answers

    @pytest.mark.asyncio
    @pytest.mark.milepost(record=True)
    async def test_pipeline(phase):
        await phase("ask", ask)
"""


def test_the_first_event_passes_before_the_last_is_there(story: MakeStory) -> None:
    """A model that goes on only when its first words were read is not waited for."""
    ours = story("newest")
    ours.write("test_story.py", FIRST)

    first = ours.run(env={"BROKEN": "1"})

    assert first.outcomes() == {"failed": 1}
    assert "AssertionError" in first.text
    assert [one.outcome for one in ours.stand_in.servings.all()] == ["answered"] * 3
    assert ours.run().passed
    assert len(ours.stand_in.servings.all()) == 3
