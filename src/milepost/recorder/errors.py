"""What the recorder refuses, in three parts."""

from milepost.errors import MilepostError


class OfflineCallError(MilepostError):
    """A model was to be asked in a run in which nothing may be bought."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"no answer from {url.partition('?')[0]} is kept for this request, and this "
            "run is offline.",
            "With --milepost=offline nothing runs that is not saved.",
            "Run without --milepost=offline to ask the model.",
        )
