"""Exponential backoff with full jitter.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.config import Policy


def backoff_s(failed: int, policy: Policy, draw: Callable[[], float]) -> float:
    """Return the seconds to wait after the `failed`-th failed try (counted from 1).

    The ceiling is `min(retry_base_s * 2**failed, retry_cap_s)`, the architecture document's "Exponential Backoff". With
    `retry_jitter` the wait is drawn uniformly between zero and that ceiling, so that tests which failed together do not
    come back together.

    Args:
        failed: how many tries have failed so far, at least 1.
        policy: gives base, cap and jitter.
        draw: returns a number in [0, 1); asked only when jitter is on.
    """
    exponent = min(failed, 64)  # 2**64 is far above any cap; larger powers only cost time
    ceiling = min(policy.retry_base_s * 2.0**exponent, policy.retry_cap_s)
    return ceiling * draw() if policy.retry_jitter else ceiling
