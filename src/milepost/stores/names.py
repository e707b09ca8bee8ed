"""Which test ids can name a file and a folder."""

from contextlib import suppress

from milepost.errors import InvalidTestIdError, hides_frames

__tracebackhide__ = hides_frames


def check_test_id(test_id: str) -> None:
    """Make sure that an id can name a file and a folder.

    Raises:
        InvalidTestIdError: It cannot.
    """
    if not isinstance(test_id, str) or not test_id:
        raise InvalidTestIdError(test_id, "it is no text")
    if "/" in test_id or "\\" in test_id:
        raise InvalidTestIdError(test_id, "it holds a path separator")
    if ".." in test_id or test_id.startswith("."):
        raise InvalidTestIdError(test_id, "it points to another folder")
    if not test_id.isprintable() or len(test_id.encode("utf-8", "replace")) > 200:
        raise InvalidTestIdError(test_id, "it is too long or cannot be printed")


def is_test_id(test_id: str) -> bool:
    """Tell whether an id can name a file and a folder."""
    with suppress(InvalidTestIdError):
        check_test_id(test_id)
        return True
    return False
