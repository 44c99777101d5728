"""What repeated use teaches about a way to fix something.

PYTEST_DONT_REWRITE
"""

from pytest_selfheal.learn.belief import posterior_mean
from pytest_selfheal.learn.belief import prior_from
from pytest_selfheal.learn.evidence import believe
from pytest_selfheal.learn.evidence import pattern_name
from pytest_selfheal.learn.evidence import pattern_result

__all__ = ["believe", "pattern_name", "pattern_result", "posterior_mean", "prior_from"]
