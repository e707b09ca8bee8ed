"""Libraries that stand in for the network: their answers are neither kept nor replaced.

They count their calls, and complain about an answer that nobody asked for.
"""

from typing import Any, Final

_LIBRARIES: Final = frozenset(
    ("respx", "pytest_httpx", "responses", "requests_mock", "aioresponses")
)
_SENDING: Final = ("handle_request", "handle_async_request", "send")


def is_mock(sender: Any) -> bool:
    """Tell whether a transport or adapter belongs to such a library, or was replaced.

    Args:
        sender: What sends requests.
    """
    if _library(type(sender)) in _LIBRARIES:
        return True
    found = [getattr(type(sender), name, None) for name in _SENDING]
    return any(_library(each) in _LIBRARIES for each in found)


def _library(thing: Any) -> str:
    return str(getattr(thing, "__module__", "") or "").partition(".")[0]
