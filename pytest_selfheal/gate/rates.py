"""Rates: G7 of this run, G8 the long-term figures of the base branch.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_selfheal.gate.answers import answer

if TYPE_CHECKING:
    from pytest_selfheal.gate_policy import GatePolicy
    from pytest_selfheal.model import Health
    from pytest_selfheal.model import Metric
    from pytest_selfheal.model import RuleResult

_Z = 1.959963984540054
"""Two-sided 95 % of the normal distribution."""


def rates(health: Health, policy: GatePolicy) -> list[RuleResult]:
    """G7: failure rate, timeout rate and mean recovery duration against their two limits."""
    return [_rate(metric, policy) for metric in health.metrics if metric.warning is not None]


def _rate(metric: Metric, policy: GatePolicy) -> RuleResult:
    threshold = f"warn {number(metric.warning, metric.unit)}, critical {number(metric.critical, metric.unit)}"
    if metric.value is None:
        return answer("G7", metric.name, "neutral", insufficient(metric), threshold=threshold, n=metric.n)
    judged = metric.value
    value = _with_evidence(metric, metric.value)
    if metric.unit == "share" and policy.rate_test == "wilson":
        judged = wilson_lower(metric.numerator, metric.n)
        value += f", at least {judged:.1%}"
    verdict = "ok"
    if metric.critical is not None and judged >= metric.critical:
        verdict = "block"
    elif metric.warning is not None and judged >= metric.warning:
        verdict = "warn"
    advice = "look for one common cause: `selfheal failures` groups them by signature"
    return answer("G7", metric.name, verdict, value, threshold=threshold, n=metric.n, advice=advice)


def goals(trend: Health | None, policy: GatePolicy) -> list[RuleResult]:
    """G8: auto-fix success, mean recovery time and escalation rate of the base branch; they only ever warn."""
    if policy.kpi == "off":
        return []
    wanted = {
        "auto-fix success": ("at least", policy.fix_success),
        "mean recovery time": ("below", policy.recovery_s),
        "escalation rate": ("below", policy.escalation_rate),
    }
    metrics = {metric.name: metric for metric in trend.metrics} if trend is not None else {}
    return [_goal(name, metrics.get(name), word, goal, policy) for name, (word, goal) in wanted.items()]


def _goal(name: str, metric: Metric | None, word: str, goal: float, policy: GatePolicy) -> RuleResult:
    if metric is None:
        return answer("G8", name, "neutral", "no history of the base branch")
    threshold = f"{word} {number(goal, metric.unit)} in {policy.kpi_days:g} days"
    if metric.value is None:
        return answer("G8", name, "neutral", insufficient(metric), threshold=threshold, n=metric.n)
    met = metric.value >= goal if word == "at least" else metric.value < goal
    advice = "of the base branch, not of this change: `selfheal health --hours 168` shows the figures"
    value = _with_evidence(metric, metric.value)
    return answer("G8", name, "ok" if met else "warn", value, threshold=threshold, n=metric.n, advice=advice)


def wilson_lower(part: float, whole: int) -> float:
    """Return the lower end of Wilson's 95 % interval of a share; 0 for an empty sample."""
    if not whole:
        return 0.0
    share, square = part / whole, _Z * _Z
    centre = share + square / (2 * whole)
    spread = _Z * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    return max(0.0, (centre - spread) / (1 + square / whole))


def insufficient(metric: Metric) -> str:
    """Return why a metric has no value."""
    return f"insufficient data (n={metric.n} < {metric.minimum})"


def number(value: float | None, unit: str) -> str:
    """Return a share in percent or seconds."""
    if value is None:
        return "-"
    return f"{value:.1%}" if unit == "share" else f"{value:.1f} s"


def _with_evidence(metric: Metric, value: float) -> str:
    text = number(value, metric.unit)
    return f"{text} ({metric.numerator:g}/{metric.n})" if metric.unit == "share" else text
