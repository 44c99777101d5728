"""Belief: the posterior mean of successes and failures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal.learn import believe
from pytest_selfheal.learn import pattern_name
from pytest_selfheal.learn import posterior_mean
from pytest_selfheal.learn import prior_from
from pytest_selfheal.model import Candidate
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Patch
from pytest_selfheal.model import Pattern


@pytest.mark.parametrize(
    ("successes", "failures", "expected"),
    [(0, 0, 0.5), (1, 0, 2 / 3), (2, 0, 0.75), (3, 0, 0.8), (5, 1, 0.75), (0, 2, 0.25)],
)
def test_the_flat_prior_gives_the_documented_means(successes, failures, expected):
    """Beta(1, 1): no evidence is 0.5, one lucky success is not yet a rule."""
    assert posterior_mean(successes, failures) == pytest.approx(expected)


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.0, 1.0))
def test_more_success_never_lowers_and_more_failure_never_lifts(successes, failures, precision):
    """The posterior moves with the evidence and stays a probability."""
    prior = prior_from(precision)
    mean = posterior_mean(successes, failures, prior)
    worse, better = posterior_mean(successes, failures + 1, prior), posterior_mean(successes + 1, failures, prior)
    assert 0 < worse < mean < better < 1


def _candidate(confidence):
    patch = Patch((), {})
    return Candidate("c1", "missing_import", Origin.BUILTIN, "t", patch, confidence, ErrorClass.API, learned=True)


def test_a_projects_own_failures_lower_a_sure_fixer():
    """A built-in that keeps failing here loses its right to act alone."""
    seen = Pattern("missing_import@0.90", "api:NameError", {}, 0, 10, 0.5, "", "")
    believed = believe(_candidate(0.9), seen)
    assert believed.confidence < 0.7
    assert pattern_name(believed) == "missing_import@0.90"


def test_every_tier_of_a_fixer_is_counted_on_its_own():
    """Successes of sure answers must not lift guesses."""
    assert pattern_name(_candidate(0.95)) != pattern_name(_candidate(0.6))
