"""Calls outside of phases, under trio, and what the journal cannot see."""

import pytest

from tests.sdks.conftest import MakeStory

BROKEN = {"BROKEN": "1"}


@pytest.mark.parametrize(
    ("generation", "names"),
    [
        ("newest", ["anthropic-helper", "gemini-async"]),
        ("httpx", ["openai2-responses", "openai2-chat-async"]),
    ],
)
def test_a_test_without_phases_counts_as_one(
    generation: str, names: list[str], story: MakeStory
) -> None:
    """A recorded test that names no phase gets its answers again all the same."""
    ours = story(generation)
    ours.ask("many", names, phase=False)

    first = ours.run(env=BROKEN)
    served = ours.stand_in.servings.counts()
    second = ours.run()

    assert first.outcomes() == {"failed": 2}
    assert set(served.values()) == {1}
    assert second.passed, second.text
    assert ours.stand_in.servings.counts() == served
    assert ours.answers(2) == ours.answers(1)


TRIO = """
    import os
    import anthropic, openai
    import pytest
    import trio

    URL = os.environ["STAND_IN_URL"]
    SETTINGS = {"api_key": "k", "max_retries": 0, "timeout": 30}

    @pytest.fixture
    def anyio_backend():
        return "trio"

    async def by_anthropic(client, number, answers):
        asked = [{"role": "user", "content": f"anthropic {number}"}]
        stream = await client.messages.create(
            model="claude-haiku-4-5", max_tokens=9, messages=asked, stream=True
        )
        answers[number] = [event.model_dump_json() async for event in stream]

    async def by_chat(client, number, answers):
        asked = [{"role": "user", "content": f"openai {number}"}]
        answer = await client.chat.completions.create(model="gpt-5-mini", messages=asked)
        answers[number] = answer.choices[0].message.content

    async def ask():
        answers = {}
        async with (
            anthropic.AsyncAnthropic(base_url=URL, **SETTINGS) as first,
            openai.AsyncOpenAI(base_url=URL + "/v1", **SETTINGS) as second,
            trio.open_nursery() as nursery,
        ):
            for number in range(0, 12, 2):
                nursery.start_soon(by_anthropic, first, number, answers)
                nursery.start_soon(by_chat, second, number + 1, answers)
        assert "BROKEN" not in os.environ
        return {"answers": [answers[number] for number in range(12)]}

    @pytest.mark.anyio
    @pytest.mark.milepost(record=True)
    async def test_pipeline(phase):
        await phase("ask", ask)

    @pytest.mark.anyio
    @pytest.mark.milepost(record=True)
    async def test_whole():
        await ask()
"""


def test_calls_under_trio_are_remembered(story: MakeStory) -> None:
    """What was asked under trio, many at once, is not asked again."""
    ours = story("newest")
    ours.plugins.append("anyio.pytest_plugin")
    ours.write("test_story.py", TRIO)

    first = ours.run(env=BROKEN)
    served = ours.stand_in.servings.counts()
    second = ours.run()

    assert first.outcomes() == {"failed": 2}, first.text
    assert sorted(served.values()) == [2] * 12
    assert second.passed, second.text
    assert ours.stand_in.servings.counts() == served


PAST = """
    import http.client, json, os
    from urllib.parse import urlsplit
    from urllib.request import Request, urlopen
    import pytest

    URL = os.environ["STAND_IN_URL"]
    BODY = json.dumps({
        "model": "gpt-5-mini", "messages": [{"role": "user", "content": "past milepost"}]
    })

    def by_urllib():
        request = Request(URL + "/v1/chat/completions", BODY.encode())
        with urlopen(request) as answer:
            return json.load(answer)["id"]

    def by_http_client():
        client = http.client.HTTPConnection(urlsplit(URL).netloc)
        client.request("POST", "/v1/chat/completions", BODY)
        answer = json.load(client.getresponse())["id"]
        client.close()
        return answer

    @pytest.mark.milepost(record=True)
    @pytest.mark.parametrize("ask", [by_urllib, by_http_client])
    def test_pipeline(ask, phase):
        assert phase("ask", ask)
"""


def test_who_asks_past_the_known_clients_is_named(story: MakeStory) -> None:
    """A model that is asked without a client that milepost knows is never so in silence."""
    ours = story("newest")
    ours.write("test_story.py", PAST)
    hosts = 'milepost_record_hosts = ["127.0.0.1"]'
    ours.write("pytest.toml", f'[pytest]\npythonpath = ["."]\n{hosts}\n')

    result = ours.run()

    assert result.outcomes() == {"passed": 2}, result.text
    assert len(ours.stand_in.servings.all("past milepost")) == 2
    place = ours.stand_in.url.removeprefix("http://")
    said = f"phase 'ask' contacted {place} outside the journal"
    assert result.text.count(said) == 2, result.text
