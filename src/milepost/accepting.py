"""Take a document over that somebody edited by hand, as it is now."""

from collections.abc import Iterator
from typing import Any

from milepost import attempts, clock
from milepost.canonical import digest_plain
from milepost.checkpoint import PhaseCheckpoint, TestCheckpoint
from milepost.document_errors import ForeignCheckpointError, UnacceptableError
from milepost.errors import UnknownCheckpointError
from milepost.writer import Writer


def accept(writer: Writer, test_id: str) -> TestCheckpoint:
    """Take over the document of a checkpoint as it is now.

    Its values count as they stand, and it belongs to the test that asks for it next.

    Args:
        writer: Writes it.
        test_id: The checkpoint.

    Raises:
        UnknownCheckpointError: There is none.
        UnacceptableError: It is no checkpoint as it is.
        BadCheckpointError: It is damaged or newer.
    """
    __tracebackhide__ = True
    _read(writer, test_id)
    writer.take(test_id)
    checkpoint = _read(writer, test_id)
    _make_ours(checkpoint, test_id)
    writer.write(checkpoint)
    return checkpoint


def _read(writer: Writer, test_id: str) -> TestCheckpoint:
    __tracebackhide__ = True
    try:
        checkpoint = writer.read(test_id, accept=True)
    except ForeignCheckpointError as error:
        path = str(writer.store.document_path(test_id))
        raise UnacceptableError(test_id, error.reason.rstrip("."), path) from None
    if checkpoint is None:
        raise UnknownCheckpointError(test_id, str(writer.store.directory), [])
    return checkpoint


def _make_ours(checkpoint: TestCheckpoint, test_id: str) -> None:
    checkpoint.test_id = test_id
    checkpoint.milepost.pop("identity", None)
    checkpoint.milepost["accepted_at"] = clock.now_at()
    for phase in checkpoint.phases.values():
        if _has_lost_its_value(phase):
            attempts.forget_basis(phase)
    for record, data in _values(checkpoint):
        if record["form"] == "flat":
            record["keys"] = list(data)
        record["sha256"] = digest_plain(data)


def _has_lost_its_value(phase: PhaseCheckpoint) -> bool:
    form = phase.milepost.get("value", {}).get("form")
    return form is None or (form == "inline" and "result" not in phase.milepost_extra)


def _values(checkpoint: TestCheckpoint) -> Iterator[tuple[dict[str, Any], Any]]:
    """Give the record and the data of every value that lies in the document."""
    for phase in checkpoint.phases.values():
        record = phase.milepost.get("value", {"form": "blob"})
        if record["form"] != "blob":
            flat = record["form"] == "flat"
            yield record, phase.milepost_data if flat else phase.milepost_extra["result"]
        for kept in phase.milepost.get("earlier", []):
            if "data" in kept and kept.get("value", {"form": "blob"})["form"] != "blob":
                yield kept["value"], kept["data"]
    for kept in checkpoint.milepost.get("remembered", {}).values():
        yield kept["value"], kept["data"]
