"""Health of runs against the alert thresholds, always with numerator, denominator and minimum sample.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_selfheal.model import Alert
from pytest_selfheal.model import Category
from pytest_selfheal.model import Health
from pytest_selfheal.model import Metric
from pytest_selfheal.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from pytest_selfheal.gate_policy import GatePolicy
    from pytest_selfheal.gate_policy import Threshold
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import Pattern
    from pytest_selfheal.model import RunRecord

_STATUS_ORDER = ("ok", "warning", "critical")
_WEEK_DAYS = 7


def judge_health(
    runs: Sequence[RunRecord],
    failures: Sequence[FailureRecord],
    events: Sequence[HealingEvent],
    policy: GatePolicy,
    *,
    since: str,
    until: str,
    patterns: Sequence[Pattern] = (),
) -> Health:
    """Return the metrics of `runs` with the failures and events that belong to them.

    The unit of count is one test per run with its final outcome: retries are attempts, skips and expected failures are
    not executed. Durations are those of tests that were healed or timed out, all attempts and waits included: the
    architecture document's limits are for one recovery, a mean over all tests would never reach them.

    The long-term figures ("Success Metrics") follow: *auto-fix success* is what a retry healed or an applied fix turned
    green, of all tests that were retried and fixes that were tried; *mean recovery time* is how long those successes
    took; *escalation rate* is what was left to people, of everything that was handled. A failure that the policy
    declined to retry or to fix is an escalation, never a failed fix. None of them has a value below its minimum sample.

    Args:
        runs: finished runs of the window.
        failures: their failures.
        events: their healing events.
        policy: thresholds and minimum samples.
        since: start of the window, UTC, ISO 8601.
        until: end of the window.
        patterns: ways of fixing as the store knows them.
    """
    executed = sum(run.passed + run.failed + run.errors for run in runs)
    failed = sum(run.failed + run.errors for run in runs)
    timeouts = sum(run.timeouts for run in runs)
    durations = [_recovery_s(record) for record in failures if _was_recovered_or_timed_out(record)]
    metrics = (
        _rate("failure rate", failed, executed, policy.failure_rate, policy.min_samples),
        _rate("timeout rate", timeouts, executed, policy.timeout_rate, policy.min_samples),
        _mean("mean recovery duration", durations, policy.avg_duration_s, policy.min_duration_samples),
        *_success(runs, failures, events, policy),
        Metric(
            "healed by retry",
            float(sum(run.healed for run in runs)),
            len(runs),
            float(sum(run.healed for run in runs)),
            "tests",
        ),
        _learned(patterns, since, until),
        _written(events),
    )
    return Health(_overall(metrics, executed), since, until, len(runs), metrics)


def new_alerts(health: Health, run_id: str, told: Mapping[str, str]) -> list[Alert]:
    """Return an alert for every metric that reached a limit and was not told at that level before.

    Args:
        health: metrics of the window.
        run_id: the run that ends.
        told: by name of the metric, the level told last in this window.
    """
    return [
        Alert(metric.status, metric, run_id, health.since, health.until, _sentence(metric))
        for metric in health.metrics
        if metric.warning is not None
        and metric.value is not None
        and metric.status in _STATUS_ORDER[1:]
        and _STATUS_ORDER.index(metric.status) > _STATUS_ORDER.index(told.get(metric.name, "ok"))
    ]


def _sentence(metric: Metric) -> str:
    limit = metric.critical if metric.status == "critical" else metric.warning
    if metric.unit == "share":
        figures = f"{metric.value:.1%} ({metric.numerator:g} of {metric.n}), {metric.status} from {limit:.0%} on"
    else:
        figures = f"{metric.value:.1f} s (n={metric.n}), {metric.status} from {limit:g} s on"
    return f"{metric.name} is {figures}"


def _success(
    runs: Sequence[RunRecord],
    failures: Sequence[FailureRecord],
    events: Sequence[HealingEvent],
    policy: GatePolicy,
) -> tuple[Metric, ...]:
    fixes = [event for event in events if event.action == "fix"]
    fixed = [event for event in fixes if event.result == "ok"]
    healed = [record for record in failures if record.outcome is Outcome.HEALED]
    lost = [record for record in failures if record.attempts and record.outcome is not Outcome.HEALED]
    healed_count = sum(run.healed for run in runs)
    escalations = sum(event.action == "escalate" for event in events)
    saved = healed_count + len(fixed)
    handled = healed_count + len(fixes) + escalations
    times = [*(_recovery_s(record) for record in healed), *(event.duration_s for event in fixed)]
    return (
        _share("auto-fix success", saved, healed_count + len(lost) + len(fixes), policy.min_samples),
        _average("mean recovery time", times, policy.min_samples),
        _share("escalation rate", escalations, handled, policy.min_samples),
        Metric("interventions saved", float(saved), handled, float(saved), "tests"),
    )


def _learned(patterns: Sequence[Pattern], since: str, until: str) -> Metric:
    count = sum(pattern.learned and pattern.created_at >= since for pattern in patterns)
    days = _days(since, until)
    value = count * _WEEK_DAYS / days if days >= _WEEK_DAYS else None
    status = "ok" if value is not None else "insufficient data"
    return Metric("patterns learned per week", value, int(days), float(count), "per week", status, minimum=_WEEK_DAYS)


def _written(events: Sequence[HealingEvent]) -> Metric:
    wanted = [event for event in events if event.action == "regression"]
    written = sum(event.result == "ok" for event in wanted)
    return Metric("tests generated from failures", float(written), len(wanted), float(written), "tests")


def _days(since: str, until: str) -> float:
    try:
        start, end = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (since, until))
        return (end - start).total_seconds() / 86_400
    except (ValueError, TypeError):
        return 0.0


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


def _average(name: str, values: Sequence[float], minimum: int) -> Metric:
    enough = len(values) >= minimum
    total = sum(values)
    value = total / len(values) if enough and values else None
    status = "ok" if value is not None else "insufficient data"
    return Metric(name, value, len(values), total, "seconds", status, minimum=minimum)


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
