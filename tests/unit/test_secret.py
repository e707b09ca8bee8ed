"""Secrets are found in values and hidden in texts."""

import base64
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.secret import entropy, find_secret, is_secret_name, redact, search

MADE = "q7Rk29zLx0Vw4TnB"  # 16 characters, 4 bits each
KEYS = {
    "anthropic": "sk-ant-api03-abcdefghijklmnopqrstuvwxyz",
    "openai": "sk-proj-Ab1Cd2Ef3Gh4Ij5Kl6Mn7",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "github": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github fine-grained": "github_pat_11ABCDEFG0abcdefghijklmn",
    "gitlab": "glpat-Ab1Cd2Ef3Gh4Ij5Kl6Mn",
    "slack": "xoxb-1234567890-abcdefghij",
    "google": "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "stripe": "sk_live_Ab1Cd2Ef3Gh4Ij5Kl6",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
    "bearer": "Bearer abc123def456ghi789jkl",
    "address": f"postgresql://admin:{MADE}@db.example.com/app",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_known_key_is_found_anywhere_in_a_text(key: str) -> None:
    """A key of a known format counts under any name and inside any text."""
    assert (
        find_secret({"notes": ["fine", f"use {key} for it"]}, environment={})
        == "$.notes[1]"
    )


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_known_key_is_hidden_in_a_text(key: str) -> None:
    """Nothing that the search calls a secret is left in what people are shown."""
    shown = redact(f"failed with {key!s} at 3", {})
    assert "***" in shown
    assert shown.startswith("failed with ")
    assert shown.endswith(" at 3")
    assert find_secret([shown], environment={}) is None


@pytest.mark.parametrize(
    "text",
    [
        "ANTHROPIC_API_KEY=sk-ant-xxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-ant-your-api-key-goes-here-please",
        "AKIAXXXXXXXXXXXXXXXX",
        "task-list-of-twenty-five-items-2024",
        "sk-circle-fade-dot-animation",
        "Bearer authentication is what the API uses",
        "Basic internationalization",
        "postgresql://postgres:postgres@localhost:5432/app",
        "https://example.com:8080/a/path@version",
        "eyJust a text. with. dots",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_a_placeholder_is_no_secret(text: str) -> None:
    """What stands in examples and prose does not cost a paid value its place."""
    assert find_secret({"text": text}, environment={}) is None


@pytest.mark.parametrize(
    "name",
    "authorization Authorization token access_token accessToken ACCESS-TOKEN password "
    "db.password DB_PASSWORD PGPASSWORD password2 api_key apiKey API-Key x-api-key apikey "
    "secret client_secret clientSecret AWS_SECRET_ACCESS_KEY private_key credentials "
    "Set-Cookie".split(),
)
def test_a_name_says_that_it_is_secret(name: str) -> None:
    """Names count in any casing and with any separator."""
    assert is_secret_name(name)
    assert find_secret({"a": [{name: MADE}]}, environment={}) == f"$.a[0].{name}"


@pytest.mark.parametrize(
    "name",
    "input_tokens output_tokens max_tokens token_count tokenizer next_page_token "
    "nextPageToken nextpagetoken secret_name password_hash_rounds key sort_key "
    "API_KEY_FILE author text".split(),
)
def test_other_names_are_not_secret(name: str) -> None:
    """Counters, cursors and files are no secrets."""
    assert not is_secret_name(name)
    assert find_secret({name: MADE}, environment={}) is None


@pytest.mark.parametrize(
    "value",
    [
        "string",
        MADE[:15],
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "a password of at least eight characters",
        12345678901234567890,
        None,
        True,
    ],
)
def test_a_named_field_counts_only_with_what_looks_random(value: object) -> None:
    """A domain model with a field `password` is no secret."""
    assert find_secret({"password": value}, environment={}) is None


def test_the_limits_are_those_of_the_rule() -> None:
    """16 characters and 3 bits a character count, one less does not."""
    exact = "abcdefgh" * 2
    assert entropy(exact) == pytest.approx(3.0)
    assert find_secret({"token": exact}, environment={}) == "$.token"
    assert find_secret({"token": exact[:-1]}, environment={}) is None
    assert find_secret({"token": "abcdefgg" * 2}, environment={}) is None


def test_a_header_counts_without_its_scheme() -> None:
    """`Basic ...` is one credential, though a space stands in it."""
    data = {"Authorization": f"Basic {MADE}", "headers": {"token": [MADE]}}
    assert find_secret(data, environment={}) == "$.Authorization"
    assert find_secret(data, environment={}, secret_ok=["$.Authorization"]) == (
        "$.headers.token[0]"
    )


def test_a_secret_of_the_environment_counts_anywhere() -> None:
    """The value of a variable whose name says so is a secret, also inside a text."""
    environment = {"DB_PASSWORD": MADE, "HOME": "/home/somebody/somewhere1"}
    data = {"home": "/home/somebody/somewhere1", "url": f"mysql://u:{MADE}@h"}
    found = search(data, environment=environment)
    assert found is not None
    assert found.path == "$.url"
    assert MADE not in found.kind
    assert find_secret({"a": f"x{MADE}x"}, environment=environment) == "$.a"
    assert find_secret({"a": f"x{MADE}x"}, environment={"DB_PASSWORD": "postgres"}) is None


def test_the_processs_own_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment given the process's own is taken, as it is now."""
    monkeypatch.setenv("SOME_SERVICE_TOKEN", MADE)
    assert find_secret(["x " + MADE]) == "$[0]"
    assert redact(f"sent {MADE}") == "sent ***"
    monkeypatch.delenv("SOME_SERVICE_TOKEN")
    assert find_secret(["x " + MADE]) is None


def test_the_name_of_a_file_is_no_secret() -> None:
    """A variable may name the file in which the credentials lie."""
    environment = {"GOOGLE_APPLICATION_CREDENTIALS": __file__}
    assert find_secret([__file__], environment=environment) is None


def test_a_key_may_be_the_secret() -> None:
    """A secret used as a key is found, and the path does not show it."""
    found = find_secret({"users": {KEYS["aws"]: 1}}, environment={})
    assert found == "$.users.***"


@pytest.mark.parametrize(
    ("path", "admitted"),
    [
        ("$.calls[1].headers.X-Api-Key", True),
        ("$.calls[*].headers.X-Api-Key", True),
        ("$.calls[*].*.*", True),
        ("$.calls[1].headers", True),
        ("$.calls", True),
        ("$", True),
        ("$.calls[*]", True),
        ("$.call", False),
        ("$.calls[1].head", False),
        ("$.calls[0].headers.X-Api-Key", False),
        ("$.*.headers", False),
        ("$.calls[1].headers.X-Api-Key.more", False),
        ("calls", False),
    ],
)
def test_a_path_admits_a_secret(path: str, admitted: bool) -> None:
    """An admitted path covers what lies beneath it, and nothing else."""
    data = {"calls": [{}, {"headers": {"X-Api-Key": MADE}}]}
    expected = None if admitted else "$.calls[1].headers.X-Api-Key"
    assert find_secret(data, secret_ok=[path], environment={}) == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://u:hunter2@h/db", "https://u:***@h/db"),
        ("GET /v1?api_key=abcd&n=1", "GET /v1?api_key=***&n=1"),
        (
            "https://h/v1?key=abcd&x-amz-signature=efgh",
            "https://h/v1?key=***&x-amz-signature=***",
        ),
        ("connect(password='hunter2', port=5)", "connect(password='***', port=5)"),
        ('{"password": "hunter2", "n": 1}', '{"password": "***", "n": 1}'),
        ("Authorization: Basic dXNlcjpw", "Authorization: Basic ***"),
        (f"Authorization: Bearer {KEYS['bearer'][7:]}", "Authorization: Bearer ***"),
        (f"token: {MADE}", "token: ***"),
        ("Unexpected token: expected a number", "Unexpected token: expected a number"),
        ("Client(api_key=None)", "Client(api_key=None)"),
        ("max_tokens=4096", "max_tokens=4096"),
        ("ConnectionResetError: [Errno 104]", "ConnectionResetError: [Errno 104]"),
    ],
)
def test_a_text_for_people_is_redacted(text: str, shown: str) -> None:
    """Passwords in addresses and assignments are hidden, prose stays."""
    assert redact(text, {}) == shown


TEXTS: dict[str, Callable[[], str]] = {
    "prefixes": lambda: "sk-" * 30_000,
    "assignments": lambda: "a=b" * 30_000,
    "addresses": lambda: "://a:" * 30_000,
    "quotes": lambda: "-----BEGIN " * 30_000,
    "words": lambda: "ab" * 100_000,
    "base64": lambda: base64.urlsafe_b64encode(bytes(range(256)) * 400).decode() + "://",
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("make", TEXTS.values(), ids=TEXTS)
def test_no_text_makes_the_search_slow(make: Callable[[], str]) -> None:
    """A text that almost matches is searched in linear time, else this never ends."""
    text = make()
    assert find_secret([text], environment={}) is None
    assert redact(text, {}) == text


@given(st.text(alphabet=string.printable, max_size=200))
def test_redacting_again_changes_nothing(text: str) -> None:
    """A text that was redacted once stays as it is."""
    once = redact(text, {})
    assert redact(once, {}) == once


@given(
    st.recursive(
        st.text(max_size=40) | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_is_found_can_be_admitted(data: object) -> None:
    """The search takes any JSON data, and `$` admits all of it."""
    assert find_secret(data, secret_ok=["$"], environment={}) is None
