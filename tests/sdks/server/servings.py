"""What the stand-in served: the count that no replay may raise."""

import json
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.sdks.server.answer import identify
from tests.sdks.server.question import Question

BEGUN: Final = "begun"
ANSWERED: Final = "answered"
LEFT: Final = "left"


@dataclass(slots=True)
class Serving:
    """One request that arrived.

    Args:
        prompt: Its prompt.
        number: Its number among those of the same prompt, from 1.
        api: The API.
        stream: Whether it wanted a stream.
        outcome: ``begun``, then ``answered`` (all of the answer went out), ``left``
            (the client was gone) or the fault that broke it.
    """

    prompt: str
    number: int
    api: str
    stream: bool
    outcome: str = BEGUN

    @property
    def identifier(self) -> str:
        """What the answer has, and says."""
        return identify(self.prompt, self.number)


class Servings:
    """All of them; the server's thread adds, the tests look.

    Args:
        log: A line is written here for each, when it ends.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._all: list[Serving] = []
        self._changed = threading.Condition()

    def begin(self, question: Question) -> Serving:
        """Count a request."""
        with self._changed:
            number = 1 + sum(one.prompt == question.prompt for one in self._all)
            serving = Serving(question.prompt, number, question.api, question.stream)
            self._all.append(serving)
            self._changed.notify_all()
        return serving

    def end(self, serving: Serving, outcome: str) -> None:
        """Say how a request ended."""
        with self._changed:
            serving.outcome = outcome
            self._changed.notify_all()
        with self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(serving)) + "\n")

    def all(self, within: str = "") -> list[Serving]:
        """List what was served, in the order of arrival.

        Args:
            within: Only prompts that hold this text.
        """
        with self._changed:
            return [one for one in self._all if within in one.prompt]

    def counts(self, within: str = "") -> Counter[str]:
        """Count the servings of each prompt.

        Args:
            within: Only prompts that hold this text.
        """
        return Counter(one.prompt for one in self.all(within))

    def wait_for(self, count: int, within: str, outcome: str, seconds: float) -> bool:
        """Wait until so many servings have come so far.

        Args:
            count: How many.
            within: Only prompts that hold this text count.
            outcome: Only servings in this state count.
            seconds: The longest wait.

        Returns:
            Whether they have.
        """

        def arrived() -> bool:
            of_it = [one for one in self._all if within in one.prompt]
            return sum(one.outcome == outcome for one in of_it) >= count

        with self._changed:
            return self._changed.wait_for(arrived, seconds)
