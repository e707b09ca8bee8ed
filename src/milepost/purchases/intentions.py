"""Steps that may run at most once, and of which nobody knows how they ended."""

from typing import TYPE_CHECKING, Any

from milepost import values
from milepost.errors import MilepostError
from milepost.purchases.tree import element
from milepost.steps.intention import is_open

if TYPE_CHECKING:
    from milepost.journal import JournalReader, Record


class NoIntentionError(MilepostError):
    """There is nothing of that name to be resolved."""

    def __init__(self, test_id: str, step: str, known: list[str]) -> None:
        super().__init__(
            f"{test_id} has no step {step!r} of which it is not known how it ended.",
            f"Of these it is not known: {', '.join(known) or 'none'}.",
            f"`milepost show {test_id} --calls` shows all.",
        )


class SeveralIntentionsError(MilepostError):
    """A name stands for several steps that are to be resolved."""

    def __init__(self, test_id: str, step: str, found: list[str]) -> None:
        super().__init__(
            f"{step!r} is the name of {len(found)} steps to be resolved.",
            "\n".join(found),
            f"Say which, as in: milepost resolve {test_id} {found[0].split()[0]!r} ...",
        )


def open_intentions(reader: "JournalReader") -> list["Record"]:
    """List the intentions without a result, the oldest first.

    Args:
        reader: The journal.
    """
    begun = reader.records("intention")
    return [r for r in begun if not reader.is_dropped(r.id) and is_open(reader, r)]


def find_open(reader: "JournalReader", test_id: str, step: str) -> "Record":
    """Find the intention of a step that is to be resolved.

    Args:
        reader: The journal.
        test_id: The checkpoint.
        step: Its name, or its name and the first 8 digits of its key.

    Raises:
        NoIntentionError: There is none.
        SeveralIntentionsError: There are several.
    """
    unresolved = open_intentions(reader)
    found = [
        record
        for record in unresolved
        if step in (record.body["name"], element(record.body["name"], record.key))
    ]
    if not found:
        raise NoIntentionError(test_id, step, [title(record) for record in unresolved])
    if len({record.key for record in found}) > 1:
        raise SeveralIntentionsError(test_id, step, [title(each) for each in found])
    return found[0]


def title(record: "Record") -> str:
    """Name a step for people."""
    label = f" [{record.body['label']}]" if record.body.get("label") else ""
    return f"{element(record.body['name'], record.key)}{label}"


def resolution(intention: "Record", value: Any, *, done: bool) -> dict[str, Any]:
    """Give the fields of the record that says how a step ended.

    Args:
        intention: The record of its beginning.
        value: What it gave.
        done: Whether it has happened.

    Raises:
        NotKeptError: The value holds a secret.
    """
    named = {name: intention.body.get(name) for name in ("name", "label")}
    body: dict[str, Any] = {"intention": intention.id, "done": done} | named
    if not done:
        return body
    encoded, _ = values.encode(value, None)
    record = values.record(encoded) | {"form": "inline"}
    record.pop("keys", None)
    return body | {"value": record, "data": encoded.data}
