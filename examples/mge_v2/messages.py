"""One question to the model, with its answer and what it cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from examples.mge_v2.errors import InvalidAnswerError, StreamCutError
from examples.mge_v2.prices import cost_usd

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import Message


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked.

    Args:
        label: What this is, for messages to people.
        system: The role that the model plays.
        text: The question.
        streamed: Whether the answer comes as a stream. Long ones do.
        max_tokens: The longest answer.
    """

    label: str
    system: str
    text: str
    streamed: bool
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said, and what that cost."""

    text: str
    input_tokens: int
    output_tokens: int
    cost_usd: float


async def ask(client: "AsyncAnthropic", model: str, prompt: Prompt) -> Answer:
    """Ask a model once.

    Args:
        client: The SDK's client.
        model: The model's name.
        prompt: The question.

    Raises:
        ConnectionError: The connection broke; the SDK's own error is the cause.
        StreamCutError: A streamed answer ended before its end.
        InvalidAnswerError: The answer was cut for its length, or refused.
        anthropic.APIError: Everything else that the SDK reports.
    """
    with _plain_connection_errors():
        if prompt.streamed:
            message = await _streamed(client, model, prompt)
        else:
            message = await client.messages.create(**_arguments(model, prompt))
    return _answer(message, model, prompt)


async def _streamed(client: "AsyncAnthropic", model: str, prompt: Prompt) -> "Message":
    whole = False
    async with client.messages.stream(**_arguments(model, prompt)) as stream:
        async for event in stream:
            whole = whole or event.type == "message_stop"
        if not whole:
            raise StreamCutError(prompt.label)
        return await stream.get_final_message()


def _arguments(model: str, prompt: Prompt) -> dict[str, Any]:
    return {
        "model": model,
        "max_tokens": prompt.max_tokens,
        "system": prompt.system,
        "messages": [{"role": "user", "content": prompt.text}],
    }


def _answer(message: "Message", model: str, prompt: Prompt) -> Answer:
    if message.stop_reason != "end_turn":
        raise InvalidAnswerError(prompt.label, f"it stopped with {message.stop_reason}")
    text = "".join(block.text for block in message.content if block.type == "text")
    spent, made = message.usage.input_tokens, message.usage.output_tokens
    return Answer(text, spent, made, cost_usd(model, spent, made))


@contextmanager
def _plain_connection_errors() -> Iterator[None]:
    """Raise Python's own ConnectionError where that is what lies beneath."""
    try:
        yield
    except Exception as error:
        broken = _connection_error(error)
        if broken is None or broken is error:
            raise
        raise type(broken)(*broken.args) from error


def _connection_error(error: BaseException | None) -> ConnectionError | None:
    if hasattr(error, "status_code"):
        return None  # the provider has answered: what came before it is over
    while error is not None and not isinstance(error, ConnectionError):
        # Some layers of the client say "from None" where there is a cause.
        error = error.__cause__ or error.__context__
    return error
