"""How often the SDK that makes a call tries again by itself."""

import sys
from types import FrameType
from typing import Any, Final, TypeGuard

_SDKS: Final = frozenset({"openai", "anthropic", "google", "litellm", "mistralai", "groq"})
_DEPTH: Final = 80
_HOLDERS: Final = ("self", "cls", "client", "model", "input_options", "options")
_MOST: Final = 100


def sdk_retries() -> int:
    """Look for the retries that the SDK in the calling frames is set to.

    Returns:
        The most that is found in a local variable or an attribute ``max_retries``; 0
        where there is none.
    """
    found, frame = 0, sys._getframe(1)
    for _ in range(_DEPTH):
        if frame.f_globals.get("__name__", "").partition(".")[0] in _SDKS:
            found = max(found, _in_frame(frame))
        outer = frame.f_back
        if outer is None:
            break
        frame = outer
    return found


def _in_frame(frame: FrameType) -> int:
    here = frame.f_locals
    found = [here.get("max_retries"), here.get("num_retries")]
    for name in _HOLDERS:
        if name in here:
            found += _of(here[name])
    return max((each for each in found if _is_number(each)), default=0)


def _of(holder: Any) -> list[Any]:
    """Look at an object without running code of its own."""
    try:
        fields = object.__getattribute__(holder, "__dict__")
    except (AttributeError, TypeError):
        return []
    attempts = _attempts(fields.get("_retry")) + _attempts(fields.get("_async_retry"))
    return [fields.get("max_retries"), fields.get("num_retries"), *attempts]


def _attempts(retrying: Any) -> list[int]:
    """Read google-genai's tenacity: so many attempts are one retry less."""
    stop = getattr(retrying, "stop", None)
    number = getattr(stop, "max_attempt_number", None)
    return [number - 1] if _is_number(number) else []


def _is_number(found: Any) -> TypeGuard[int]:
    return type(found) is int and 0 <= found <= _MOST
