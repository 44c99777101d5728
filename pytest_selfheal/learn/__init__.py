"""What repeated use teaches about a way to fix something.

PYTEST_DONT_REWRITE
"""

from pytest_selfheal.learn.belief import posterior_mean
from pytest_selfheal.learn.belief import prior_from

__all__ = ["posterior_mean", "prior_from"]
