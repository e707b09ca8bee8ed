"""What makes two requests equal, and what is written of them."""

import gzip
import json
from typing import Any

import pytest

from milepost.recorder.endpoints import asks_model, may_ask
from milepost.recorder.request import Asked, abridged, clean_url, read_request

URL = "https://api.openai.com/v1/chat/completions"
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def asked(data: Any = BODY, url: str = URL, method: str = "POST", **more: Any) -> Asked:
    """Read a request with a JSON body."""
    return read_request(method, url, json.dumps(data).encode(), **more)


@pytest.mark.parametrize(
    "other",
    [
        asked(dict(reversed(BODY.items()))),
        asked(method="post"),
        asked(url=URL.replace("api.openai.com", "API.openai.com")),
        asked(url=URL.replace("https://", "https://user:word@")),
        asked(url=f"{URL}?key=AIzaSyExample&api_key=1&api-key=2&access_token=3&sig=4"),
        asked(url=f"{URL}#part"),
        asked(url=URL.replace(".com/", ".com:443/")),
        read_request(
            "POST", URL, gzip.compress(json.dumps(BODY).encode()), content_encoding="gzip"
        ),
        read_request("POST", URL, json.dumps(BODY, indent=3).encode()),
    ],
    ids=["order", "method", "host", "user", "secrets", "part", "port", "gzip", "spaces"],
)
def test_the_same_question_has_the_same_key(other: Asked) -> None:
    """Nothing that does not change the answer changes the key."""
    assert other == asked()


@pytest.mark.parametrize(
    "other",
    [
        asked(BODY | {"temperature": 0.5}),
        asked(url=URL.replace("chat/", "")),
        asked(url=f"{URL}?api-version=2"),
        asked(url=URL.replace("https", "http")),
        asked(method="PUT"),
        asked([BODY]),
        read_request("POST", URL, json.dumps(json.dumps(BODY)).encode()),
    ],
    ids=["body", "path", "query", "scheme", "method", "list", "text"],
)
def test_another_question_has_another_key(other: Asked) -> None:
    """Whatever may change the answer changes the key."""
    assert other.key != asked().key


def test_a_loopback_port_does_not_count() -> None:
    """The system under test has another port in every run."""
    hosts = ("127.0.0.1:4123", "localhost:99", "[::1]:8000", "127.0.0.1")
    urls = {clean_url(f"http://{host}/v1/messages") for host in hosts}
    assert urls == {"http://localhost/v1/messages"}
    assert clean_url("http://10.0.0.1:81/x") != clean_url("http://10.0.0.1:82/x")


def test_the_boundary_of_a_form_does_not_count() -> None:
    """A form is the same form with another random boundary, also around bytes."""
    for content in (b"text", b"\x89PNG\xff"):
        forms = {
            read_request(
                "POST",
                URL,
                b'--%b\r\nname="model"\r\n\r\n%b\r\n--%b--' % (mark, content, mark),
                content_type=f'multipart/form-data; boundary="{mark.decode()}"',
            ).key
            for mark in (b"a1b2", b"c3d4e5")
        }
        assert len(forms) == 1


def test_what_is_to_be_ignored_does_not_count() -> None:
    """A text that matches a pattern may change, and all around it may not."""
    ignore = (r"Now: \S+",)
    first = asked({"prompt": "Now: 09:41:12 go"}, ignore=ignore)
    assert first == asked({"prompt": "Now: 10:00:00 go"}, ignore=ignore)
    assert first.key != asked({"prompt": "Now: 10:00:00 stop"}, ignore=ignore).key


def test_long_texts_are_written_by_their_beginning() -> None:
    """A long text is in the record by its beginning and its hash, and in the key whole."""
    first, second = "a" * 9000 + "1", "a" * 9000 + "2"
    assert len(json.dumps(abridged({"x": [first]}))) < 1000
    assert abridged(first) != abridged(second)
    assert abridged({"x": "short", "n": 1}) == {"x": "short", "n": 1}


@pytest.mark.parametrize(
    ("url", "names_model", "is_one"),
    [
        ("https://api.openai.com/v1/chat/completions", False, True),
        ("http://127.0.0.1:9/v1/messages", False, True),
        ("https://x.test/v1beta/models/gemini-pro:generateContent", False, True),
        ("https://x.test/v1/models/g:streamGenerateContent?alt=sse", False, True),
        ("https://api.openai.com/v1/responses", True, True),
        ("https://x.openai.azure.com/openai/deployments/d/chat/completions", False, True),
        ("https://api.mistral.ai/v1/embeddings", True, True),
        ("http://127.0.0.1:9/responses", False, False),
        ("http://127.0.0.1:9/api/messages", False, False),
        ("http://127.0.0.1:9/orders", True, False),
        ("http://127.0.0.1:9/v1/responses/r1/cancel", True, False),
    ],
)
def test_models_are_told_from_other_services(
    url: str, names_model: bool, is_one: bool
) -> None:
    """A request to the system under test does not look like one to a model."""
    assert asks_model("post", url, names_model=names_model) is is_one
    assert not asks_model("GET", url, names_model=names_model)
    assert may_ask(url) or not is_one


@pytest.mark.parametrize(
    ("named", "is_there"),
    [
        ("llm.test", True),
        ("LLM.test", True),
        ("*.test", True),
        ("llm.test:8443", True),
        ("https://llm.test:8443/ask", True),
        ("https://llm.test:8443/other", False),
        ("http://llm.test:8443", False),
        ("llm.test:80", False),
        ("test", False),
        ("https://llm.test:8443/as", False),
    ],
)
def test_hosts_that_the_user_named_are_recorded(named: str, is_there: bool) -> None:
    """A host, a host with a port, a pattern or a base URL names what is below it."""
    url = "https://llm.test:8443/ask/me"
    assert asks_model("POST", url, names_model=False, more=(named,)) is is_there
    assert may_ask(url, (named,)) is is_there
