"""The code that makes a step's value."""

from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

from milepost.canonical import digest_plain
from milepost.fingerprint import RULE, differences, fingerprint_of


class StepCode(NamedTuple):
    """The code parts of a step's function.

    Attributes:
        hash: One hash over all of them, 64 hex digits.
        parts: A short hash by name.
    """

    hash: str
    parts: Mapping[str, str]

    def to_body(self) -> dict[str, Any]:
        """Give the body of the record that says what the hash stands for."""
        return {"rule": RULE, "parts": dict(self.parts)}


class StepCodes:
    """The code of step functions, as it is during one attempt at a phase."""

    def __init__(self) -> None:
        self._known: dict[object, StepCode] = {}

    def of(self, fn: Any, inputs: Mapping[str, str], root: Path) -> StepCode:
        """Find the code that a step depends on.

        Args:
            fn: The step's function.
            inputs: The code that its inputs contribute.
            root: The project's root.

        Raises:
            CouldNotRecordError: A source that counts cannot be read.
        """
        __tracebackhide__ = True
        plain = type(fn) is FunctionType and not fn.__closure__ and not fn.__dict__
        if not plain:
            return _code(fingerprint_of(fn, root=root).parts | dict(inputs))
        found = self._known.get(fn.__code__)
        if found is None:
            found = self._known[fn.__code__] = _code(fingerprint_of(fn, root=root).parts)
        return _code({**found.parts, **inputs}) if inputs else found


def _code(parts: Mapping[str, str]) -> StepCode:
    return StepCode(digest_plain([RULE, dict(parts)]), parts)


def code_changes(recorded: Mapping[str, Any], now: StepCode) -> list[str]:
    """Say what has changed in the code of a step.

    Args:
        recorded: The body of the record of parts; empty where there is none.
        now: The code as of now.
    """
    if not recorded.get("parts"):
        return ["what it was made from was not recorded"]
    if recorded.get("rule") != RULE:
        return [f"its code was recorded by the rule {recorded.get('rule')!r}, not {RULE!r}"]
    return differences(recorded["parts"], now.parts) or ["its code changed"]
