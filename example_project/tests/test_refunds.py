from __future__ import annotations

from decimal import Decimal

import pytest

from parceldesk.refunds import refund


@pytest.mark.parametrize(("days_late", "expected"), [(0, "0.00"), (2, "2.78"), (9, "6.95")])
def test_a_late_parcel_is_paid_back_by_the_day(days_late, expected):
    assert refund(Decimal("6.95"), days_late) == Decimal(expected)
