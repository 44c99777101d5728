"""Health: metrics with numerator, denominator and minimum sample."""

from __future__ import annotations

import pytest

from pytest_selfheal.gate_policy import GatePolicy
from pytest_selfheal.health import judge_health
from pytest_selfheal.model import Attempt
from pytest_selfheal.model import Category
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Outcome


def _judge(runs, failures=(), events=()):
    health = judge_health(runs, failures, events, GatePolicy(), since="a", until="b")
    return health, {metric.name: metric for metric in health.metrics}


@pytest.mark.parametrize(
    ("passed", "failed", "status", "metric_status"),
    [
        (100, 0, "healthy", "ok"),
        (76, 24, "healthy", "ok"),
        (75, 25, "warning", "warning"),
        (51, 49, "warning", "warning"),
        (50, 50, "degraded", "critical"),
        (10, 9, "insufficient data", "insufficient data"),
        (0, 0, "no data", "insufficient data"),
    ],
)
def test_failure_rate_against_its_limits(run_record, passed, failed, status, metric_status):
    """25 % warns, 50 % is critical, below twenty tests nothing is claimed."""
    health, metrics = _judge([run_record(passed=passed, failed=failed)])
    assert (health.status, metrics["failure rate"].status) == (status, metric_status)


def test_runs_are_added_up(run_record):
    """The window's rate is over all its tests, errors count as failures."""
    _health, metrics = _judge([run_record(passed=30, failed=5), run_record(id="run-2", passed=10, errors=5)])
    assert (metrics["failure rate"].numerator, metrics["failure rate"].n) == (10, 50)


def test_duration_counts_every_attempt_and_wait_of_healed_tests_only(run_record, failure_record):
    """Backoff is part of what a recovery costs; an ordinary failure is no recovery."""
    tried = Attempt(1, Category.TRANSIENT, "s", "E", "m", duration_s=1.0, waited_s=4.0)
    healed = [failure_record(id=str(n), outcome=Outcome.HEALED, attempts=(tried,), duration_s=1.0) for n in range(5)]
    _health, metrics = _judge([run_record()], [*healed, failure_record(duration_s=1000.0)])
    assert metrics["mean recovery duration"].value == pytest.approx(6.0)
    assert metrics["mean recovery duration"].n == 5


def test_shares_without_enough_events_have_no_value(run_record):
    """One success of one is not a success rate of 100 %."""
    event = HealingEvent("e", "t", "run-1", "fix", "ok", "v1:x")
    _health, metrics = _judge([run_record()], events=[event])
    assert metrics["auto-fix success"].value is None
    assert (metrics["auto-fix success"].numerator, metrics["auto-fix success"].n) == (1, 1)
