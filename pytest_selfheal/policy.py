"""Policy: every threshold once, with its unit, its default and where the number comes from.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from pytest_selfheal.ai_settings import AiSettings
from pytest_selfheal.gate_policy import AlertPolicy
from pytest_selfheal.gate_policy import GatePolicy
from pytest_selfheal.model.value import Value
from pytest_selfheal.model.words import Category
from pytest_selfheal.model.words import Phase
from pytest_selfheal.model.words import Severity
from pytest_selfheal.rewrite_settings import RewriteRule

MODES = ("auto", "suggest", "record", "off")
AUTO_GATES = ("standard", "strict")
STORE = ".selfheal"
TRUSTS = ("auto", "local", "trusted_ci", "collaborator", "untrusted")


@dataclass(frozen=True)
class RuleSetting(Value):
    """`[tool.selfheal.rules.NAME]`: one rule of the project's own, tried before the built-in ones.

    All conditions given must hold, and at least one must be given.

    Attributes:
        category: what such a failure is.
        types: fully-qualified class names, `*` stands for anything; the exception or one of its bases must match.
        message: regular expression searched in the message, ignoring case.
        facts: fact name (`http_status`, `errno_name`, `sqlstate`, ...) to the values allowed.
        phases: `collect`, `setup`, `call`, `teardown`; empty means any.
        severity: instead of the severity of the category.
        confidence: probability that the rule is right.
    """

    category: Category
    types: tuple[str, ...] = ()
    message: str = ""
    facts: dict[str, tuple[str | int, ...]] = field(default_factory=dict)
    phases: tuple[Phase, ...] = ()
    severity: Severity | None = None
    confidence: float = 0.95


@dataclass(frozen=True)
class Policy(Value):
    """`[tool.selfheal]`: everything that can be set, with its default.

    Attributes:
        mode: `auto`, `suggest` (never writes code), `record` (observe only) or `off`.
        store: folder of the JSON store, relative to the root directory and inside it; or a connection string, which
            is kept in `store_url`.
        store_url: connection string of a shared database; its records pass through the folder `.selfheal/spool`.
        attempts: tries of a transiently failing test, the first included ("Exponential Backoff": 3).
        retry_base_s: backoff before try n+1 is `min(retry_base_s * 2**n, retry_cap_s)`.
        retry_cap_s: upper limit of one backoff, seconds.
        retry_jitter: draw the wait uniformly from zero to the backoff ("full jitter").
        retry_after_cap_s: a service or test that asks to wait longer is not waited for, seconds.
        retry_budget_s: seconds one process may spend waiting in one run; then failures are reported at once.
        retry_budget_share: share of a run's tests that may be retried; 100 tests always may.
        storm_failures: after so many retries failed with one outage key and none recovered, that key is not retried.
        storm_pause_s: how long it is not; then one probe decides.
        timeout_s: hard limit of one try of one test when the user set none through pytest-timeout; 0 sets none
            ("Timeout Handling": 300).
        accept_fixes: let the run pass when every remaining failure was fixed by an applied fix.
        fail_on_healed: a test that passed only on a retry fails the run.
        apply_confidence: lower bound for acting alone ("auto-apply": 0.75).
        suggest_confidence: lower bound for suggesting one fix ("suggest": 0.70).
        repair_budget_s: seconds the repair of one run may take.
        fix_budget_s: seconds of these that the candidates for one error may take.
        validation_timeout_s: seconds one validation run may take before it is killed.
        fix_rounds: how many errors hidden behind each other may be fixed in a row.
        edit_roots: folders whose files may be edited, relative to the root; empty means the whole project.
        auto_gate: what must reach `apply_confidence`: `standard` compares the posterior mean of a learned pattern,
            `strict` its lower 80 % bound.
        learn: keep the sources of failing tests and learn from the edits that turn them green.
        snapshots_mb: the most the kept sources may take on disk, megabytes.
        occurrences: runs with one error signature before a regression test is written ("3+").
        occurrence_gap_s: runs with the same error that are nearer to each other than this count once, seconds: a red
            test that is run again and again while its code is being written is one error.
        window_days: the window for `occurrences` ("in 7 days").
        no_regression_for: categories of failures that get no regression test, however often they come.
        regression_budget_s: seconds one run may spend on reproducing errors and proving regression tests.
        regression_dir: folder for generated regression tests, relative to the root.
        trust: who started the run; `auto` decides from the CI environment.
        retention_days: raw records older than this are dropped when the store is compacted.
        telemetry: send what happened in a run to OpenTelemetry.
        rules: rules of the project's own for what its failures are, by name.
        rewrite: rules of the project's own for names and keywords that a library took away.
        gate: thresholds of `selfheal gate`.
        alerts: who is told when health gets worse.
        ai: which model may be asked, and how much.
    """

    mode: str = "auto"
    store: str = STORE
    store_url: str = field(default="", repr=False)
    attempts: int = 3
    retry_base_s: float = 1.0
    retry_cap_s: float = 10.0
    retry_jitter: bool = True
    retry_after_cap_s: float = 60.0
    retry_budget_s: float = 300.0
    retry_budget_share: float = 0.2
    storm_failures: int = 5
    storm_pause_s: float = 60.0
    timeout_s: float = 300.0
    accept_fixes: bool = False
    fail_on_healed: bool = False
    apply_confidence: float = 0.75
    suggest_confidence: float = 0.70
    repair_budget_s: float = 120.0
    fix_budget_s: float = 30.0
    validation_timeout_s: float = 120.0
    fix_rounds: int = 5
    edit_roots: tuple[str, ...] = ()
    auto_gate: str = "standard"
    learn: bool = True
    snapshots_mb: float = 20.0
    occurrences: int = 3
    occurrence_gap_s: float = 3600.0
    window_days: float = 7.0
    no_regression_for: tuple[str, ...] = ("transient", "rate_limit", "environment", "missing_dependency", "timeout")
    regression_budget_s: float = 120.0
    regression_dir: str = "tests/regressions"
    trust: str = "auto"
    retention_days: int = 90
    telemetry: bool = False
    rules: dict[str, RuleSetting] = field(default_factory=dict)
    rewrite: tuple[RewriteRule, ...] = ()
    gate: GatePolicy = field(default_factory=GatePolicy)
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    ai: AiSettings = field(default_factory=AiSettings)
