from __future__ import annotations


def test_a_delay_notice_names_the_parcel_and_the_place(delay_notice):
    assert "PD-1002" in delay_notice
    assert "Zwolle" in delay_notice
