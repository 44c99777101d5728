"""Beta-Bernoulli belief: how sure we are that a pattern works, given what it did so far.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import math

_BISECTIONS = 24
_TERMS = 300
_PRECISION = 1e-12
_TINY = 1e-30

WORTHLESS = 0.6
"""A way of fixing that works in fewer cases than this (share, 0-1) must never act alone for long."""

WORTHWHILE = 0.9
"""What a good one does: the mean with which patterns of the API class start, as measured."""

FALSE_TRUST = 1 / 500
"""How often, at most, one that works in 6 of 10 cases may ever pass for a good one, however long it is watched."""

PRIOR_WEIGHT = 20.0
"""How many observations a prior measured on the public benchmark is worth."""


def prior_from(precision: float) -> tuple[float, float]:
    """Return the Beta prior `(a, b)` of a built-in whose measured precision (0-1) is given."""
    clipped = min(max(precision, 0.05), 0.95)
    return clipped * PRIOR_WEIGHT, (1.0 - clipped) * PRIOR_WEIGHT


def posterior_mean(successes: float, failures: float, prior: tuple[float, float] = (1.0, 1.0)) -> float:
    """Return the mean of the Beta posterior: the probability (0-1) that the pattern works the next time.

    The default prior `(1, 1)` gives 0.5 without evidence, the architecture document's default confidence.
    """
    a, b = prior
    return (a + successes) / (a + b + successes + failures)


def lower_bound(
    successes: float, failures: float, prior: tuple[float, float] = (1.0, 1.0), share: float = 0.2
) -> float:
    """Return the quantile of the Beta posterior below which `share` of the belief lies: with 0.2 a lower 80 % bound."""
    a, b = prior[0] + successes, prior[1] + failures
    low, high = 0.0, 1.0
    for _step in range(_BISECTIONS):
        middle = (low + high) / 2
        if _beta_below(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def convinces(successes: float, failures: float) -> bool:
    """Tell whether a record on its own, without any prior, rules out that it works in 6 of 10 cases or fewer.

    Wald's sequential test (1945) of `WORTHWHILE` against `WORTHLESS`: the likelihood ratio must reach
    `1 / FALSE_TRUST`. The ratio is a supermartingale for every true rate up to `WORTHLESS`, so by Ville's inequality it
    *ever* gets there with a probability of at most `FALSE_TRUST`, no matter how often one looks. Without a failure that
    takes 16 successes; every failure costs three or four more.

    Args:
        successes: count, undecayed.
        failures: count, undecayed; one that weighs double is given as two.
    """
    ratio = successes * math.log(WORTHWHILE / WORTHLESS) + failures * math.log((1 - WORTHWHILE) / (1 - WORTHLESS))
    return ratio >= -math.log(FALSE_TRUST)


def decayed(age_days: float, half_life_days: float) -> float:
    """Return how much a piece of evidence of this age still counts (0-1); the future counts in full."""
    return float(2.0 ** (-max(0.0, age_days) / half_life_days))


def _beta_below(x: float, a: float, b: float) -> float:
    """Return the share of Beta(a, b) below `x`: the regularized incomplete beta function, by its continued fraction."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _continued_fraction(x, a, b) / a
    return 1.0 - front * _continued_fraction(1.0 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Lentz's method; it converges fast left of the mean, which is where it is asked for."""
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + term * d)
            c = _away_from_zero(1.0 + term / c)
            value *= d * c
        if abs(d * c - 1.0) < _PRECISION:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
