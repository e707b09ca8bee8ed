"""What real clients raise over real sockets, and whether it is transient."""

import asyncio
import shutil
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import aiohttp
import anthropic
import httpx
import openai
import pytest
import requests
import urllib3

from milepost.retry.library_errors import http_status
from milepost.retry.transient import is_transient
from tests.unit.flaky import failure
from tests.unit.loopback import RESET, answer, cut_short, event_stream, refusing, serving

MESSAGES = [{"role": "user", "content": "?"}]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def _aiohttp_get(url, **options):
    async def get():
        timeout = aiohttp.ClientTimeout(total=0.2)
        async with (
            aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
            session.get(url, **options) as response,
        ):
            return await response.read()

    return asyncio.run(get())


def _httpx_get(url):
    with httpx.Client(timeout=0.2) as client:
        return client.get(url).raise_for_status()


def _requests_get(url):
    with requests.Session() as session:
        response = session.get(url, timeout=0.2)
        response.raise_for_status()
        return response.json()


def _urllib_get(url):
    with urllib.request.urlopen(url, timeout=0.2) as response:
        return response.read()


def _urllib3_get(url):
    with urllib3.PoolManager(timeout=0.2, retries=1) as pool:
        return pool.request("GET", url).data


def _anthropic_ask(url, **options):
    with anthropic.Anthropic(
        api_key="test", base_url=url, max_retries=0, timeout=0.2
    ) as client:
        return client.messages.create(model="m", max_tokens=1, messages=MESSAGES, **options)


def _openai_ask(url, **options):
    with openai.OpenAI(api_key="test", base_url=url, max_retries=0, timeout=0.2) as client:
        return client.chat.completions.create(model="m", messages=MESSAGES, **options)


CLIENTS = {
    "aiohttp": _aiohttp_get,
    "anthropic": _anthropic_ask,
    "httpx": _httpx_get,
    "openai": _openai_ask,
    "requests": _requests_get,
    "urllib": _urllib_get,
    "urllib3": _urllib3_get,
}
each_client = pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)


@each_client
def test_a_real_reset_is_transient(ask):
    """A connection that is reset before the answer is retried, whatever the client."""
    with serving(RESET, RESET) as url:
        error = failure(ask, url)
    assert is_transient(error), repr(error)


@each_client
def test_a_real_refusal_is_transient(ask):
    """A server that does not listen yet is retried, whatever the client."""
    error = failure(ask, refusing())
    assert is_transient(error), repr(error)


@each_client
def test_a_real_timeout_is_transient(ask):
    """A server that accepts and never answers is retried, whatever the client."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(ask, f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert is_transient(error), repr(error)


@each_client
def test_a_really_truncated_body_is_transient(ask):
    """An answer that ends in its middle is retried, whatever the client."""
    with serving(cut_short(), cut_short()) as url:
        error = failure(ask, url)
    assert is_transient(error), repr(error)


@pytest.mark.parametrize(
    ("status", "passes"),
    [
        (400, False),
        (401, False),
        (404, False),
        (408, True),
        (409, True),
        (422, False),
        (425, True),
        (429, True),
        (500, True),
        (501, False),
        (503, True),
        (529, True),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [CLIENTS[name] for name in CLIENTS if name != "urllib3"],
    ids=[name for name in CLIENTS if name != "urllib3"],
)
def test_a_real_status_decides(ask, status, passes):
    """The status that a client's error carries is found, whatever the client."""
    with serving(answer(status)) as url:
        error = failure(ask, url)
    if isinstance(error, urllib.error.HTTPError):
        error.close()
    assert http_status(error) == status
    assert is_transient(error) == passes


@pytest.mark.parametrize("name", ["aiohttp", "requests", "urllib", "urllib3"])
def test_speaking_tls_to_a_server_that_does_not_is_a_mistake(name):
    """A wrong scheme stays wrong, where the client says what it met."""
    with serving(answer(400), answer(400)) as url:
        error = failure(CLIENTS[name], url.replace("http:", "https:"))
    assert "ssl" in repr(error).lower()
    assert not is_transient(error), repr(error)


@pytest.mark.parametrize(
    ("fn", "args"),
    [
        (_httpx_get, "ftp://example"),
        (_httpx_get, "http://[::1"),
        (_requests_get, "example.org/no-scheme"),
        (_requests_get, "ftp://example"),
        (_requests_get, "http://"),
        (_aiohttp_get, "http://"),
        (_aiohttp_get, "ftp://example"),
        (_urllib_get, "gopher://example"),
    ],
)
def test_a_wrong_address_is_not_transient(fn, args):
    """An address that no client understands stays wrong, OSError or not."""
    error = failure(fn, args)
    assert not is_transient(error), repr(error)


def test_a_request_that_breaks_the_protocol_is_not_transient():
    """What the client itself refuses to send, it refuses again."""
    with serving(answer(200)) as url, httpx.Client() as client:
        error = failure(client.get, url, headers={"no spaces here": "x"})
    assert isinstance(error, httpx.TransportError)
    assert not is_transient(error)


def test_an_answer_that_is_not_json_is_not_transient():
    """Every error of requests is an OSError; a broken body is not a broken network."""
    with serving(answer(200).replace(b"{}", b"<>")) as url:
        error = failure(_requests_get, url)
    assert isinstance(error, OSError)
    assert not is_transient(error)


def test_too_many_redirects_are_not_transient():
    """A server that sends a client in circles does so again."""
    there = [answer(302, headers={"location": "/"})] * 4
    with serving(*there) as url, requests.Session() as session:
        session.max_redirects = 2
        error = failure(session.get, url)
    assert not is_transient(error)


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory):
    """Make a certificate that nobody trusts, for 127.0.0.1."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [openssl, "req", "-x509", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@each_client
def test_a_certificate_that_is_not_trusted_is_not_transient(ask, self_signed):
    """A refused certificate is found beneath the error that the client raises."""
    with serving(answer(200), answer(200), tls=self_signed) as url:
        error = failure(ask, url)
    assert not is_transient(error), repr(error)


def test_a_certificate_that_is_another_is_not_transient(self_signed):
    """A pinned fingerprint that does not fit stays so."""
    pinned = aiohttp.Fingerprint(b"0" * 32)
    with serving(answer(200), tls=self_signed) as url:
        error = failure(_aiohttp_get, url, ssl=pinned)
    assert isinstance(error, aiohttp.ServerFingerprintMismatch)
    assert not is_transient(error)


@pytest.mark.parametrize(
    ("word", "passes"), [("overloaded_error", True), ("invalid_request_error", False)]
)
def test_an_error_inside_an_anthropic_stream_is_judged_by_its_word(word, passes):
    """A stream that began with status 200 says in an event what went wrong."""
    event = {"type": "error", "error": {"type": word, "message": "no"}}
    with serving(event_stream(("error", event))) as url:
        error = failure(lambda: list(_anthropic_ask_streaming(url)))
    assert isinstance(error, anthropic.APIStatusError)
    assert is_transient(error) == passes


def _anthropic_ask_streaming(url):
    with anthropic.Anthropic(api_key="test", base_url=url, max_retries=0) as client:
        yield from client.messages.create(
            model="m", max_tokens=1, messages=MESSAGES, stream=True
        )


@pytest.mark.parametrize(
    ("word", "passes"), [("server_error", True), ("insufficient_quota", False)]
)
def test_an_error_inside_an_openai_stream_is_judged_by_its_word(word, passes):
    """The same for openai, whose events have another form."""
    event = {"error": {"type": word, "code": word, "message": "no"}}
    with serving(event_stream(("error", event))) as url:
        error = failure(lambda: list(_openai_ask_streaming(url)))
    assert isinstance(error, openai.APIError)
    assert is_transient(error) == passes


def _openai_ask_streaming(url):
    with openai.OpenAI(api_key="test", base_url=url, max_retries=0) as client:
        yield from client.chat.completions.create(model="m", messages=MESSAGES, stream=True)


def test_errors_of_google_genai_carry_their_status_as_code():
    """google-genai's error has the number in ``code`` and a word in ``status``."""
    kind = type("ServerError", (Exception,), {"__module__": "google.genai.errors"})
    for code, passes in ((503, True), (400, False), (None, False)):
        error = kind("x")
        error.code, error.status, error.response = code, "UNAVAILABLE", None
        assert is_transient(error) == passes
