"""What lies on the desk: parcels and where they go."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Parcel:
    """One parcel. `weight_g` is None until it was put on the scales."""

    number: str
    recipient: str
    country: str
    weight_g: int | None = None
    value: Decimal = Decimal("0.00")

    @property
    def needs_customs_form(self) -> bool:
        """Tell whether the parcel leaves the customs area with goods of value."""
        return self.country != "NL" and self.value > Decimal("45.00")
