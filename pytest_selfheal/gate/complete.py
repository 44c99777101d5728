"""Whether the run can be judged at all: G0 a complete run of this commit, G9 no breakdown of everything at once.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_selfheal.gate.answers import answer
from pytest_selfheal.gate.answers import nodeids
from pytest_selfheal.gate.matching import error_class
from pytest_selfheal.gate.matching import test_key
from pytest_selfheal.model.words import Outcome

if TYPE_CHECKING:
    from pytest_selfheal.gate.evidence import Evidence
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import RuleResult
    from pytest_selfheal.model import RunRecord

_FINISHED = (0, 1)
"""pytest's exit statuses of a run that executed its tests (passed, some failed)."""
_MASS_SHARE = 0.8
_MASS_MINIMUM = 10
"""More than this share of at least so many tests with one error is a breakdown (design, section 4)."""
_SHORT = 10


def executed(run: RunRecord) -> int:
    """Return how many tests ran to an outcome; skipped and expectedly failing ones did not."""
    return run.passed + run.failed + run.errors


def complete_run(run: RunRecord, evidence: Evidence) -> RuleResult:
    """G0: what did not run to its end, or only in part, or elsewhere, proves nothing."""
    problems = [*_unfinished(run, evidence), *evidence.standing.problems]
    if run.lost_workers:
        problems.append(f"{run.lost_workers} worker(s) lost")
    if run.lost_records:
        problems.append(f"{run.lost_records} record(s) could not be stored")
    problems.extend(evidence.degraded)
    doubts: list[str] = []
    for found, severity in (
        (_selection(run, evidence), evidence.policy.selection),
        (_elsewhere(run, evidence), "block" if evidence.standing.in_ci else "warn"),
    ):
        if found:
            (problems if severity == "block" else doubts).append(found)
    verdict = "block" if problems else "warn" if doubts else "ok"
    fine = f"{executed(run)} tests executed"
    if run.deselected and not run.selection:
        fine += f", {run.deselected} deselected by the project's own settings"
    return answer(
        "G0",
        "complete run",
        verdict,
        "; ".join([*problems, *doubts]) or fine,
        n=executed(run),
        advice="run the whole suite at this commit, and repair the run itself before its tests are judged",
    )


def _unfinished(run: RunRecord, evidence: Evidence) -> list[str]:
    standing = evidence.standing
    problems: list[str] = []
    if standing.unstarted:
        problems.append(standing.unstarted)
    if not run.complete:
        problems.append("the run did not finish")
    elif run.exit_status not in (*_FINISHED, -1):
        problems.append(f"pytest ended with exit status {run.exit_status}")
    if run.stopped:
        problems.append(f"the run left out tests: {run.stopped}")
    if run.complete and not executed(run):
        problems.append("no test was executed")
    if standing.pytest_exit is not None:
        problems += _contradiction(run, evidence, standing.pytest_exit)
    if standing.expected_shards and standing.found_shards != standing.expected_shards:
        problems.append(f"{standing.found_shards} of {standing.expected_shards} shards found")
    return problems


def _contradiction(run: RunRecord, evidence: Evidence, seen: int) -> list[str]:
    """Return what the exit status that the shell saw says against the newest recorded run."""
    if seen not in _FINISHED:
        return [f"pytest ended with exit status {seen}"]
    if run.exit_status == -1:
        silent = seen and not run.failed + run.errors
        return [f"the runner ended with exit status {seen}, its results show no failure"] if silent else []
    healed_fails = seen == 1 and run.healed  # `fail_on_healed`
    fix_passes = seen == 0 and any(event.action == "fix" for event in evidence.events)  # `accept_fixes`
    if seen == run.exit_status or run.exit_status not in _FINISHED or healed_fails or fix_passes:
        return []
    return [f"pytest ended with exit status {seen}, the newest recorded run with {run.exit_status}: it is another run"]


def _selection(run: RunRecord, evidence: Evidence) -> str:
    if not run.selection or evidence.standing.expected_shards > 1:
        return ""  # each shard is a selection; together they are checked by their number
    shown = ", ".join(run.selection[:3])
    ran = run.collected - run.deselected
    counts = (
        f"{ran} of {run.collected} collected, {run.deselected} deselected" if run.deselected else f"{ran} collected"
    )
    return f"only a part of the tests was asked for ({counts}: {shown})"


def _elsewhere(run: RunRecord, evidence: Evidence) -> str:
    head = evidence.standing.head
    if not head or not run.commit or run.commit == head:
        return ""
    return f"the run is of commit {run.commit[:_SHORT]}, checked out is {head[:_SHORT]}"


def infrastructure(run: RunRecord, failures: tuple[FailureRecord, ...]) -> RuleResult:
    """G9: more than 80 % of at least ten tests with one error is an outage, not a change; the run teaches nothing."""
    groups: dict[str, dict[str, FailureRecord]] = defaultdict(dict)
    for record in failures:
        if record.outcome is not Outcome.HEALED:
            groups[_error_key(record)].setdefault(test_key(record.nodeid), record)
    n = executed(run)
    worst = max(groups.values(), key=len, default={})
    share = len(worst) / n if n else 0.0
    limit = f"over {_MASS_SHARE:.0%}"
    if n < _MASS_MINIMUM:
        return answer(
            "G9", "infrastructure", "neutral", f"insufficient data (n={n} < {_MASS_MINIMUM})", threshold=limit, n=n
        )
    broken = share > _MASS_SHARE
    return answer(
        "G9",
        "infrastructure",
        "block" if broken else "ok",
        f"{share:.1%} with one error ({len(worst)}/{n})",
        threshold=limit,
        n=n,
        tests=nodeids(worst.values()) if broken else (),
        advice="one cause broke nearly everything: look at the environment, then run again; nothing is learned from "
        "this run",
    )


def _error_key(record: FailureRecord) -> str:
    return record.signature or f"{error_class(record.error_type)}|{record.error_message.partition(chr(10))[0]}"
