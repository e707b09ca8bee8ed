"""What is said of a checkpoint file that is not what milepost wrote."""

from typing import ClassVar, Self

from milepost.errors import MilepostError


class BadCheckpointError(MilepostError):
    """A checkpoint file is not what milepost wrote.

    Attributes:
        word: What it is, in a word.
        reason: What shows it.
    """

    word: ClassVar[str] = "bad"
    reason: str = ""

    def about(self, test_id: str) -> Self:
        """Name the checkpoint in the message and in the commands of the cure."""
        self.what = self.what.replace("the checkpoint file", f"checkpoint {test_id!r}")
        self.cure = self.cure.replace("TEST_ID", test_id)
        return self


class DamagedCheckpointError(BadCheckpointError):
    """A checkpoint file cannot be read."""

    word = "damaged"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            "the checkpoint file is damaged.",
            f"It cannot be read as JSON: {reason}.",
            "The next run that uses `phase`, or create_checkpoint(), sets it aside "
            "(*.damaged-<time>)\nand starts over. To remove it: milepost rm TEST_ID",
        )


class _SettleError(BadCheckpointError):
    """A well-formed file that milepost did not write so; two commands settle it."""

    def __init__(self, what: str, why: str, test_id: str = "TEST_ID") -> None:
        self.reason = why
        super().__init__(
            what,
            f"{why}\nNothing was run, nothing was changed.",
            f"Take it over as it is: milepost accept {test_id}\n"
            f"Or remove it and start over: milepost rm {test_id}",
        )


class EditedCheckpointError(_SettleError):
    """A checkpoint file was changed by hand."""

    word = "edited"

    def __init__(self, test_id: str) -> None:
        super().__init__(
            f"checkpoint {test_id!r} was changed after milepost wrote it.",
            "Its checksum does not fit its content.",
            test_id,
        )


class ForeignCheckpointError(_SettleError):
    """A JSON file stands where a checkpoint should, and is none."""

    word = "not ours"

    def __init__(self, reason: str, test_id: str = "TEST_ID") -> None:
        super().__init__(
            "the checkpoint file was not written by milepost.", f"{reason}.", test_id
        )
        self.cure = self.cure.replace("Take it over as it is", "Correct it and accept it")


class NoFileError(BadCheckpointError):
    """Something that is no file stands where a checkpoint should."""

    word = "no file"

    def __init__(self, path: str, kind: str) -> None:
        self.reason = f"It is {kind}"
        super().__init__(
            "the checkpoint file is no file.",
            f"{self.reason}: {path}\nNothing was run, nothing was changed.",
            "Move it to another place; milepost does not touch it.",
        )


class UnacceptableError(MilepostError):
    """A document was to be taken over, and is no checkpoint as it is."""

    def __init__(self, test_id: str, reason: str, path: str) -> None:
        super().__init__(
            f"checkpoint {test_id!r} cannot be taken over as it is.",
            f"{reason}.",
            f"Correct that in {path}\nand accept it again; or start over: "
            f"milepost rm {test_id}",
        )


class OtherIdentityError(_SettleError):
    """A checkpoint belongs to another test than the one that asks for it."""

    word = "another test's"

    def __init__(self, test_id: str, difference: str) -> None:
        super().__init__(
            f"checkpoint {test_id!r} belongs to another test.", difference, test_id
        )


class NewerCheckpointError(BadCheckpointError):
    """A newer milepost wrote the checkpoint."""

    word = "newer"

    def __init__(self, found: int, known: int) -> None:
        self.reason = f"It has schema version {found}"
        super().__init__(
            f"the checkpoint file has schema version {found}; this milepost knows {known}.",
            "A newer milepost wrote it. Nothing was run, nothing was changed.",
            "Upgrade milepost here, or remove it and start over: milepost rm TEST_ID",
        )
