"""Secrets in requests and answers: such a call is passed through, and not kept."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from milepost.secret import find_secret

# The pieces in which a stream brings a text; put together, they may hold a secret.
_PIECES: Final = frozenset(
    "text content partial_json arguments delta thinking reasoning_content".split()
)
# A long word there is a word: tokens of the answer with their probabilities.
_NEVER_SECRET: Final = (
    "$.response.choices[*].logprobs",
    "$.response[*].choices[*].logprobs",
)


def holds_secret(
    url: str, request: Any, response: Any = None, *, secret_ok: Collection[str] = ()
) -> str | None:
    """Find a secret in what a record would hold.

    Args:
        url: Where the request went.
        request: Its canonical body.
        response: The answer's JSON data; for a stream that of each event.
        secret_ok: Paths that may hold one, as in ``$.response.token``.

    Returns:
        Where it is, as in ``$.request.messages[0].content``, or None.
    """
    data = {"url": url, "request": request, "response": response}
    if isinstance(response, list):
        data["stream"] = "".join(_pieces(response))
    return find_secret(data, secret_ok=(*secret_ok, *_NEVER_SECRET))


def _pieces(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for name, item in data.items():
            if isinstance(item, str):
                if name in _PIECES:
                    yield item
            else:
                yield from _pieces(item)
    elif isinstance(data, list):
        for item in data:
            yield from _pieces(item)
