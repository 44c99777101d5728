"""Recovery: what is retried, and when it stops."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_selfheal.config import Policy
from pytest_selfheal.model import Category
from pytest_selfheal.model import Phase
from pytest_selfheal.recover import Recovery
from pytest_selfheal.recover import Retry
from pytest_selfheal.recover import Stop

STEADY = replace(Policy(), retry_jitter=False)


@pytest.mark.parametrize("category", [category for category in Category if category is not Category.TRANSIENT])
def test_only_transient_failures_are_retried(category, diagnosis):
    """Every other category is reported as it is."""
    assert Recovery(STEADY, lambda: 0.0).plan(diagnosis(category=category), Phase.CALL, 1) == Stop()


@pytest.mark.parametrize(
    ("phase", "retried"), [("setup", True), ("call", True), ("teardown", False), ("collect", False)]
)
def test_teardown_and_collection_are_not_retried(phase, retried, diagnosis):
    """Running a test again because its teardown failed could hide what it leaks."""
    plan = Recovery(STEADY, lambda: 0.0).plan(diagnosis(), Phase(phase), 1)
    assert isinstance(plan, Retry) is retried


def test_attempts_are_counted_with_the_first(diagnosis):
    """Three attempts mean two retries."""
    recovery = Recovery(STEADY, lambda: 0.0)
    plans = [recovery.plan(diagnosis(), Phase.CALL, failed) for failed in (1, 2, 3)]
    assert [type(plan) for plan in plans] == [Retry, Retry, Stop]


def test_an_outage_without_recovery_is_left_alone_after_five_tests(diagnosis):
    """The sixth test that meets the same dead service fails at once; other outages are still retried."""
    recovery = Recovery(STEADY, lambda: 0.0)
    for _ in range(5):
        assert isinstance(recovery.plan(diagnosis(), Phase.CALL, 1), Retry)
        recovery.ended("v1:outage", recovered=False)
    assert isinstance(recovery.plan(diagnosis(), Phase.CALL, 1), Stop)
    assert isinstance(recovery.plan(diagnosis(outage_key="v1:other"), Phase.CALL, 1), Retry)


def test_one_recovery_ends_the_count_of_its_outage(diagnosis):
    """A service that came back may be retried again."""
    recovery = Recovery(STEADY, lambda: 0.0)
    for _ in range(4):
        recovery.ended("v1:outage", recovered=False)
    recovery.ended("v1:outage", recovered=True)
    recovery.ended("v1:outage", recovered=False)
    assert isinstance(recovery.plan(diagnosis(), Phase.CALL, 1), Retry)


def test_waiting_stops_when_the_budget_is_spent(diagnosis):
    """A wait that would exceed the run's budget is not begun."""
    recovery = Recovery(replace(STEADY, retry_budget_s=5.0), lambda: 0.0)
    recovery.waited(3.5)
    assert isinstance(recovery.plan(diagnosis(), Phase.CALL, 1), Stop)
