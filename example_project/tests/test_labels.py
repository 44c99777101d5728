from __future__ import annotations

from parceldesk.labels import label
from parceldesk.parcels import Parcel


def test_a_label_shows_the_weight_in_kilograms():
    assert label(Parcel("PD-1001", "A. de Wit", "NL", 740)) == "PD-1001\nA. de Wit (NL)\n0.7 kg"


def test_a_parcel_can_be_labelled_before_it_is_weighed():
    """Customers may print the label at home, long before the parcel is on the scales."""
    assert label(Parcel("PD-1005", "S. Bakker", "NL")).endswith("not weighed")
