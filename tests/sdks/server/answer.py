"""What the stand-in says: the same to the same prompt, but for the serving's number."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from tests.sdks.server.question import Question

_WORDS: Final = (
    "amber birch cedar delta ember fjord grove heron inlet juniper kelp lagoon maple "
    "nectar ochre pebble"
).split()
_WORD_COUNT: Final = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out, before an API gives it a form.

    Args:
        identifier: Of the prompt and the serving; it is said, too, so that a replay shows.
        words: The text's words; empty where a tool is called.
        tool: The tool to call.
        prompt_tokens: Tokens of the prompt.
    """

    identifier: str
    words: tuple[str, ...]
    tool: str | None
    prompt_tokens: int

    @property
    def text(self) -> str:
        """The words, with a blank after each but the last."""
        return " ".join(self.words)

    @property
    def pieces(self) -> list[str]:
        """The text in the pieces of a stream."""
        return [*(f"{word} " for word in self.words[:-1]), *self.words[-1:]]

    @property
    def arguments(self) -> dict[str, Any]:
        """What the tool is called with."""
        return {"place": f"lake {self.identifier}"}

    @property
    def arguments_text(self) -> str:
        """The same as JSON."""
        return json.dumps(self.arguments)

    @property
    def tokens(self) -> int:
        """Tokens of the answer."""
        return len(self.words) or 8


def identify(prompt: str, serving: int) -> str:
    """Give the identifier that the answer to a serving has, and says.

    Args:
        prompt: The prompt.
        serving: Its number among those of the same prompt, from 1.
    """
    return f"{hashlib.sha256(prompt.encode()).hexdigest()[:_WORD_COUNT]}x{serving}"


def answer(question: Question, serving: int) -> Answer:
    """Answer a question.

    Args:
        question: The question.
        serving: Its number among those of the same prompt, from 1.
    """
    identifier = identify(question.prompt, serving)
    words = tuple(_WORDS[int(letter, 16)] for letter in identifier[:_WORD_COUNT])
    return Answer(
        identifier=identifier,
        words=() if question.tool else (*words, identifier),
        tool=question.tool,
        prompt_tokens=-(-len(question.prompt) // 4),
    )
