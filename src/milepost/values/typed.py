"""Typed values: to plain JSON and back through pydantic.

By field name, never by alias: what is written with an alias is not always read with
it. Computed fields are left out. Nothing here decides whether a value may be kept.
"""

import inspect
from contextlib import suppress
from typing import Any

from milepost.secret import redact
from milepost.values import plain
from milepost.values.errors import PATTERN, UnrestorableAnnotationError
from milepost.values.models import pydantic_2, without_pydantic

_TYPED_DICT_CURE = "Write `from typing_extensions import TypedDict`."


class Adapter:
    """Writes and reads the values of one annotation.

    Args:
        annotation: The annotation, resolved.
        text: The same, readable.

    Raises:
        UnrestorableAnnotationError: pydantic cannot do it, or is not installed.
    """

    def __init__(self, annotation: Any, text: str) -> None:
        pydantic = pydantic_2()
        if pydantic is None:
            raise without_pydantic(text)
        try:
            self.adapter = pydantic.TypeAdapter(annotation)
        except Exception as error:  # noqa: BLE001 - whatever it is, it cannot
            raise _impossible(text, error) from None
        parameters = inspect.signature(self.adapter.validate_json).parameters
        self.by_name = "by_name" in parameters

    def dump(self, value: object) -> Any:
        """Give a value as plain JSON data, unchecked."""
        return self.adapter.dump_python(
            value,
            mode="json",
            by_alias=not self.by_name,
            round_trip=True,  # leaves computed fields out
            warnings=False,  # what it would warn of does not come back equal
        )

    def load(self, data: object) -> Any:
        """Read a value from plain JSON data; nothing is coerced."""
        names = {"by_alias": False, "by_name": True} if self.by_name else {}
        return self.adapter.validate_json(plain.to_bytes(data), strict=True, **names)


def _impossible(text: str, error: Exception) -> UnrestorableAnnotationError:
    first = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    cure = _TYPED_DICT_CURE if "typing_extensions.TypedDict" in first else PATTERN
    return UnrestorableAnnotationError(text, f"pydantic refuses it: {first}", cure)


def explain(error: Exception) -> tuple[str, str]:
    """Say where and why pydantic refused a value, without showing the value.

    Returns:
        A path as in ``$.items[3]``, and a reason.
    """
    with suppress(Exception):  # it explains; it must not cost the value
        found: Any = error
        if type(error).__name__ == "ValidationError":
            first = found.errors()[0]
            steps = (f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"])
            return "$" + "".join(steps), redact(str(first["msg"]))
    with suppress(Exception):
        lines = str(error).splitlines() or [""]
        return "$", redact(f"{type(error).__name__}: {lines[0]}".rstrip(": "))
    return "$", type(error).__name__
