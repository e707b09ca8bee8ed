"""What a model costs."""

from typing import Final

from examples.mge_v2.errors import UnknownModelError

TOKENS_PER_PRICE: Final = 1_000_000

# USD per million input and output tokens, list prices of autumn 2026, no caching.
PRICES: Final[dict[str, tuple[float, float]]] = {
    "claude-haiku-4-5": (1.0, 5.0),
    "claude-sonnet-4-6": (3.0, 15.0),
    "claude-sonnet-5": (2.0, 10.0),
    "claude-sonnet-5-5": (2.0, 10.0),
    "claude-opus-5-5": (4.0, 20.0),
}


def cost_usd(model: str, input_tokens: int, output_tokens: int) -> float:
    """Tell what a call cost.

    Args:
        model: The model's name, with or without a date at its end.
        input_tokens: Tokens of the prompt.
        output_tokens: Tokens of the answer.

    Returns:
        USD, rounded to a millionth.

    Raises:
        UnknownModelError: The model has no price here.
    """
    per_input, per_output = price_of(model)
    total = input_tokens * per_input + output_tokens * per_output
    return round(total / TOKENS_PER_PRICE, 6)


def price_of(model: str) -> tuple[float, float]:
    """Look up USD per million input and output tokens.

    Raises:
        UnknownModelError: The model has no price here.
    """
    undated = model.rpartition("-")[0] if model[-8:].isdigit() else model
    if undated not in PRICES:
        raise UnknownModelError(model, sorted(PRICES))
    return PRICES[undated]
