"""Failing tests: G1 regression tests, G2 new failures, G3 failures of the base, G4 tests known to be flaky.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from pytest_selfheal.gate.answers import answer
from pytest_selfheal.gate.answers import nodeids
from pytest_selfheal.gate.answers import reproduce
from pytest_selfheal.gate.complete import executed
from pytest_selfheal.gate.matching import is_below
from pytest_selfheal.gate.matching import is_in
from pytest_selfheal.gate.matching import is_known
from pytest_selfheal.gate.matching import test_key
from pytest_selfheal.model.words import Outcome

if TYPE_CHECKING:
    from pytest_selfheal.gate.evidence import Evidence
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import RuleResult
    from pytest_selfheal.model import RunRecord


class Sorted(NamedTuple):
    """The failing tests of a run, each in one place; `unseen` counts those that the run counted and nobody recorded."""

    regressions: tuple[FailureRecord, ...]
    new: tuple[FailureRecord, ...]
    known: tuple[FailureRecord, ...]
    flaky: tuple[FailureRecord, ...]
    unseen: int


def sorted_failures(run: RunRecord, evidence: Evidence) -> Sorted:
    """Put every failing test into its place; a test that failed in several ways is as new as the newest of them."""
    places: dict[str, tuple[int, FailureRecord]] = {}
    for record in evidence.failures:
        if record.outcome is Outcome.HEALED:
            continue
        key = test_key(record.nodeid)
        place = _place(record, key, evidence)
        if key not in places or place < places[key][0]:
            places[key] = (place, record)
    found = [tuple(record for place, record in places.values() if place == wanted) for wanted in range(4)]
    unseen = max(0, run.failed + run.errors - len(places))
    return Sorted(found[0], found[1], found[2], found[3], unseen)


def _place(record: FailureRecord, key: str, evidence: Evidence) -> int:
    if record.is_regression or is_below(key, evidence.regression_dir):
        return 0
    baseline, changed = evidence.baseline, evidence.change.files
    if is_known(record, baseline.failing.get(key, ())):
        return 2
    enough = baseline.flaky_runs >= evidence.policy.flaky_min_runs
    # Without a diff nobody can say that this change left the test alone.
    if enough and key in baseline.flaky and changed is not None and not is_in(key, changed):
        return 3
    return 1


def regression_tests(found: Sorted) -> RuleResult:
    """G1: a bug that was known before is back; never forgiven."""
    broken = nodeids(found.regressions)
    return answer(
        "G1",
        "regression tests",
        "block" if broken else "ok",
        str(len(broken)),
        threshold="0",
        n=len(broken),
        tests=broken,
        advice=f"a bug that was known before is back: fix the code, not the test; see it with: {reproduce(broken)}",
    )


def new_failures(run: RunRecord, found: Sorted) -> RuleResult:
    """G2: what fails after healing and did not fail on the base; without a baseline every failure is new."""
    new = nodeids(found.new)
    count = len(new) + found.unseen
    advice = f"reproduce with: {reproduce(new)}" if new else "see the run's own output"
    if new and found.unseen:
        advice += f"; {found.unseen} more failures were counted and not recorded"
    return answer(
        "G2",
        "new failures",
        "block" if count else "ok",
        str(count),
        threshold="0",
        n=executed(run),
        tests=new,
        advice=advice,
    )


def failures_of_the_base(found: Sorted, evidence: Evidence) -> RuleResult:
    """G3: the same test with the same error failed on the base already."""
    runs = evidence.baseline.runs
    if not runs:
        return answer("G3", "failures of the base", "neutral", "no baseline: every failure counts as new")
    known = nodeids(found.known)
    return answer(
        "G3",
        "failures of the base",
        "warn" if known else "ok",
        str(len(known)),
        threshold="0",
        n=runs,
        tests=known,
        advice="not of this change: they fail on the base branch in the same way; fix them there",
    )


def known_flaky(found: Sorted, evidence: Evidence) -> RuleResult:
    """G4: tests that are known to pass and fail on one commit, and that this change left alone."""
    baseline, policy = evidence.baseline, evidence.policy
    window = f"{policy.flaky_days:g} days, {policy.flaky_min_runs} runs"
    if baseline.flaky_runs < policy.flaky_min_runs:
        value = f"insufficient data (n={baseline.flaky_runs} < {policy.flaky_min_runs})"
        return answer("G4", "known flaky", "neutral", value, threshold=window, n=baseline.flaky_runs)
    flaky = nodeids(found.flaky)
    return answer(
        "G4",
        "known flaky",
        policy.known_flaky if flaky else "ok",
        str(len(flaky)),
        threshold=window,
        n=baseline.flaky_runs,
        tests=flaky,
        advice="these tests fail now and then without any change: make them reliable",
    )
