"""The first words of an answer: what people know it by."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from milepost.secret import redact

LENGTH: Final = 60
# Where the text of an answer lies, whoever gave it.
_TEXTS: Final = ("text", "content", "delta", "output_text", "thinking", "arguments")
_READ: Final = 4096


def first_words(body: Mapping[str, Any]) -> str:
    """Give the first words of what a step gave, or of what a call was answered.

    Args:
        body: The record's fields.

    Returns:
        At most 60 characters in one line, without secrets; empty for a blob.
    """
    if "blob" in body or body.get("value", {}).get("form") == "blob":
        return ""
    given = body["data"] if "data" in body else body.get("response")
    if "data" not in body:
        given = "".join(_spoken(given)) or given
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    line = " ".join(redact(text[:_READ]).split())
    return line if len(line) <= LENGTH else f"{line[: LENGTH - 1]}…"


def _spoken(response: Any) -> Iterator[str]:
    """Give the pieces of an answer's text, of a stream's as well."""
    if isinstance(response, str):
        for line in response.splitlines():
            with suppress(ValueError):
                yield from _texts(json.loads(line.removeprefix("data:")))
    else:
        yield from _texts(response)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, list):
        for each in data:
            yield from _texts(each)
    elif isinstance(data, dict):
        for name, each in data.items():
            if isinstance(each, str):
                yield from [each] if name in _TEXTS else []
            else:
                yield from _texts(each)
