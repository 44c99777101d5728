"""The settings of the gate and of health: every limit once, with its unit and where the number comes from.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_selfheal.model.value import Value


@dataclass(frozen=True)
class Threshold(Value):
    """A pair of limits: at or above `warn` the gate warns, at or above `critical` it blocks."""

    warn: float
    critical: float


@dataclass(frozen=True)
class GatePolicy(Value):
    """`[tool.selfheal.gate]`. Rates are shares (0-1), durations seconds.

    The limits are the architecture document's "Alert Thresholds" (25/50 %, 10/20 %, 120/240 s) and "Target KPIs" (90 %,
    30 s, 5 %). `min_samples` tests must have run before a rate may warn: at 20 a true rate of 5 % raises a false alarm
    in 0.3 % of runs.

    Attributes:
        failure_rate: failed tests of those executed.
        timeout_rate: timed out tests of those executed.
        avg_duration_s: mean time of tests that were healed or timed out, all tries and waits included.
        min_samples: executed tests before a rate is judged.
        min_duration_samples: healed or timed out tests before their mean is judged.
        rate_test: `point` compares the observed share, `wilson` the lower bound of its 95 % interval.
        known_flaky: what a failure of a test known to be flaky does: `warn` or `block`.
        flaky_days: how long a test stays known as flaky, days.
        flaky_min_runs: runs that must be known before anything is called flaky.
        new_flaky: what a new or changed test that passed only on a retry does: `block` or `warn`.
        selection: what a run of a part of the tests (`-k`, one file) does: `block` or `warn`.
        base: the branch that changes are compared with; empty finds it from the CI service or `origin/HEAD`.
        baseline_runs: how many of the last runs of that branch tell which failures are not new.
        kpi: `warn` judges the long-term figures below, `off` leaves them out.
        kpi_days: the window of these figures, days.
        fix_success: retries and fixes that worked, of all that were tried.
        recovery_s: mean time until a test was healed or fixed, seconds.
        escalation_rate: failures left to people, of all that were handled.
    """

    failure_rate: Threshold = Threshold(0.25, 0.50)
    timeout_rate: Threshold = Threshold(0.10, 0.20)
    avg_duration_s: Threshold = Threshold(120.0, 240.0)
    min_samples: int = 20
    min_duration_samples: int = 5
    rate_test: str = "point"
    known_flaky: str = "warn"
    flaky_days: float = 14.0
    flaky_min_runs: int = 20
    new_flaky: str = "block"
    selection: str = "block"
    base: str = ""
    baseline_runs: int = 3
    kpi: str = "warn"
    kpi_days: float = 7.0
    fix_success: float = 0.90
    recovery_s: float = 30.0
    escalation_rate: float = 0.05


@dataclass(frozen=True)
class AlertPolicy(Value):
    """`[tool.selfheal.alerts]`: who is told when health gets worse, besides the hook `pytest_selfheal_alert`.

    Attributes:
        command: program and arguments; the alert comes as JSON on its standard input.
        webhook: address that the alert is posted to as JSON, `https://` (or `http://` on this machine).
        timeout_s: after this a command is killed and a request given up, seconds.
        window_h: how far back a run on this machine looks for its rates, hours ("Failure Rate Calculation": 1); in CI
            a run is judged alone.
    """

    command: tuple[str, ...] = ()
    webhook: str = ""
    timeout_s: float = 10.0
    window_h: float = 1.0


GATE_WORDS: dict[str, tuple[str, ...]] = {
    "rate_test": ("point", "wilson"),
    "known_flaky": ("warn", "block"),
    "new_flaky": ("block", "warn"),
    "selection": ("block", "warn"),
    "kpi": ("warn", "off"),
}
"""The words that keys of the gate may take."""
