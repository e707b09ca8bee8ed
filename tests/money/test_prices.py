"""Prices: the kept list's own numbers, offline, and never a guess."""

import subprocess
import sys
from typing import Any

import genai_prices
import pytest

from milepost.money.prices import price_usd, worst_usd
from milepost.money.providers import provider_of
from milepost.money.usage import Usage, read_usage
from tests.money import answers as a
from tests.money.test_usage import WHOLE, read

SONNET = "claude-sonnet-4-5-20250929"


@pytest.mark.parametrize("form", WHOLE)
def test_a_call_costs_what_the_list_says(form: str) -> None:
    """The price of a real answer is the price list's own, to the last digit."""
    url, answer, provider, flavor = WHOLE[form]
    listed = genai_prices.data_snapshot.get_snapshot()
    expected = listed.extract_usage(answer, provider_id=provider, api_flavor=flavor)
    assert price_usd(read(url, answer)) == float(expected.calc_price().total_price)


def test_cached_input_costs_less() -> None:
    """What the provider read from its cache is not counted as fresh input."""
    fresh = Usage(provider="anthropic", model=SONNET, input_tokens=10_000)
    cached = Usage(
        provider="anthropic", model=SONNET, input_tokens=10_000, cache_read_tokens=9_000
    )
    assert price_usd(fresh) == pytest.approx(0.03)
    assert price_usd(cached) == pytest.approx(0.003 + 0.0027)


@pytest.mark.parametrize("model", ["", "smollm2", "nobody/knows-this"])
def test_an_unknown_model_has_no_price(model: str) -> None:
    """No price is None and not zero."""
    assert price_usd(Usage(model=model, input_tokens=10, output_tokens=3)) is None
    assert price_usd(Usage(provider="groq", model=model, input_tokens=1)) is None


def test_nothing_used_costs_nothing() -> None:
    """A call that used nothing is known to be free, whoever sold it."""
    assert price_usd(Usage(model="smollm2")) == 0.0


def test_a_stand_in_is_priced_by_the_form_of_its_answers() -> None:
    """A local address costs what the seller whose form it speaks would take."""
    found = read_usage("http://127.0.0.1:1/v1/messages", {}, a.MESSAGE)
    assert found is not None
    assert price_usd(found) == price_usd(read(a.MESSAGES_URL, a.MESSAGE))


PROGRAM = """
import builtins, socket, sys
{missing}
def refuse(*_):
    raise AssertionError("the network was asked")
socket.socket.connect = socket.getaddrinfo = refuse
from milepost.money.prices import has_prices, price_usd, worst_usd
from milepost.money.usage import Usage
assert not sys.modules.get("genai_prices")
usage = Usage(provider="openai", model="gpt-4.1", input_tokens=1000)
url, request = "https://api.openai.com/v1/responses", {{
    "model": "gpt-4.1", "input": "x", "max_output_tokens": 1}}
print(has_prices(), price_usd(usage), worst_usd(url, request))
"""


@pytest.mark.parametrize(
    ("missing", "answer"),
    [
        ("", "True 0.002 "),
        ("sys.modules['genai_prices'] = None", "False None None"),
        ("sys.modules['pydantic'] = None", "False None None"),
    ],
)
def test_the_list_is_loaded_late_and_offline(missing: str, answer: str) -> None:
    """It is loaded with the first price, asks no network, and may be missing."""
    program = PROGRAM.format(missing=missing)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(answer), done.stdout + done.stderr


REQUESTS: dict[str, tuple[str, dict[str, Any], int]] = {
    "messages": (a.MESSAGES_URL, {"model": SONNET, "max_tokens": 1000}, 1000),
    "chat": (a.CHAT_URL, {"model": "gpt-4.1", "max_tokens": 100, "n": 3}, 300),
    "chat, new": (a.CHAT_URL, {"model": "gpt-4.1", "max_completion_tokens": 70}, 70),
    "responses": (a.RESPONSES_URL, {"model": "gpt-4.1", "max_output_tokens": 60}, 60),
    "gemini": (
        a.GEMINI_URL,
        {"generationConfig": {"maxOutputTokens": 50, "candidateCount": 2}},
        100,
    ),
    "embeddings": (a.EMBEDDINGS_URL, {"model": "text-embedding-3-small"}, 0),
}
PROMPT = "Write the file that the plan calls app/main.py, complete and with its imports. "


@pytest.mark.parametrize("form", REQUESTS)
def test_the_worst_case_covers_any_answer(form: str) -> None:
    """It is no less than the price of all output allowed after the request's own text."""
    url, request, output = REQUESTS[form]
    request = request | {"input": PROMPT * 20}
    model = request.get("model", "gemini-2.5-flash")
    prompt_tokens = len(PROMPT.split()) * 20 * 4 // 3
    used = Usage(
        provider=provider_of(url),
        model=model,
        input_tokens=prompt_tokens,
        output_tokens=output,
    )
    exact, worst = price_usd(used), worst_usd(url, request)
    assert exact is not None
    assert worst is not None
    assert exact <= worst <= 3 * exact + 0.002


def test_caching_the_input_is_in_the_worst_case() -> None:
    """A request that asks for its input to be cached may cost what writing it costs."""
    block = {"type": "text", "text": PROMPT * 50}
    plain = {"model": SONNET, "max_tokens": 10, "system": [block]}
    cached = plain | {"system": [block | {"cache_control": {"type": "ephemeral"}}]}
    one, other = worst_usd(a.MESSAGES_URL, plain), worst_usd(a.MESSAGES_URL, cached)
    assert one is not None
    assert other is not None
    assert other > 1.9 * one


def test_a_picture_is_not_counted_by_its_bytes() -> None:
    """A large picture costs what models take for one, and not what its text would."""
    source = {"type": "base64", "media_type": "image/png", "data": "iVBOR" * 400_000}
    block = {"type": "image", "source": source}
    message = {"role": "user", "content": [block]}
    request = {"model": SONNET, "max_tokens": 10, "messages": [message]}
    worst = worst_usd(a.MESSAGES_URL, request)
    assert worst is not None
    assert 0.005 < worst < 0.05


ENDLESS: dict[str, dict[str, Any]] = {
    "no bound": {},
    "earlier turns": {"max_output_tokens": 5, "previous_response_id": "resp_1"},
    "a file": {"max_output_tokens": 5, "input": [{"type": "input_file", "file_id": "f"}]},
    "a search": {"max_output_tokens": 5, "tools": [{"type": "web_search_20250305"}]},
    "Gemini's search": {"max_output_tokens": 5, "tools": [{"googleSearch": {}}]},
    "a linked document": {
        "max_tokens": 5,
        "input": [{"type": "document", "source": {"type": "url", "url": "https://x"}}],
    },
    "an unknown model": {"max_output_tokens": 5, "model": "smollm2"},
}


@pytest.mark.parametrize("why", ENDLESS)
def test_what_has_no_bound_has_no_worst_case(why: str) -> None:
    """No worst case is made up for a call that may use what nobody can see."""
    request = {"model": "gpt-4.1"} | ENDLESS[why]
    assert worst_usd("http://127.0.0.1/v1/responses", request) is None


def test_tools_of_the_test_itself_are_part_of_the_request() -> None:
    """Declared functions leave the worst case as it is, whatever their fields' names."""
    schema = {"type": "object", "properties": {"file_id": {"type": "string"}}}
    tools = [
        {"type": "function", "function": {"name": "read", "parameters": schema}},
        {"name": "read", "input_schema": schema},
        {"functionDeclarations": [{"name": "read"}]},
    ]
    request = {"model": "gpt-4.1", "max_tokens": 5, "tools": tools}
    assert worst_usd(a.CHAT_URL, request) is not None


@pytest.mark.parametrize("request_", [None, "text", b"", [1], {"max_tokens": "many"}])
def test_a_request_of_another_form_has_no_worst_case(request_: Any) -> None:
    """Anything else than a JSON object with a bound is unknown."""
    assert worst_usd(a.CHAT_URL, request_) is None
