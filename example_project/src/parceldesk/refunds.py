"""What a customer gets back when a parcel came late."""

from __future__ import annotations

from decimal import Decimal

SHARE_PER_DAY = Decimal("0.20")


def refund(price: Decimal, days_late: int) -> Decimal:
    """Return a fifth of the price for each day late, at most all of it."""
    share = min(SHARE_PER_DAY * max(days_late, 0), Decimal(1))
    return (price * share).quantize(Decimal("0.01"))
