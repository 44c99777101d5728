from __future__ import annotations

from decimal import Decimal

import pytest

from parceldesk.parcels import Parcel
from parceldesk.quotes import band_price
from parceldesk.quotes import quote


def test_a_light_parcel_costs_the_lowest_price():
    assert quote(Parcel("PD-1001", "A. de Wit", "NL", 740)) == Decimal("4.10")


def test_sending_abroad_costs_more():
    assert quote(Parcel("PD-1003", "M. Okafor", "NO", 740)) == Decimal("6.76")


def test_a_parcel_can_be_too_heavy():
    with pytest.raises(ValueError, match="too heavy"):
        band_price(40_000)
