"""What sending a parcel costs, in euros."""

from __future__ import annotations

from parceldesk.parcels import Parcel

BANDS = ((1_000, "4.10"), (5_000, "6.95"), (10_000, "9.20"), (31_500, "14.75"))
ABROAD = "1.65"


def quote(parcel: Parcel) -> Decimal:
    """Return the price of a weighed parcel; parcels sent abroad cost a factor more."""
    price = Decimal(band_price(parcel.weight_g))
    if parcel.country != "NL":
        price = price * Decimal(ABROAD)
    return price.quantize(Decimal("0.01"))


def band_price(weight_g: int) -> str:
    """Return the list price of the lightest band that holds the weight."""
    for limit_g, price in BANDS:
        if weight_g <= limit_g:
            return price
    raise ValueError(f"{weight_g} g is too heavy for the desk")
