"""The label stuck on a parcel."""

from __future__ import annotations

from parceldesk.parcels import Parcel


def label(parcel: Parcel) -> str:
    """Return the three lines of a label: number, recipient, weight in kilograms."""
    return "\n".join((parcel.number, f"{parcel.recipient} ({parcel.country})", weight_line(parcel)))


def weight_line(parcel: Parcel) -> str:
    """Return the weight with one decimal."""
    return f"{parcel.weight_g / 1000:.1f} kg"
