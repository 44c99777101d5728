from __future__ import annotations


def test_a_delivered_parcel_says_where_it_is(carrier):
    assert carrier.locate("PD-1001").place == "Utrecht"


def test_a_parcel_on_its_way_is_in_transit(carrier):
    assert carrier.locate("PD-1002").status == "in transit"


def test_an_unknown_number_is_not_an_error(carrier):
    assert carrier.locate("PD-9999") is None
