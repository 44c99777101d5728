"""What the gate looks at, as values: gathered by the shell, judged by the rules.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

from pytest_selfheal.gate_policy import GatePolicy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import Health
    from pytest_selfheal.model import RunRecord


@dataclass(frozen=True)
class KnownFailure:
    """One way in which a test failed on the base: its signature, empty when unknown, and the class of its error."""

    signature: str
    error: str


@dataclass(frozen=True)
class Baseline:
    """What is known of the base branch.

    Attributes:
        runs: how many of its runs were looked at; with none there is no baseline.
        failing: by key of the test, the ways it failed in them.
        flaky: keys of tests known to have failed and passed on one commit.
        flaky_runs: how many runs that knowledge rests on.
        source: where it comes from, in words.
    """

    runs: int = 0
    failing: Mapping[str, frozenset[KnownFailure]] = field(default_factory=dict)
    flaky: frozenset[str] = frozenset()
    flaky_runs: int = 0
    source: str = ""


@dataclass(frozen=True)
class Change:
    """What the branch changes.

    Attributes:
        files: changed and new files, relative to the root, `/` between folders; None when there is no base to ask.
        settings: sentences about changed settings of the gate.
        pytest_settings: files whose settings of pytest changed.
    """

    files: frozenset[str] | None = None
    settings: tuple[str, ...] = ()
    pytest_settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """How the run stands to this checkout and to the process that started it.

    Attributes:
        head: the commit checked out; empty outside git.
        in_ci: whether the gate runs in CI, where a run of another commit blocks instead of warning.
        pytest_exit: the exit status of the pytest call just made, as its caller saw it; None when not told.
        unstarted: why a pytest call after the newest run never began its tests; empty when there was none.
        expected_shards: how many runs belong together; 0 when nobody said.
        found_shards: how many were found.
        problems: what was wrong with the results themselves, such as a file that is cut off.
    """

    head: str = ""
    in_ci: bool = False
    pytest_exit: int | None = None
    unstarted: str = ""
    expected_shards: int = 0
    found_shards: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """One run with its failures, events and health, and what they are compared with.

    Attributes:
        run: the run to judge; None when there is none.
        failures: its failures.
        events: its healing events.
        health: metrics of this run alone.
        degraded: why the store cannot be trusted; empty when it can.
        baseline: what is known of the base branch.
        change: what the branch changes.
        standing: how the run stands to this checkout.
        trend: metrics of the base branch over days; None when there is no history.
        regression_dir: folder of generated regression tests.
        policy: the limits.
        source: `store` or `junit`.
    """

    run: RunRecord | None
    failures: Sequence[FailureRecord] = ()
    events: Sequence[HealingEvent] = ()
    health: Health | None = None
    degraded: tuple[str, ...] = ()
    baseline: Baseline = field(default_factory=Baseline)
    change: Change = field(default_factory=Change)
    standing: Standing = field(default_factory=Standing)
    trend: Health | None = None
    regression_dir: str = "tests/regressions"
    policy: GatePolicy = field(default_factory=GatePolicy)
    source: str = "store"
