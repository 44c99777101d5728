"""Beta-Bernoulli belief: how sure we are that a pattern works, given what it did so far.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

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
