"""Health: metrics with numerator, denominator and minimum sample."""

from __future__ import annotations

import pytest

from pytest_selfheal.gate_policy import GatePolicy
from pytest_selfheal.health import judge_health
from pytest_selfheal.model import Attempt
from pytest_selfheal.model import Category
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Pattern


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


def _metrics(runs, failures=(), events=(), **more):
    health = judge_health(runs, failures, events, GatePolicy(), **{"since": "a", "until": "b", **more})
    return {metric.name: metric for metric in health.metrics}


def test_auto_fix_success_counts_what_was_tried(run_record, failure_record):
    """Retries and fixes that worked, of all of them; what nobody tried is no failed fix."""
    tried = Attempt(1, Category.TRANSIENT, "s", "E", "m", duration_s=1.0, waited_s=1.0)
    healed = [failure_record(id=f"h{n}", outcome=Outcome.HEALED, attempts=(tried,)) for n in range(17)]
    lost = [failure_record(id="l", attempts=(tried,)), failure_record(id="never tried")]
    fixes = [HealingEvent(str(n), "t", "run-1", "fix", "ok" if n else "failed", "s", duration_s=10.0) for n in range(2)]
    metrics = _metrics([run_record(healed=17)], [*healed, *lost], fixes)
    success, recovery = metrics["auto-fix success"], metrics["mean recovery time"]
    assert (success.numerator, success.n, success.value) == (18, 20, pytest.approx(0.9))
    assert (recovery.n, recovery.value) == (18, None)
    assert metrics["interventions saved"].value == 18


@pytest.mark.parametrize(("count", "value"), [(19, None), (20, 2.0)])
def test_mean_recovery_time_needs_its_sample(run_record, failure_record, count, value):
    """Twenty recoveries, all tries and waits included."""
    tried = Attempt(1, Category.TRANSIENT, "s", "E", "m", duration_s=0.5, waited_s=0.5)
    healed = [
        failure_record(id=str(n), outcome=Outcome.HEALED, attempts=(tried,), duration_s=1.0) for n in range(count)
    ]
    assert _metrics([run_record(healed=count)], healed)["mean recovery time"].value == value


def test_learned_patterns_are_counted_per_week(run_record):
    """Over a window of at least one; those learned before it do not count."""
    learned = [
        Pattern("p", "e", {}, 3, 0, 0.9, "t", created, learned=known)
        for created, known in [("2026-11-20", True), ("2026-11-21", False), ("2026-11-01", True)]
    ]
    window = {"since": "2026-11-10T00:00:00.000Z", "until": "2026-11-24T00:00:00.000Z"}
    metric = _metrics([run_record()], patterns=learned, **window)["patterns learned per week"]
    assert (metric.value, metric.numerator, metric.n) == (0.5, 1, 14)
    short = _metrics([run_record()], patterns=learned)["patterns learned per week"]
    assert (short.value, short.status) == (None, "insufficient data")


def test_generated_tests_are_counted(run_record):
    """Those that were written, of those that were wanted."""
    events = [HealingEvent(str(n), "t", "run-1", "regression", "ok" if n else "refused", "s") for n in range(3)]
    metric = _metrics([run_record()], events=events)["tests generated from failures"]
    assert (metric.value, metric.n) == (2, 3)
