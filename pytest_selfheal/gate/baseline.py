"""What the base branch tells: failures that are not new, and tests that fail now and then without a change.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.gate.evidence import Baseline
from pytest_selfheal.gate.matching import known_failure
from pytest_selfheal.gate.matching import test_key
from pytest_selfheal.model.words import Outcome
from pytest_selfheal.model.words import Trust

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from pytest_selfheal.gate.evidence import KnownFailure
    from pytest_selfheal.gate_policy import GatePolicy
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import RunRecord


@dataclass(frozen=True)
class BaseRun:
    """A run of the base branch. `certain`: what it tells of its commit is believed, passing tests included."""

    run: RunRecord
    failures: Sequence[FailureRecord]
    certain: bool = True


def is_base_run(run: RunRecord, base_commits: frozenset[str]) -> bool:
    """Tell whether a run speaks for the base branch: CI ran it there, or it ran at one of its commits.

    A failing run of another machine must have had nothing changed: else work in progress would excuse new bugs.
    """
    if run.trust is Trust.TRUSTED_CI:
        return True
    if run.trust is not Trust.LOCAL or not run.commit or run.commit not in base_commits:
        return False
    return run.clean or not run.failed + run.errors


def base_run(run: RunRecord, failures: Sequence[FailureRecord]) -> BaseRun:
    """Return a run of the base branch with its failures; what passed with a change in the tree proves nothing."""
    return BaseRun(run, failures, certain=run.trust is Trust.TRUSTED_CI or run.clean)


def baseline_from(runs: Sequence[BaseRun], policy: GatePolicy, *, flaky_since: str, source: str) -> Baseline:
    """Return what these runs of the base branch tell.

    Args:
        runs: newest first.
        policy: how many runs tell of failures; `flaky_min_runs` is judged later.
        flaky_since: runs before this, UTC, say nothing about flaky tests.
        source: where the runs come from, in words.
    """
    recent = [one for one in runs if one.run.complete][: policy.baseline_runs]
    within = [one for one in runs if one.run.complete and one.certain and one.run.started_at >= flaky_since]
    return Baseline(
        runs=len(recent),
        failing=_failing(recent),
        flaky=_flaky(within),
        flaky_runs=len(within),
        source=f"{len(recent)} run{'s' if len(recent) > 1 else ''} of {source}" if recent else "",
    )


def _failing(runs: Iterable[BaseRun]) -> dict[str, frozenset[KnownFailure]]:
    found: dict[str, set[KnownFailure]] = defaultdict(set)
    for one in runs:
        for record in one.failures:
            if record.outcome is not Outcome.HEALED:
                found[test_key(record.nodeid)].add(known_failure(record))
    return {key: frozenset(ways) for key, ways in found.items()}


def _flaky(runs: Sequence[BaseRun]) -> frozenset[str]:
    """Return tests with both outcomes on one commit: healed within a run, or failed in one and not in another.

    The store keeps no passing tests: one that is missing among the failures of a whole run at the commit did pass.
    """
    flaky: set[str] = set()
    whole: dict[str, list[set[str]]] = defaultdict(list)
    failed: dict[str, set[str]] = defaultdict(set)
    for one in runs:
        keys = {test_key(record.nodeid) for record in one.failures if record.outcome is not Outcome.HEALED}
        flaky |= {test_key(record.nodeid) for record in one.failures if record.outcome is Outcome.HEALED}
        if one.run.commit:
            failed[one.run.commit] |= keys
            if not one.run.selection and not one.run.shard and one.run.exit_status in (0, 1):
                whole[one.run.commit].append(keys)
    for commit, keys in failed.items():
        flaky |= {key for key in keys if any(key not in others for others in whole[commit])}
    return frozenset(flaky)
