"""Metrics with their evidence, and verdicts with their reasons.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_selfheal.model.value import Value


@dataclass(frozen=True)
class Metric(Value):
    """A share or a mean with its evidence. `value` is None when `n` is below the minimum sample."""

    name: str
    value: float | None
    n: int
    numerator: float
    unit: str
    status: str = "ok"
    warning: float | None = None
    critical: float | None = None
    minimum: int = 0


@dataclass(frozen=True)
class Health(Value):
    """Metrics over a window. `status` is healthy, warning or degraded, or `insufficient data`."""

    status: str
    since: str
    until: str
    runs: int
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class RuleResult(Value):
    """One gate rule's answer. `verdict` is ok, warn, block or neutral; `advice` says what to do next."""

    rule: str
    title: str
    verdict: str
    value: str
    threshold: str = ""
    n: int = 0
    tests: tuple[str, ...] = ()
    advice: str = ""


@dataclass(frozen=True)
class Verdict(Value):
    """The gate's answer for one run: `status` pass, warn, block or unknown, and every rule behind it."""

    status: str
    run_id: str
    rules: tuple[RuleResult, ...]
