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
class Alert(Value):
    """A metric of health that reached a limit. `level` is warning or critical; `text` says it in one sentence."""

    level: str
    metric: Metric
    run_id: str
    since: str
    until: str
    text: str


@dataclass(frozen=True)
class RuleResult(Value):
    """One gate rule's answer. `verdict` is ok, warn, block or neutral; `advice` says what to do next.

    At most ten `tests` are named; `more` counts the others.
    """

    rule: str
    title: str
    verdict: str
    value: str
    threshold: str = ""
    n: int = 0
    tests: tuple[str, ...] = ()
    advice: str = ""
    more: int = 0


@dataclass(frozen=True)
class Verdict(Value):
    """The gate's answer for one run: `status` pass, warn, block or unknown, and every rule behind it.

    Attributes:
        status: the worst verdict of a rule.
        run_id: the run judged; of several shards their ids.
        rules: every rule's answer, in order.
        source: `store` or `junit`.
        started_at: when the run began, UTC; empty when nobody knows.
        commit: what the run tested.
        head: what is checked out now.
        base: the branch compared with, and its commit; empty without one.
        settings: where the limits come from: `base`, `checkout` or `defaults`.
        baseline: what failures of the base were known, in words.
        notes: what a reader should know besides.
    """

    status: str
    run_id: str
    rules: tuple[RuleResult, ...]
    source: str = "store"
    started_at: str = ""
    commit: str = ""
    head: str = ""
    base: str = ""
    settings: str = "checkout"
    baseline: str = ""
    notes: tuple[str, ...] = ()
