"""Values that are too large for the document, or binary, and lie in blobs beside it."""

from typing import TYPE_CHECKING, Any, Final

from milepost.checkpoint import PhaseCheckpoint
from milepost.stores import FolderStore
from milepost.values import plain
from milepost.writer import Writer

if TYPE_CHECKING:
    from milepost.values import Encoded

BLOB_BYTES: Final = 64 * 1024
_JSON_CODECS: Final = ("json", "typed")


def place_value(writer: Writer, test_id: str, encoded: "Encoded") -> dict[str, Any]:
    """Write what belongs into a blob, and say where the value lies.

    Args:
        writer: Writes the checkpoint.
        test_id: The checkpoint.
        encoded: The value; over 64 KiB it goes into a blob.

    Returns:
        The value's record for the document.

    Raises:
        StoreError: The disk refuses.
    """
    __tracebackhide__ = True
    from milepost.values import record  # noqa: PLC0415 - reading needs no codecs

    content = encoded.content
    if content is None:
        content = plain.to_bytes(encoded.data)
        if len(content) <= BLOB_BYTES:
            return record(encoded)
    name = writer.store.write_blob(test_id, content, writer.go_on(test_id))
    return record(encoded) | {"form": "blob", "blob": name}


def read_large(store: FolderStore, test_id: str, phase: PhaseCheckpoint) -> Any:
    """Read a phase's value where it lies in a blob and is JSON; None otherwise.

    Raises:
        DamagedValueError: The blob is gone or is not what was written.
    """
    __tracebackhide__ = True
    kept = phase.milepost.get("value", {})
    if kept.get("form") != "blob" or kept.get("codec") not in _JSON_CODECS:
        return None
    return plain.from_bytes(store.read_blob(test_id, str(kept.get("blob"))))
