from __future__ import annotations

from decimal import Decimal

from parceldesk.parcels import Parcel


def test_valuable_goods_sent_abroad_need_a_customs_form():
    parcel = Parcel("PD-1003", "M. Okafor", "NO", 800, Decimal("120.00"))
    assert parcel.needs_customs_form


def test_goods_sent_within_the_country_need_no_customs_form():
    parcel = Parcel("PD-1004", "A. de Wit", "NL", 800, Decimal("120.00"))
    assert not parcel.needs_customs_form
