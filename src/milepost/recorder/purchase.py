"""What a call's record says of its usage and its price, as far as anybody knows."""

from typing import Any


def read_purchase(url: str, request: Any, response: Any) -> dict[str, Any]:
    """Read from an answer what the call used and cost.

    Args:
        url: Where the request went.
        request: Its body as JSON data.
        response: The answer's JSON data; for a stream that of each event.

    Returns:
        The fields ``usage`` and ``cost`` of the record.
    """
    from milepost.money.prices import price_usd  # noqa: PLC0415 - only where one buys
    from milepost.money.usage import read_usage  # noqa: PLC0415 - the same

    try:
        usage = read_usage(url, request, response)
        usd = price_usd(usage) if usage is not None else None
    except Exception:  # noqa: BLE001 - an answer is not lost for its bill
        return {"usage": None, "cost": {"usd": None}}
    return {"usage": usage.to_dict() if usage else None, "cost": {"usd": usd}}


def worst_case(url: str, request: Any) -> float | None:
    """Tell what a call may cost at most, in USD; None where nobody knows."""
    from milepost.money.prices import worst_usd  # noqa: PLC0415 - only where one buys

    try:
        return worst_usd(url, request)
    except Exception:  # noqa: BLE001 - a call is not refused for a strange request
        return None
