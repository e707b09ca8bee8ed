"""What is said of a value that cannot be kept, or not be given back."""

from typing import Final

from milepost.errors import MilepostError

PATTERN: Final = (
    "Return the name, open it on the next line:\n"
    '    name = phase("cluster", create, config)   # create returns a str\n'
    "    cluster = Cluster(name)                   # in every run"
)
TYPED_EXTRA: Final = 'pip install "milepost[typed]"'


class UnrestorableAnnotationError(MilepostError):
    """A function says that it returns what no later run can restore.

    Args:
        text: The annotation, readable.
        reason: Why it cannot be restored.
        cure: What to write instead.
    """

    def __init__(self, text: str, reason: str, cure: str = PATTERN) -> None:
        self.reason = reason
        super().__init__(
            f"a result of type {text} cannot be restored; nothing was run.",
            f"{reason}.",
            cure,
        )


class NotKeptError(MilepostError):
    """A value cannot be written in a way that gives it back as it is.

    Args:
        path: Where in the value, as in ``$.items[3]``.
        type_name: The type found there.
        reason: Why it is not kept.
        cure: What to write instead.
    """

    def __init__(self, path: str, type_name: str, reason: str, cure: str = PATTERN) -> None:
        self.path = path
        self.type_name = type_name
        self.reason = reason
        super().__init__(
            "the value was not kept; the test has it in this run.",
            f"{path} ({type_name}): {reason}.",
            cure,
        )


class SchemaChangedError(MilepostError):
    """A stored value belongs to another schema than the code has now: it is stale."""

    def __init__(self, text: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"the stored value is no {text} of today's code.",
            f"{reason}.",
            "The phase runs again; its old value is kept under 'earlier'.",
        )


class MissingLibraryError(MilepostError):
    """Whether a stored value fits could not be looked up: a library is missing."""

    def __init__(self, library: str, cure: str) -> None:
        self.library = library
        super().__init__(
            f"a stored value could not be read: {library} is not installed here.",
            "It was written where it was installed. Nothing was run, nothing changed.",
            f"{cure}\nOr start over: --milepost=fresh",
        )
