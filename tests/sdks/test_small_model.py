"""The whole way with a real model, that runs here and knows no network."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import Project
from tests.sdks.child_server import ChildServer, child_server

TOKENS = 6
TEST = """
    import json, os
    from pathlib import Path
    import anthropic, openai
    import pytest

    URL = os.environ["MODEL_URL"]
    SETTINGS = {"api_key": "k", "max_retries": 0, "timeout": 60}

    def by_anthropic(question):
        client = anthropic.Anthropic(base_url=URL, **SETTINGS)
        asked = [{"role": "user", "content": question}]
        answer = client.messages.create(model="smollm2", max_tokens=TOKENS, messages=asked)
        return answer.content[0].text

    def by_chat(question):
        client = openai.OpenAI(base_url=URL + "/v1", **SETTINGS)
        asked = [{"role": "user", "content": question}]
        chunks = client.chat.completions.create(
            model="smollm2", max_tokens=TOKENS, messages=asked, stream=True
        )
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

    def by_responses(question):
        client = openai.OpenAI(base_url=URL + "/v1", **SETTINGS)
        answer = client.responses.create(
            model="smollm2", max_output_tokens=TOKENS, input=question
        )
        return answer.output_text

    def draft():
        return [by_anthropic("Name a river."), by_chat("Name a lake.")]

    def review(drafts):
        asked = [f"Praise this: {text}" for text in drafts]
        return [by_anthropic(asked[0]), by_chat(asked[1]), by_responses("Say goodbye.")]

    @pytest.mark.milepost(record=True)
    def test_pipeline(phase):
        drafts = phase("draft", draft)
        reviews = phase("review", review, drafts)
        Path(os.environ["ANSWERS"]).write_text(json.dumps([drafts, reviews]))
""".replace("TOKENS", str(TOKENS))


@pytest.fixture
def model(tmp_path: Path) -> Iterator[ChildServer]:
    """Give the model, with a server of its own."""
    with child_server("small_model.py", tmp_path / "model.log") as running:
        yield running


def tokens(model: ChildServer) -> int:
    """Tell how many tokens the model has made, by its own count."""
    found = re.search(
        r"^llamacpp:tokens_predicted_total (\d+)", model.ask("/metrics"), re.MULTILINE
    )
    assert found
    return int(found.group(1))


def test_a_killed_run_goes_on_without_a_second_purchase(
    project: Project, model: ChildServer
) -> None:
    """Two SDKs ask a real model; killed in the second phase, it pays only for the rest."""
    project.write("test_story.py", TEST)
    environment = {"MODEL_URL": model.url, "ANSWERS": "first.json"}

    project.run(kill_at="journal.synced:4", env=environment)
    bought = tokens(model)
    resumed = project.run(env=environment)

    assert resumed.passed, resumed.text
    everything = tokens(model)
    assert bought == 4 * TOKENS
    assert everything == 5 * TOKENS
    assert re.search("draft +restored", resumed.text)

    undisturbed = project.run(env=environment | {"ANSWERS": "second.json"})
    assert undisturbed.passed
    assert tokens(model) == 2 * everything
    files = [project.folder / f"{name}.json" for name in ("first", "second")]
    answers = [json.loads(file.read_text()) for file in files]
    assert answers[0] == answers[1]
