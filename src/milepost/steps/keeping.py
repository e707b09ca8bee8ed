"""The record of a finished step."""

from typing import TYPE_CHECKING, Any

from milepost import values
from milepost.blobs import BLOB_BYTES
from milepost.fingerprint.modules import modules_of
from milepost.values import plain

if TYPE_CHECKING:
    from milepost.steps.finding import Finding
    from milepost.steps.options import StepOptions
    from milepost.steps.scope import Scope


def encode_value(
    finding: "Finding", value: Any, options: "StepOptions"
) -> tuple[values.Encoded, Any]:
    """Encode the value of a step.

    Args:
        finding: What the step depends on.
        value: What its function gave.
        options: The step's settings.

    Returns:
        What is to be stored, and the value as it reads back.

    Raises:
        NotKeptError: The value would not come back, or holds a secret.
    """
    __tracebackhide__ = True
    secret_ok = (*finding.scope.memory.settings.secret_ok, *options.secret_ok)
    return values.encode(value, finding.schema, secret_ok=secret_ok)


def body_of(
    finding: "Finding",
    encoded: values.Encoded,
    inside: "Scope | None",
    options: "StepOptions",
) -> dict[str, Any]:
    """Give the body of a step's record; what it refers to is written before.

    Args:
        finding: What the step depends on.
        encoded: Its value.
        inside: The scope of the attempt that gave it.
        options: The step's settings.

    Raises:
        StoreError: The disk refuses.
    """
    __tracebackhide__ = True
    scope = finding.scope
    _write_parts(finding)
    body: dict[str, Any] = {"name": finding.name, "label": finding.label}
    body |= {"code": finding.code.hash, "schema": encoded.schema}
    body |= _place(scope, encoded)
    if inside is not None and inside.used:
        body["used"] = list(inside.used)
    if inside is not None and inside.codes:
        body["codes"] = list(inside.codes)
        nested = scope.memory.code_parts(inside.codes)
        beside = [label for label in nested if label not in finding.code.parts]
        body["modules"] = modules_of(beside, scope.memory.settings.root)
    if options.pure:
        body["pure"] = True
    return body


def _place(scope: "Scope", encoded: values.Encoded) -> dict[str, Any]:
    """Write what belongs into a blob, and say where the value lies."""
    record = values.record(encoded) | {"form": "inline"}
    record.pop("keys", None)
    content = encoded.content
    if content is None:
        text = plain.to_bytes(encoded.data)
        if len(text) <= BLOB_BYTES:
            return {"value": record, "data": encoded.data}
        content = text
    return {"value": record | {"form": "blob", "blob": scope.write_blob(content)}}


def _write_parts(finding: "Finding") -> None:
    """Say once what the hash of the step's code stands for, before a record names it."""
    scope, code = finding.scope, finding.code
    with scope.memory.lock:
        if not scope.memory.has("parts", code.hash):
            scope.keep("parts", code.hash, code.to_body(), sync=False)
