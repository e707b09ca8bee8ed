"""Secrets: found in values, which are then not kept; replaced in texts for people.

Values are never altered. What counts: the formats of known keys anywhere in a text;
a text under a name such as ``password``, and the value of an environment variable of
such a name, where it looks made by a machine.
"""

import math
import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

MIN_LENGTH: Final = 16
MIN_ENTROPY: Final = 3.0  # bits a character
HIDDEN: Final = "***"

# A piece of text that every match holds -> the whole format, of bounded length. Looking
# for the pieces first, in all texts at once, is what makes the search fast.
_FORMATS: Final = {
    "sk-ant-": r"sk-ant-[\w-]{16,300}",
    "sk-": r"sk-(?!ant-)(?=[\w-]{0,60}\d)[\w-]{20,300}",
    "AKIA": r"AKIA[0-9A-Z]{16}(?![0-9A-Za-z])",
    "ASIA": r"ASIA[0-9A-Z]{16}(?![0-9A-Za-z])",
    "github_pat_": r"github_pat_\w{22,300}",
    **{f"gh{kind}_": rf"gh{kind}_[0-9A-Za-z]{{20,300}}" for kind in "pousr"},
    "glpat-": r"glpat-[\w-]{20,300}",
    "xox": r"xox[abeoprs]-[0-9A-Za-z-]{11,300}",
    "xapp-": r"xapp-[0-9A-Za-z-]{20,300}",
    "AIza": r"AIza[\w-]{30,100}",
    "ya29.": r"ya29\.[\w-]{20,2000}",
    "k_live_": r"[rs]k_live_[0-9A-Za-z]{16,300}",
    "k_test_": r"[rs]k_test_[0-9A-Za-z]{16,300}",
    "whsec_": r"whsec_[\w+/=]{20,300}",
    "hf_": r"hf_[0-9A-Za-z]{30,100}",
    "gsk_": r"gsk_[0-9A-Za-z]{30,100}",
    "npm_": r"npm_[0-9A-Za-z]{36}",
    "pypi-": r"pypi-[\w-]{50,300}",
    "SG.": r"SG\.[\w-]{16,100}\.[\w-]{16,100}",
    "-----BEGIN ": r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY",
    "eyJ": r"eyJ[\w-]{8,9000}\.[\w-]{8,9000}\.[\w-]{8,9000}",
    "earer ": r"[Bb]earer {1,4}(?=[\w.~+/=-]{0,100}\d)[\w.~+/=-]{16,9000}",
    "://": r"://[^\s/:@\"']{0,100}:(?P<secret>[^\s/@\"']{16,300})@",
}
_BEFORE: Final = {"k_live_": 1, "k_test_": 1, "earer ": 1}
_ENDINGS: Final = (
    "password passwords passwd passphrase pwd secret secrets token authorization "
    "credential credentials apikey apikeys secretkey accesskey privatekey"
).split()
_NAMES: Final = frozenset(("cookie", "bearer"))
_PAIRS: Final = frozenset(
    f"{first} key"
    for first in (
        "api access secret private account signing master encryption auth shared "
        "subscription"
    ).split()
) | {"api keys"}
# Where a list goes on, not who may read it.
_CURSORS: Final = tuple("next page continuation sync cursor start previous".split())
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SCHEME: Final = re.compile(r"(?:basic|bearer|token|apikey|digest)\s+", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s")


@dataclass(frozen=True)
class Secret:
    """A secret in a value.

    Attributes:
        path: Where, as in ``$.headers.Authorization``.
        kind: What made it count, without the secret itself.
    """

    path: str
    kind: str


def find_secret(
    data: object,
    *,
    secret_ok: Collection[str] = (),
    environment: Mapping[str, str] | None = None,
) -> str | None:
    """Find the first secret in plain JSON data.

    Args:
        data: The data.
        secret_ok: Paths that may hold one, with all beneath them; ``*`` stands for
            any one key or index.
        environment: The environment variables; the process's own where left out.

    Returns:
        Its path, as in ``$.headers.Authorization``, or None.
    """
    found = search(data, secret_ok=secret_ok, environment=environment)
    return found.path if found else None


def search(
    data: object,
    *,
    secret_ok: Collection[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Secret | None:
    """Find the first secret in plain JSON data, and say what made it count.

    Args:
        data: The data.
        secret_ok: As for ``find_secret``.
        environment: As for ``find_secret``.
    """
    finder = _Finder(data, secret_ok, _secret_values(environment))
    return finder.visit(data, "$", named=False)


def _admitting(path: str) -> re.Pattern[str]:
    pieces = (re.escape(piece) for piece in path.strip().split("*"))
    return re.compile(r"[^.\[\]]+".join(pieces) + r"(?=[.\[]|\Z)")


class _Finder:
    """Looks through data for those formats and values that occur in it at all."""

    def __init__(
        self, data: object, secret_ok: Collection[str], values: Mapping[str, str]
    ) -> None:
        texts: list[str] = []
        _collect(data, texts)
        everything = "\n".join(texts)
        self.values = {value: name for value, name in values.items() if value in everything}
        self.pieces = [piece for piece in _FORMATS if piece in everything]
        self.admitted = [_admitting(path) for path in secret_ok]

    def visit(self, data: Any, path: str, *, named: bool) -> Secret | None:
        """Give the first secret that is not admitted."""
        kind = type(data)
        if kind is str:
            return self._text(data, path, named=named) if len(data) >= MIN_LENGTH else None
        if kind is list:
            return self._list(data, path, named=named)
        return self._dict(data, path) if kind is dict else None

    def _list(self, data: list[Any], path: str, *, named: bool) -> Secret | None:
        for number, item in enumerate(data):
            if type(item) in _HOLDS_TEXT:
                found = self.visit(item, f"{path}[{number}]", named=named)
                if found:
                    return found
        return None

    def _dict(self, data: dict[str, Any], path: str) -> Secret | None:
        for key, item in data.items():
            found = None
            if len(key) >= MIN_LENGTH:
                found = self._text(key, f"{path}.{HIDDEN}", named=False)
            if found is None and type(item) in _HOLDS_TEXT:
                found = self.visit(item, f"{path}.{key}", named=is_secret_name(key))
            if found:
                return found
        return None

    def _text(self, text: str, path: str, *, named: bool) -> Secret | None:
        kind = self._kind(text, named=named)
        if kind is None or any(pattern.match(path) for pattern in self.admitted):
            return None
        return Secret(path, kind)

    def _kind(self, text: str, *, named: bool) -> str | None:
        for piece in self.pieces:
            if piece in text and next(_matches(piece, text), None):
                return "it has the format of a key"
        for value, name in self.values.items():
            if value in text:
                return f"it holds the value of the environment variable {name}"
        if named and looks_random(_SCHEME.sub("", text, count=1)):
            return "its name says that it is a secret"
        return None


_HOLDS_TEXT: Final = (str, dict, list)


def _collect(data: Any, texts: list[str]) -> None:
    kind = type(data)
    if kind is str:
        texts.append(data)
    elif kind is dict:
        texts.extend(data)
        for item in data.values():
            _collect(item, texts)
    elif kind is list:
        for item in data:
            _collect(item, texts)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether a field or variable of this name holds a secret, by its last words."""
    words = [word.lower() for word in _WORDS.findall(name[-100:])]
    last, before = words[-1] if words else "", words[-2] if len(words) > 1 else ""
    for ending in _ENDINGS:
        if last.endswith(ending):
            rest = last.removesuffix(ending) or before
            return not (ending == "token" and rest.endswith(_CURSORS))
    return last in _NAMES or f"{before} {last}" in _PAIRS


def looks_random(text: str) -> bool:
    """Tell whether a text looks made by a machine.

    It has 16 characters or more, no space, and 3 bits of entropy a character.
    """
    return (
        len(text) >= MIN_LENGTH and not _SPACE.search(text) and entropy(text) >= MIN_ENTROPY
    )


def entropy(text: str) -> float:
    """Give the Shannon entropy of a text, in bits a character."""
    counts = Counter(text).values()
    return sum(-n / len(text) * math.log2(n / len(text)) for n in counts)


def _secret_values(environment: Mapping[str, str] | None) -> dict[str, str]:
    """Give the secret values of the environment, each with its variable's name."""
    # Decoding all of it takes longer than a step: its data is compared instead.
    raw = getattr(os.environ, "_data", None)
    if raw is None or (environment is not None and environment is not os.environ):
        return _secrets_in(os.environ if environment is None else environment)
    global _known  # noqa: PLW0603 - the environment is the process's, and so is this
    if _known[0] != raw:
        _known = dict(raw), _secrets_in(os.environ)
    return _known[1]


_known: tuple[Mapping[Any, Any], dict[str, str]] = ({}, {})


def _secrets_in(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        value: name
        for name, value in environment.items()
        if is_secret_name(name) and looks_random(value) and not _is_file(value)
    }


def _is_file(value: str) -> bool:
    """Tell a file's name, as in GOOGLE_APPLICATION_CREDENTIALS."""
    with suppress(OSError, RuntimeError, ValueError):
        return value.startswith(("/", "~", ".")) and Path(value).expanduser().exists()
    return False


@lru_cache(maxsize=64)
def _format(piece: str) -> re.Pattern[str]:
    return re.compile(_FORMATS[piece])


def _matches(piece: str, text: str) -> Iterator[tuple[int, int]]:
    """Give where a format occurs in a text, placeholders such as sk-ant-xxxx left out."""
    at, before, pattern = text.find(piece), _BEFORE.get(piece, 0), _format(piece)
    while at >= 0:
        begin = max(0, at - before)
        glued = piece[0].isalnum() and begin > 0 and text[begin - 1].isalnum()
        match = None if glued else pattern.match(text, begin)
        if match and _is_real(piece, match):
            yield match.span(match.lastgroup or 0)
            at = text.find(piece, match.end())
        else:
            at = text.find(piece, at + len(piece))


def _is_real(piece: str, match: re.Match[str]) -> bool:
    if piece == "-----BEGIN ":
        return True
    if piece == "://":
        return looks_random(match.group("secret"))
    body = match.group().partition(piece)[2]
    return len(set(body)) > 5 and any(c.isdigit() or c.isupper() for c in body)


def redact(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Replace the secrets in a text that is shown to people.

    Also passwords in addresses and what stands after a name such as ``api_key=``.

    Args:
        text: An error, a log line or a report.
        environment: The environment variables; the process's own where left out.

    Returns:
        The text with ``***`` in the place of each secret.
    """
    for value in _secret_values(environment):
        text = text.replace(value, HIDDEN)
    text = _hide_named(_ADDRESS.sub(rf"\1{HIDDEN}@", text))
    for piece in _FORMATS:
        if piece in text:
            text = _hide_all(piece, text)
    return text


_ADDRESS: Final = re.compile(r"(\w://[^\s/:@\"']{0,100}:)[^\s/@\"']{1,300}@")
_NAMED: Final = re.compile(r"(?<![\w.-])([\w.-]{2,100})([\"']?\s?[=:]\s?)([\"']?)")
_VALUE: Final = re.compile(
    r"(?P<scheme>(?:Basic|Bearer|Token|Digest) +)?(?P<value>[^\s\"'&,;)}\]#]{4,})"
)
_QUERY_NAMES: Final = frozenset({"key", "sig", "signature", "x-amz-signature"})
_NOTHING: Final = frozenset({"None", "null", "True", "False", "true", "false", HIDDEN})


def _hide_named(text: str) -> str:
    """Hide what stands after a secret's name, as in ``password=`` or ``"token": "``."""
    pieces, done = [], 0
    for named in _NAMED.finditer(text):
        if named.end() < done or not _names_secret(named):
            continue
        value = _VALUE.match(text, named.end())
        if value and not _is_prose(named, value):
            pieces += [text[done : value.start("value")], HIDDEN]
            done = value.end()
    return "".join(pieces) + text[done:]


def _names_secret(named: re.Match[str]) -> bool:
    name, between, _ = named.groups()
    return is_secret_name(name) or (name.lower() in _QUERY_NAMES and "=" in between)


def _is_prose(named: re.Match[str], found: re.Match[str]) -> bool:
    """Tell words such as those of "Unexpected token: expected a number"."""
    _, between, quote = named.groups()
    scheme, value = found.groups()
    exact = "=" in between or quote or scheme or looks_random(value)
    return value in _NOTHING or not exact


def _hide_all(piece: str, text: str) -> str:
    if piece == "-----BEGIN ":
        return _KEY_BLOCK.sub(HIDDEN, text)
    for start, end in reversed(list(_matches(piece, text))):
        kept = text[start:end][: len("Bearer ")] if piece == "earer " else ""
        text = f"{text[:start]}{kept}{HIDDEN}{text[end:]}"
    return text


_KEY_BLOCK: Final = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY.*?(?:-----END[A-Z0-9 ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
