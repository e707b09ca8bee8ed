"""Amounts of money, as people say them."""

import math


def money(usd: float) -> str:
    """Give USD as people say them: to the cent, small sums with two digits that count."""
    digits = 2 if usd >= 0.1 or usd <= 0 else 1 - math.floor(math.log10(usd))
    whole, _, cents = f"{usd:.{digits}f}".partition(".")
    return f"${whole}.{cents.rstrip('0'):0<2}"
