"""Backoff: the ceiling doubles up to its cap, jitter draws below it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_selfheal.config import Policy
from pytest_selfheal.recover import backoff_s


@pytest.mark.parametrize(("failed", "expected"), [(1, 2.0), (2, 4.0), (3, 8.0), (4, 10.0), (2000, 10.0)])
def test_without_jitter_the_wait_is_the_ceiling(failed, expected):
    """The ceiling is min(base * 2**failed, cap), even where the power would overflow."""
    assert backoff_s(failed, replace(Policy(), retry_jitter=False), lambda: 0.5) == expected


@pytest.mark.parametrize("drawn", [0.0, 0.25, 0.999])
def test_full_jitter_spreads_the_wait_over_the_ceiling(drawn):
    """The wait is the drawn share of the ceiling."""
    assert backoff_s(2, Policy(), lambda: drawn) == pytest.approx(4.0 * drawn)
