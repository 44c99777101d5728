"""Health of runs against the alert thresholds, always with numerator, denominator and minimum sample.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.model import Category
from pytest_selfheal.model import Health
from pytest_selfheal.model import Metric
from pytest_selfheal.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.config import GatePolicy
    from pytest_selfheal.config import Threshold
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import RunRecord

_STATUS_ORDER = ("ok", "warning", "critical")


def judge_health(
    runs: Sequence[RunRecord],
    failures: Sequence[FailureRecord],
    events: Sequence[HealingEvent],
    policy: GatePolicy,
    *,
    since: str,
    until: str,
) -> Health:
    """Return the metrics of `runs` with the failures and events that belong to them.

    The unit of count is one test per run with its final outcome: retries are attempts, skips and expected failures are
    not executed. Durations are those of tests that were healed or timed out, all attempts and waits included: the
    architecture document's limits are for one recovery, a mean over all tests would never reach them.

    Args:
        runs: finished runs of the window.
        failures: their failures.
        events: their healing events.
        policy: thresholds and minimum samples.
        since: start of the window, UTC, ISO 8601.
        until: end of the window.
    """
    executed = sum(run.passed + run.failed + run.errors for run in runs)
    failed = sum(run.failed + run.errors for run in runs)
    timeouts = sum(run.timeouts for run in runs)
    durations = [_recovery_s(record) for record in failures if _was_recovered_or_timed_out(record)]
    fixes = [event for event in events if event.action == "fix"]
    fixed = sum(event.result == "ok" for event in fixes)
    healed = sum(run.healed for run in runs)
    escalations = sum(event.action == "escalate" for event in events)
    handled = healed + len(fixes) + escalations
    metrics = (
        _rate("failure rate", failed, executed, policy.failure_rate, policy.min_samples),
        _rate("timeout rate", timeouts, executed, policy.timeout_rate, policy.min_samples),
        _mean("mean recovery duration", durations, policy.avg_duration_s, policy.min_duration_samples),
        _share("auto-fix success", fixed, len(fixes), policy.min_samples),
        _share("escalation rate", escalations, handled, policy.min_samples),
        Metric("healed by retry", float(healed), len(runs), float(healed), "tests"),
    )
    return Health(_overall(metrics, executed), since, until, len(runs), metrics)


def _was_recovered_or_timed_out(record: FailureRecord) -> bool:
    return record.outcome is Outcome.HEALED or record.failure_category is Category.TIMEOUT


def _recovery_s(record: FailureRecord) -> float:
    return record.duration_s + sum(attempt.duration_s + attempt.waited_s for attempt in record.attempts)


def _rate(name: str, part: int, whole: int, limits: Threshold, minimum: int) -> Metric:
    if whole < minimum:
        return _insufficient(name, part, whole, limits, minimum, "share")
    value = part / whole
    return Metric(
        name, value, whole, float(part), "share", _status(value, limits), limits.warn, limits.critical, minimum
    )


def _mean(name: str, values: Sequence[float], limits: Threshold, minimum: int) -> Metric:
    total = sum(values)
    if len(values) < minimum:
        return _insufficient(name, total, len(values), limits, minimum, "seconds")
    value = total / len(values)
    return Metric(
        name, value, len(values), total, "seconds", _status(value, limits), limits.warn, limits.critical, minimum
    )


def _share(name: str, part: int, whole: int, minimum: int) -> Metric:
    enough = whole >= minimum
    return Metric(
        name,
        part / whole if enough else None,
        whole,
        float(part),
        "share",
        "ok" if enough else "insufficient data",
        minimum=minimum,
    )


def _insufficient(name: str, part: float, n: int, limits: Threshold, minimum: int, unit: str) -> Metric:
    return Metric(name, None, n, float(part), unit, "insufficient data", limits.warn, limits.critical, minimum)


def _status(value: float, limits: Threshold) -> str:
    if value >= limits.critical:
        return "critical"
    return "warning" if value >= limits.warn else "ok"


def _overall(metrics: Sequence[Metric], executed: int) -> str:
    judged = [metric.status for metric in metrics if metric.warning is not None and metric.value is not None]
    if not judged:
        return "insufficient data" if executed else "no data"
    worst = max(judged, key=_STATUS_ORDER.index)
    return {"ok": "healthy", "warning": "warning", "critical": "degraded"}[worst]
