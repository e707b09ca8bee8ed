"""Prices: what a call cost, and what one may cost at most, from a list kept offline."""

from functools import lru_cache
from typing import Any

from milepost.money.bounds import Bounds, bounds_of
from milepost.money.providers import provider_of
from milepost.money.usage import Usage


def price_usd(usage: Usage) -> float | None:
    """Tell what a call cost.

    Args:
        usage: What it used.

    Returns:
        USD, or None: the price list is not installed (``milepost[llm]``), or does not
        know the model.
    """
    if not usage.units:
        return 0.0
    return _price(usage.provider, usage.model, usage.units, usage.tier)


def worst_usd(url: str, request: Any) -> float | None:
    """Tell what a call may cost at most.

    Args:
        url: Where the request goes.
        request: Its body as JSON data.

    Returns:
        USD: all output that the request allows, after as much input as a request of
        its length can hold. None where the request sets no bound to its output, uses
        what lies elsewhere, or has no price.
    """
    bounds = bounds_of(url, request)
    if bounds is None:
        return None
    found = [
        _price(provider_of(url) or bounds.seller, bounds.model, units, bounds.tier)
        for units in _dearest(bounds)
    ]
    known = [usd for usd in found if usd is not None]
    return max(known, default=None)


def _dearest(bounds: Bounds) -> list[dict[str, int]]:
    units = {"input_tokens": bounds.input_tokens, "output_tokens": bounds.output_tokens}
    if not bounds.writes_cache:
        return [units]
    written = {"cache_write_tokens": bounds.input_tokens}
    hour = written | {"cache_write_1h_tokens": bounds.input_tokens}
    return [units, units | written, units | hour]


def has_prices() -> bool:
    """Tell whether the price list is installed."""
    return _price_list() is not None


def _price(provider: str, model: str, units: dict[str, int], tier: str) -> float | None:
    prices = _price_list()
    if prices is None or not model:
        return None
    context = {"service_tier": tier} if tier else {}
    context |= {"processing": "batch"} if tier == "batch" else {}
    try:
        found = prices.calc_price(
            prices.Usage(**units),
            model,
            provider_id=provider or None,
            price_context=context or None,
        )
        return float(found.total_price)
    except Exception:  # noqa: BLE001 - it raises several, and none may cost the answer
        return None


@lru_cache(maxsize=1)
def _price_list() -> Any:
    """Load the library, which asks nothing of the network unless it is told to."""
    try:
        import genai_prices  # noqa: PLC0415 - heavy, and an extra
    except Exception:  # noqa: BLE001 - missing or broken, it gives no prices
        return None
    return genai_prices
